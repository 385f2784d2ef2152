"""Every figure of the page as rows of a file: one figure a row, with what it is about and of how many it speaks."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from alerts.models import Severity
from cases.overview.closings import Closings
from cases.overview.figures import Figures
from cases.overview.times import Took

HEAD = ("figure", "dimension", "value", "unit", "n", "from", "to", "team", "computed_at")
Row = tuple[str, str, Any, str, Any, datetime | None, datetime]


def rows_of(figures: Figures, *, teams: str, computed_at: datetime) -> Iterator[Sequence[Any]]:
    """The rows below HEAD. A figure of one instant has no `from`; `n` is what a share or a median is taken of."""
    for row in _figures(figures):
        yield (*row, teams, computed_at)


def _figures(figures: Figures) -> Iterator[Row]:
    yield from _waiting(figures)
    yield from _range(figures)
    yield from _over_time(figures)
    yield from _lists(figures)


def _waiting(figures: Figures) -> Iterator[Row]:
    at, waiting = figures.period.at, figures.waiting
    yield "open alerts", "", waiting.open, "alerts", None, None, at
    yield "open alerts past target", "", waiting.past_target, "alerts", waiting.open, None, at
    yield "open alerts without owner", "", waiting.unowned, "alerts", waiting.open, None, at
    for level, span in sorted(waiting.targets.items(), reverse=True):
        yield "target", _word(level), span.total_seconds(), "seconds", None, None, at
    for group in waiting.groups:
        older = f"older than {group.older_than.total_seconds():.0f} s"
        about = f"{_word(group.severity)}, {older}"
        if group.up_to is not None:
            about += f", up to {group.up_to.total_seconds():.0f} s"
        yield "open alerts by age", about, group.alerts, "alerts", waiting.open, None, at
        yield "open alerts past target by age", about, group.past_target, "alerts", group.alerts, None, at
    instants = {one.at: one for one in [*figures.backlog, *figures.lately, figures.a_week_ago]}  # they share some
    for _, one in sorted(instants.items()):
        yield "backlog", one.at.isoformat(), one.open, "alerts", None, None, one.at
        yield "backlog past target", one.at.isoformat(), one.past_target, "alerts", one.open, None, one.at


def _range(figures: Figures) -> Iterator[Row]:
    start, at = figures.period.start, figures.period.at
    yield "opened", "", figures.opened, "alerts", None, start, at
    yield from _closings("closed", "", figures.closings, start, at)
    yield from _took("time to detect", figures.detect, start, at)
    yield from _took("time to acknowledge", figures.acknowledge, start, at)
    yield from _took("time to resolve", figures.resolve, start, at)


def _over_time(figures: Figures) -> Iterator[Row]:
    unit = "week" if figures.period.columns_are_weeks else "day"
    for column in figures.columns:
        window = column.window
        yield (
            f"opened per {unit}",
            window.start.date().isoformat(),
            column.opened,
            "alerts",
            None,
            window.start,
            window.end,
        )
        yield (
            f"closed per {unit}",
            window.start.date().isoformat(),
            column.closed,
            "alerts",
            None,
            window.start,
            window.end,
        )
    for week in figures.weeks:
        start, end = week.window.start, week.window.end
        yield from _took("weekly time to acknowledge", week.acknowledge, start, end)
        yield from _took("weekly time to resolve", week.resolve, start, end)
        yield from _closings("weekly closed", "", week.closings, start, end)


def _lists(figures: Figures) -> Iterator[Row]:
    start, at, judged = figures.period.start, figures.period.at, figures.judged
    for rule_id, number in sorted(figures.opened_by_rule.items()):
        yield "opened by rule", rule_id, number, "alerts", figures.opened, start, at
    for rule_id, closings in sorted(figures.judged_by_rule.items()):
        yield from _closings("closed by rule", f"{rule_id}, ", closings, judged.start, judged.end)
    for rule_id, faults in sorted(figures.faults_by_rule.items()):
        told = (("rule logic", faults.rule_logic), ("data wrong", faults.data_wrong), ("not said", faults.unsaid))
        for name, number in told if faults.total else ():
            about = f"{rule_id}, {name}"
            yield "false positives by rule", about, number, "alerts", faults.total, judged.start, judged.end
    for place, rule in enumerate(figures.tuning, 1):
        yield "worth tuning", rule.name, place, "place", rule.closings.verdicts, start, at
    yield "cases in progress", "", figures.cases.open, "cases", None, None, at
    yield "cases overdue", "", figures.cases.overdue, "cases", figures.cases.open, None, at
    for case in figures.cases.shown:
        yield "case in progress", f"CASE-{case.id} {case.title}", case.alerts, "alerts", None, None, at
    for rule_id, name in figures.quarantined:
        yield "rule in quarantine", f"{rule_id} {name}", 1, "rules", None, None, at


def _closings(figure: str, about: str, closings: Closings, start: datetime, end: datetime) -> Iterator[Row]:
    counts = (
        ("true positive", closings.true_positive),
        ("benign positive", closings.benign),
        ("false positive", closings.false_positive),
        ("duplicate", closings.duplicate),
        ("other", closings.other),
        ("by an exception", closings.by_exception),
    )
    for name, number in counts:
        yield figure, f"{about}{name}", number, "alerts", closings.total, start, end
    if closings.in_vain is not None:
        share = round(closings.in_vain, 4)
        yield f"{figure}, false or benign", about.rstrip(", "), share, "share", closings.verdicts, start, end


def _took(figure: str, took: Took, start: datetime, end: datetime) -> Iterator[Row]:
    for name, value in (("median", took.median), ("90th percentile", took.ninetieth)):
        yield figure, name, None if value is None else round(value, 3), "seconds", took.n, start, end


def _word(severity: int) -> str:
    return str(Severity(severity).label)
