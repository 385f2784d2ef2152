"""Letting go of what no rule needs any more: sightings beyond every history, and old lines of runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rules import ruleset, schedule, seen
from rules.models import RuleRun

RUNS_KEPT = timedelta(days=90)
# A sighting is asked for by events as old as the store may still accept or a look-back may still judge.
MARGIN = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were dropped."""

    sightings: int
    runs: int


def forget_old(now: datetime) -> Forgotten:
    """Drop what lies beyond the longest history of the rules in force, and runs older than 90 days.

    A rule that is switched on later learns its history from the stored events, so nothing is lost by it.
    """
    histories = [schedule.history(rule.definition) for rule in ruleset.current().rules.values()]
    longest = max((length for length in histories if length), default=timedelta())
    sightings = seen.forget_before(now.date(), longest_history=longest + MARGIN)
    runs, _ = RuleRun.objects.filter(at__lt=now - RUNS_KEPT).delete()
    return Forgotten(sightings, runs)
