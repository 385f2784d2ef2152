"""All figures of the overview, for the teams and the period that a person chose: one way to them for now and the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cases.overview.backlog import Backlog, backlog_at
from cases.overview.broken import quarantined_at
from cases.overview.casework import Casework, cases_at
from cases.overview.flow import Flow, flow
from cases.overview.period import WEEK, Period
from cases.overview.sql import one_moment
from cases.overview.states import alerts_at
from cases.overview.targets import targets_at
from cases.overview.times import Times, times
from cases.overview.tuning import NoisyRule, worth_tuning
from cases.overview.waiting import Waiting, waiting_at

_DAYS_OF_GROWTH = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page, the file and the headline speak of."""

    period: Period
    waiting: Waiting
    backlog: list[Backlog]  # the moments of the small lines
    a_week_ago: Backlog
    lately: list[Backlog]  # three days ago, two, one, and the instant
    flow: Flow
    times: Times
    tuning: list[NoisyRule]
    cases: Casework
    quarantined: list[tuple[str, str]]

    @property
    def growing(self) -> bool:
        """Whether more alerts were open each day than the day before, for three days."""
        return all(before.open < after.open for before, after in zip(self.lately, self.lately[1:], strict=False))


def figures(*, team_ids: Sequence[int], period: Period) -> Figures:
    """Compute everything, as of one moment of the data. About twenty queries, each over narrow indexes."""
    with one_moment():
        return _figures(team_ids, period)


def _figures(team_ids: Sequence[int], period: Period) -> Figures:
    lately = [period.at - timedelta(days=back) for back in range(_DAYS_OF_GROWTH, -1, -1)]
    instants = sorted({*period.instants, period.at - WEEK, *lately})
    targets = targets_at(instants)
    backlog = dict(zip(instants, backlog_at(instants, targets, team_ids), strict=True))
    then = alerts_at(period.at, team_ids)
    went = flow(then, period)
    return Figures(
        period=period,
        waiting=waiting_at(then, targets[-1]),
        backlog=[backlog[instant] for instant in period.instants],
        a_week_ago=backlog[period.at - WEEK],
        lately=[backlog[instant] for instant in lately],
        flow=went,
        times=times(then, period),
        tuning=worth_tuning(went),
        cases=cases_at(period.at, team_ids),
        quarantined=quarantined_at(period.at, team_ids),
    )
