"""What arrived while look-backs were judged: whole batches, and the events in them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from engine.portions import portions
from events.models import Batch
from events.store import StoredEvent, read_batches

# A request is stamped when it arrives and committed later: so long ago, everything that was to come has come.
LATE = timedelta(minutes=5)
_BATCHES = 20


def arrived_since(moment: datetime) -> list[Batch]:
    """The batches that were stamped with this moment or later, the oldest first.

    Halves of a batch stand for events of one that is told of already. One query.
    """
    whole = Batch.objects.filter(ingested_at__gte=moment, parent_id=None)
    return list(
        whole.only("id", "team_id", "ingested_at", "days", "events", "first", "last", "parent_id").order_by(
            "ingested_at"
        )
    )


def events_of(batches: Iterable[Batch]) -> Iterator[StoredEvent]:
    """The events of batches, some batches at a time."""
    for some in portions(batches, _BATCHES):
        for events in read_batches(some).values():
            yield from events
