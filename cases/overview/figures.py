"""All figures of the overview, for the teams and the period that a person chose: one way for now and for the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from alerts.selectors import Faults
from cases.overview.backlog import Backlog, backlog_at
from cases.overview.broken import quarantined_at
from cases.overview.casework import Casework, cases_at
from cases.overview.closings import Closings, closings, closings_by_rule
from cases.overview.faults import faults_by_rule
from cases.overview.flow import Flow, flow, opened_by_rule
from cases.overview.period import DAY, WEEK, Period
from cases.overview.sql import one_moment
from cases.overview.states import Then, alerts_at
from cases.overview.targets import targets_at
from cases.overview.times import Took, acknowledge, detect
from cases.overview.tuning import NoisyRule, worth_tuning
from cases.overview.waiting import Waiting, waiting_at
from cases.overview.windows import Window, windows_between

_DAYS_OF_GROWTH = 3
VERDICTS_OF = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Week:
    """A week's times and closings."""

    window: Window
    acknowledge: Took
    resolve: Took
    closings: Closings


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page, the file and the headline speak of."""

    period: Period
    waiting: Waiting
    backlog: list[Backlog]  # the moments of the small lines
    a_week_ago: Backlog
    lately: list[Backlog]  # three days ago, two, one, and the instant
    opened_by_rule: dict[str, int]  # in the range
    closings: Closings  # in the range
    detect: Took
    acknowledge: Took
    resolve: Took
    columns: list[Flow]  # per day, or per week
    weeks: list[Week]  # twelve, oldest first
    judged: Window  # of which time the verdicts of the rules are
    judged_by_rule: dict[str, Closings]
    faults_by_rule: dict[str, Faults]
    tuning: list[NoisyRule]
    cases: Casework
    quarantined: list[tuple[str, str]]

    @property
    def opened(self) -> int:
        """How many alerts were opened in the range."""
        return sum(self.opened_by_rule.values())

    @property
    def growing(self) -> bool:
        """Whether more alerts were open each day than the day before, for three days."""
        return all(before.open < after.open for before, after in pairwise(self.lately))


def figures(*, team_ids: Sequence[int], period: Period) -> Figures:
    """Compute everything, as of one moment of the data. About sixteen queries, each over narrow indexes."""
    with one_moment():
        return _figures(team_ids, period)


def _figures(team_ids: Sequence[int], period: Period) -> Figures:
    then = alerts_at(period.at, team_ids)
    instants = sorted({*period.instants, period.at - WEEK, *_lately(period)})
    targets = targets_at(instants)
    backlog = dict(zip(instants, backlog_at(instants, targets, team_ids), strict=True))
    whole, judged = Window(period.start, period.at), Window(min(period.start, period.at - VERDICTS_OF), period.at)
    weeks, in_range = _weeks(then, period, whole)
    opened, judged_by_rule = opened_by_rule(then, whole), closings_by_rule(then, judged)
    faults = faults_by_rule(then, judged, judged_by_rule)
    return Figures(
        period=period,
        waiting=waiting_at(then, targets[-1]),
        backlog=[backlog[instant] for instant in period.instants],
        a_week_ago=backlog[period.at - WEEK],
        lately=[backlog[instant] for instant in _lately(period)],
        opened_by_rule=opened,
        closings=in_range.closings,
        detect=detect(then, [whole])[0],
        acknowledge=in_range.acknowledge,
        resolve=in_range.resolve,
        columns=flow(then, windows_between(period.column_edges)),
        weeks=weeks,
        judged=judged,
        judged_by_rule=judged_by_rule,
        faults_by_rule=faults,
        tuning=worth_tuning(opened, judged_by_rule, faults),
        cases=cases_at(period.at, team_ids),
        quarantined=quarantined_at(period.at, team_ids),
    )


def _weeks(then: Then, period: Period, whole: Window) -> tuple[list[Week], Week]:
    """The twelve weeks, and the range as if it were one: often it is the last of them, and then read once."""
    windows = windows_between(period.week_edges)
    if whole not in windows:
        windows.append(whole)
    taken = zip(windows, acknowledge(then, windows), closings(then, windows), strict=True)
    found = [Week(window, acknowledged, resolved, closed) for window, acknowledged, (closed, resolved) in taken]
    return found[: len(period.week_edges) - 1], found[windows.index(whole)]


def _lately(period: Period) -> list[datetime]:
    return [period.at - DAY * back for back in range(_DAYS_OF_GROWTH, -1, -1)]
