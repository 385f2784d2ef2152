"""Letting go of what raising needs no more: hits counted at alerts, once their events are gone, and old counters."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import suppressing
from alerts.models import SignalCount
from events.partitions import oldest_day

COUNTERS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were dropped."""

    suppressed_hits: int
    counters: int


def forget_old(now: datetime) -> Forgotten:
    """Drop counted hits whose events are stored no longer, and counters of intervals 90 days ago.

    Counters stay as long as events that may still be raised in their intervals, should that be longer.
    """
    stored_since = oldest_day(now) - timedelta(days=1)
    counters = SignalCount.objects.filter(bucket__lt=now - COUNTERS_KEPT, bucket__date__lt=stored_since)
    return Forgotten(suppressing.forget(before=stored_since), counters.delete()[0])
