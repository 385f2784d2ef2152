"""The page's charts and their tables: the same numbers twice, once to see and once to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from alerts.models import Severity
from cases.overview.figures import Figures
from cases.overview.flow import Flow
from cases.overview.waiting import Group, Waiting
from cases.overview.words import alerts_word, course, day, span_text, within
from soc.web import charts, plots

_WORST_FIRST = tuple(reversed(Severity.values))
_MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, and the same as a table: a heading per column, and rows whose first cell is a heading too."""

    chart: SafeString
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def severity_word(severity: int) -> str:
    """ "critical", "high", …"""
    return str(Severity(severity).label)


# ---------- open alerts by age ----------


def ageing(waiting: Waiting) -> Drawn:
    """Bars by age; the edges between them are ages that matter, so each target lies exactly on one."""
    ages = list(zip((timedelta(), *waiting.steps), (*waiting.steps, None), strict=True))
    bars, rows = [], []
    for older, up_to in ages:
        groups = {group.severity: group for group in waiting.groups if group.older_than == older}
        segments = [_segment(groups[level], older, up_to) for level in _WORST_FIRST if level in groups]
        bars.append(plots.Bar(age_label(older, up_to), segments, _targets_at(up_to, waiting)))
        counts = [groups[level].alerts if level in groups else 0 for level in _WORST_FIRST]
        late = sum(group.past_target for group in groups.values())
        rows.append([age_label(older, up_to), *(f"{number:,}" for number in (*counts, sum(counts), late))])
    said = _("%(alerts)s open by age and severity, %(late)s past their target") % {
        "alerts": alerts_word(waiting.open),
        "late": waiting.past_target,
    }
    head = [_("Age"), *(severity_word(level).capitalize() for level in _WORST_FIRST), _("All"), _("Past target")]
    return Drawn(plots.stacked_bars(bars, summary=said), head, rows)


def _segment(group: Group, older: timedelta, up_to: timedelta | None) -> plots.Segment:
    word = severity_word(group.severity)
    said = f"{group.alerts} {word}, {age_label(older, up_to)}"
    if group.past_target:
        said += ", " + _("%(n)s past target") % {"n": group.past_target}
    return plots.Segment(word, group.alerts, said, late=bool(group.past_target))


def age_label(older: timedelta, up_to: timedelta | None) -> str:
    """ "under 1 h", "1 – 4 h", "over 3 d"."""
    if up_to is None:
        return _("over %(age)s") % {"age": within(older)}
    if not older:
        return _("under %(age)s") % {"age": within(up_to)}
    first, second = within(older).split(), within(up_to).split()
    same_unit = len(first) == len(second) == 2 and first[1] == second[1]
    return f"{first[0] if same_unit else ' '.join(first)} – {' '.join(second)}"


def _targets_at(age: timedelta | None, waiting: Waiting) -> str:
    levels = [level for level in _WORST_FIRST if waiting.targets.get(level) == age]
    if age is None or not levels:
        return ""
    return _("target %(severities)s") % {"severities": ", ".join(severity_word(level) for level in levels)}


# ---------- opened and closed ----------


def came_and_went(columns: Sequence[Flow], weeks: bool) -> Drawn:
    """Paired columns per day, or per week."""
    every = max(-(-len(columns) // _MOST_TICKS), 1)
    labels = [_column_label(column, weeks) for column in columns]
    pairs = [
        plots.Pair(
            column.opened,
            column.closed,
            _("%(day)s: %(opened)s opened, %(closed)s closed")
            % {"day": label, "opened": column.opened, "closed": column.closed},
            day(column.window.end if weeks else column.window.start) if (len(columns) - 1 - n) % every == 0 else "",
        )
        for n, (column, label) in enumerate(zip(columns, labels, strict=True))
    ]
    most = max((max(column.opened, column.closed) for column in columns), default=0)
    what = _("Alerts opened and closed per week") if weeks else _("Alerts opened and closed per day")
    said = f"{what}, {labels[0]} {_('to')} {labels[-1]}" if labels else what
    chart = plots.paired_columns(pairs, ticks=plots.count_ticks(most), summary=said)
    rows = [[label, f"{column.opened:,}", f"{column.closed:,}"] for label, column in zip(labels, columns, strict=True)]
    return Drawn(chart, [_("Week to") if weeks else _("Day"), _("Opened"), _("Closed")], rows)


def _column_label(column: Flow, weeks: bool) -> str:
    return day(column.window.end) if weeks else f"{localtime(column.window.start):%a %-d %b}"


# ---------- times, week by week ----------


def median_times(figures: Figures) -> Drawn:
    """Two lines of weekly medians with their names at the end."""
    weeks = figures.weeks
    drawn = [
        _line("ink", [week.resolve.median for week in weeks], _("Resolve")),
        _line("accent", [week.acknowledge.median for week in weeks], _("Acknowledge")),
    ]
    known = [value for line in drawn for value in line.values if value is not None]
    below = [(n, day(weeks[n].window.end)) for n in range(1, len(weeks), 5)]
    said = "; ".join(f"{line.name}: {line.note}" for line in drawn)
    chart = plots.lines(
        drawn,
        ticks=plots.time_ticks(max(known, default=3_600)),
        below=below,
        summary=_("Median times of twelve weeks. %(said)s") % {"said": said},
    )
    rows = [
        [day(week.window.end), *(cell for took in (week.acknowledge, week.resolve)
                                 for cell in (span_text(took.median), span_text(took.ninetieth), f"{took.n:,}"))]
        for week in weeks
    ]  # fmt: skip
    head = [
        _("Week to"), _("Acknowledge, median"), _("90th percentile"), _("alerts"),
        _("Resolve, median"), _("90th percentile"), _("alerts"),
    ]  # fmt: skip
    return Drawn(chart, head, rows)


def _line(tone: str, values: list[float | None], name: str) -> plots.Line:
    last = span_text(values[-1])
    how = course(values)
    return plots.Line(tone, values, name, f"{last}, {how}" if how and len(how) < 10 else last)


# ---------- small lines beside the numbers ----------


def small_line(values: Sequence[float | None], summary: str) -> SafeString:
    """The known values as a line; one alone says nothing."""
    known = [value for value in values if value is not None]
    return charts.sparkline(known, summary=summary) if len(known) > 1 else SafeString("")


def moments(values: Sequence[tuple[datetime, int]], what: str) -> str:
    """The small line in words: "open alerts, 14 Nov to 21 Nov: 57, 54, 61"."""
    numbers = ", ".join(f"{number:,}" for _at, number in values)
    return f"{what}, {day(values[0][0])} {_('to')} {day(values[-1][0])}: {numbers}"
