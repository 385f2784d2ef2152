"""Letting go of what no rule needs any more: sightings beyond every history, old lines of runs and old look-backs, what
groups counted of events that are gone, and candidates of rules that are off (those of rules in force go as they are
settled, alerts/settling.py)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import Exists, OuterRef

from events.partitions import oldest_day
from rules import candidates, marks, ruleset, schedule, seen
from rules.models import Lookback, RuleRun
from rules.value_lists import former, restoring

RUNS_KEPT = timedelta(days=90)
# A sighting is asked for by events as old as the store may still accept or a look-back may still judge.
MARGIN = timedelta(days=31)
# A rule that comes back looks back; what it had kept is of use only when it is back at once.
OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were dropped."""

    sightings: int
    runs: int
    candidate_blocks: int = 0
    marks: int = 0
    lookbacks: int = 0


def forget_old(now: datetime) -> Forgotten:
    """Drop what lies beyond the longest history of the rules in force, and what is older than 90 days of their runs.

    A rule that is switched on later learns its history from the stored events, so nothing is lost by it.
    """
    histories = [schedule.history(rule.definition) for rule in ruleset.current().rules.values()]
    longest = max((length for length in histories if length), default=timedelta())
    sightings = seen.forget_before(now.date(), longest_history=longest + MARGIN)
    runs, _ = RuleRun.objects.filter(at__lt=now - RUNS_KEPT).delete()
    blocks = candidates.forget_of_others(list(ruleset.current().rules), before=now - OFF)
    former.forget(now)
    restoring.forget(now)
    stored_since = datetime.combine(oldest_day(now), time(), UTC) - timedelta(days=1)
    return Forgotten(sightings, runs, blocks, marks.forget(before=stored_since), _forget_lookbacks(now))


def _forget_lookbacks(now: datetime) -> int:
    """Drop look-backs that were done 90 days ago; each rule's newest stays, which says since when it judges."""
    newer = Lookback.objects.filter(rule=OuterRef("rule"), pk__gt=OuterRef("pk"))
    return Lookback.objects.filter(Exists(newer), done_at__lt=now - RUNS_KEPT).delete()[0]
