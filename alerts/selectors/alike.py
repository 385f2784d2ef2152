"""The open alerts that say the same as one: folded with it in the queue."""

from dataclasses import dataclass
from datetime import datetime

from alerts.models import Alert
from soc.web.counts import Count

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Alike:
    """How many other open alerts say the same, since when, and the fold's key as addresses write it."""

    number: Count
    since: datetime
    key: str


def alike(alert: Alert, number: int, since: datetime | None) -> Alike | None:
    """Of so many others, counted to one more than MOST; None where there are none."""
    if alert.fold is None or since is None:
        return None
    return Alike(Count(min(number, MOST), number > MOST), since, bytes(alert.fold).hex())
