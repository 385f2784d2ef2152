"""What an exception held back, as a person reads it: a sentence an event, newest first, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.models import AlertEvent
from alerts.selectors.deeds import deed_of
from alerts.selectors.shapes import Part
from events import store
from events.store import EventRef
from rules.models import ExceptionItem, HeldBack

SHOWN = 25


@dataclass(frozen=True, slots=True)
class HeldSample:
    """One event that was held back. Without `deed` it has left storage; `alert_id` is an alert of another rule that
    rests on it."""

    ref: EventRef
    time: datetime
    at: datetime
    deed: tuple[Part, ...]
    alert_id: int | None


def held_samples(item: ExceptionItem, team_ids: Sequence[int]) -> list[HeldSample]:
    """The newest events that it held back in these teams. Four queries."""
    rows = list(HeldBack.objects.filter(item=item, team_id__in=team_ids).order_by("-at", "-pk")[:SHOWN])
    refs = [EventRef(row.team_id, row.day, row.index, bytes(row.uid)) for row in rows]
    stored, alerts = store.get_many(refs), _alerts_on(refs, team_ids)
    return [
        HeldSample(
            ref,
            row.time,
            row.at,
            deed_of(stored[ref].document()) if ref in stored else (),
            alerts.get(ref.uid),
        )
        for row, ref in zip(rows, refs, strict=True)
    ]


def _alerts_on(refs: Sequence[EventRef], team_ids: Sequence[int]) -> dict[bytes, int]:
    """The newest alert that rests on each event, by the event's uid."""
    rests = AlertEvent.objects.filter(uid__in=[ref.uid for ref in refs], alert__team_id__in=team_ids)
    return {bytes(uid): alert_id for uid, alert_id in rests.order_by("alert_id").values_list("uid", "alert_id")}
