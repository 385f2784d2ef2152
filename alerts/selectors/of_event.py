"""An event that a page names, and the alerts that rest on it: those that it caused, or the one that it tells of."""

import re
from collections.abc import Sequence
from datetime import date

from django.db.models import Q
from django.utils.dateparse import parse_date

from alerts.models import Alert, AlertEvent
from events import store
from events.stored import StoredEvent

MOST = 5
_UID = re.compile(r"[0-9a-f]{32}")


def uid_in(text: str) -> bytes | None:
    """The uid that an address names; None for what is none."""
    return bytes.fromhex(text) if _UID.fullmatch(text) else None


def day_in(text: str) -> date | None:
    """The day that an address names; None for what is no day of the calendar."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def event_in(uid: str, day: str, team_ids: Sequence[int]) -> StoredEvent | None:
    """The event that an address names; None when it is not stored, or of none of these teams. At most two look-ups."""
    named = uid_in(uid)
    return store.get(team_ids=team_ids, uid=named, day=day_in(day)) if named else None


def alerts_of_event(uid: bytes, day: date | None, team_ids: Sequence[int]) -> list[Alert]:
    """At most MOST + 1 of them, the newest first; building blocks come last. Two queries by index."""
    resting = AlertEvent.objects.filter(uid=uid, alert__team_id__in=list(team_ids))
    if day is not None:
        resting = resting.filter(day=day)
    ids = list(resting.order_by("-alert_id").values_list("alert_id", flat=True)[: 4 * MOST])
    found = Alert.objects.filter(Q(pk__in=ids) | Q(identity=uid), team_id__in=list(team_ids))
    return list(found.order_by("building_block", "-pk")[: MOST + 1])
