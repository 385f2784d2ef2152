"""Every figure of the product beside the same figure of the replay."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest

from alerts.models import Severity
from cases.overview.closings import Closings
from cases.overview.figures import Figures
from cases.overview.times import Took
from cases.overview.windows import Window
from tests.overview import replay
from tests.overview.replay import Replayed


def reasons(closings: Closings) -> Counter[str]:
    """The closings as a plain counter."""
    named = {
        "true_positive": closings.true_positive,
        "benign_positive": closings.benign,
        "false_positive": closings.false_positive,
        "duplicate": closings.duplicate,
        "other": closings.other,
        "exception": closings.by_exception,
    }
    return Counter({name: count for name, count in named.items() if count})


def took(value: Took) -> Any:
    """The product's time as the replay says it; the last digits of a float are nobody's business."""
    if value.median is None:
        return value.n, None, None
    return value.n, pytest.approx(value.median, abs=1e-3), pytest.approx(value.ninetieth, abs=1e-3)


def differences(found: Figures, team_ids: Sequence[int]) -> list[str]:
    """Name of each figure that the two roads do not agree on, with both values."""
    teams = list(team_ids)
    lives = replay.lives()
    pairs = dict(_pairs(found, teams, lives))
    return [f"{name}: product {ours!r}, replay {theirs!r}" for name, (ours, theirs) in pairs.items() if theirs != ours]


def _pairs(found: Figures, teams: list[int], lives: list[replay.Life]) -> list[tuple[str, tuple[Any, Any]]]:
    period = found.period
    start, at = period.start, period.at
    then = Replayed(at, teams, lives)
    return [
        *_waiting(found, then),
        *((f"backlog {one.at}", ((one.open, one.past_target), _backlog(one.at, teams, lives)))
          for one in [*found.backlog, *found.lately, found.a_week_ago]),
        ("opened", (found.opened, len(then.opened(start, at)))),
        ("closed", (reasons(found.closings), then.reasons(start, at))),
        *((f"column {one.window.start}", ((one.opened, one.closed), _flow(then, one.window))) for one in found.columns),
        ("detect", (took(found.detect), then.detect(start, at))),
        ("acknowledge", (took(found.acknowledge), then.acknowledge(start, at))),
        ("resolve", (took(found.resolve), then.resolve(start, at))),
        *_weeks(found, then),
        *_rules(found, then),
        *_cases(found, at, teams),
        ("quarantined", ({rule_id for rule_id, _ in found.quarantined}, replay.quarantined(at))),
        ("targets", (found.waiting.targets, replay.targets(at))),
    ]  # fmt: skip


def _waiting(found: Figures, then: Replayed) -> list[tuple[str, tuple[Any, Any]]]:
    waiting = found.waiting
    ages = Counter({(group.severity, group.older_than): group.alerts for group in waiting.groups})
    oldest = min((life.created_at for life, _ in then.open()), default=None)
    return [
        ("open", (waiting.open, len(then.open()))),
        ("past target", (waiting.past_target, len(then.past_target()))),
        ("oldest", (waiting.oldest_at, oldest)),
        ("by age", (ages, then.by_age())),
        *((f"unowned {level}", (waiting.of(level).unowned, then.unowned(level))) for level in Severity.values),
    ]


def _backlog(at: datetime, teams: list[int], lives: list[replay.Life]) -> tuple[int, int]:
    then = Replayed(at, teams, lives)
    return len(then.open()), len(then.past_target())


def _flow(then: Replayed, window: Window) -> tuple[int, int]:
    return len(then.opened(window.start, window.end)), len(then.closed(window.start, window.end))


def _weeks(found: Figures, then: Replayed) -> list[tuple[str, tuple[Any, Any]]]:
    pairs: list[tuple[str, tuple[Any, Any]]] = []
    for back, week in enumerate(reversed(found.weeks)):
        end = then.at - back * replay.WEEK
        start = end - replay.WEEK
        pairs.append((f"week {start}, acknowledge", (took(week.acknowledge), then.acknowledge(start, end))))
        pairs.append((f"week {start}, resolve", (took(week.resolve), then.resolve(start, end))))
        pairs.append((f"week {start}, closed", (reasons(week.closings), then.reasons(start, end))))
    return [*pairs, ("weeks", (len(found.weeks), 12))]


def _rules(found: Figures, then: Replayed) -> list[tuple[str, tuple[Any, Any]]]:
    period = found.period
    opened = Counter(life.rule_id for life, _ in then.opened(period.start, period.at))
    since = min(period.start, period.at - 30 * replay.DAY)
    judged, faults = then.by_rule(since, period.at), then.faults(since, period.at)
    told = {rule_id: Counter(asdict(one)) for rule_id, one in found.faults_by_rule.items() if one.total}
    shown = {one.rule_id: faults.get(one.rule_id, Counter()).total() for one in found.tuning}
    ours = {rule_id: reasons(closings) for rule_id, closings in found.judged_by_rule.items()}
    return [
        ("opened by rule", (Counter(found.opened_by_rule), opened)),
        ("judged by rule", (ours, judged)),
        ("faults by rule", (told, faults)),
        ("worth tuning", ([one.rule_id for one in found.tuning], replay.worth_tuning(opened, judged, faults))),
        ("faults shown", ({one.rule_id: one.faults.total for one in found.tuning}, shown)),
    ]


def _cases(found: Figures, at: datetime, teams: list[int]) -> list[tuple[str, tuple[Any, Any]]]:
    there = replay.cases(at, teams)
    due = {number: state["due_at"] and datetime.fromisoformat(state["due_at"]) for number, state in there.items()}
    overdue = sum(1 for n, moment in due.items() if moment and moment <= at and there[n]["status"] != "on_hold")
    pairs: list[tuple[str, tuple[Any, Any]]] = [
        ("cases", (found.cases.open, len(there))),
        ("cases overdue", (found.cases.overdue, overdue)),
    ]
    for one in found.cases.shown:
        ours = (one.title, one.severity, one.status, one.phase, one.owner and one.owner.pk, one.next_step, one.due_at)
        state = there.get(one.id, {})
        names = ("title", "severity", "status", "phase", "owner_id", "next_step")
        theirs = (*(state.get(name) for name in names), due.get(one.id))
        pairs.append((f"case {one.id}", ((*ours, one.alerts), (*theirs, state.get("alerts")))))
    return pairs
