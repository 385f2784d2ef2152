"""The event that an address names, by its uid and, so that one index suffices, its day."""

import re
from collections.abc import Sequence
from datetime import date

from django.utils.dateparse import parse_date

from events import store
from events.stored import StoredEvent

_UID = re.compile(r"[0-9a-f]{32}")


def uid_in(text: str) -> bytes | None:
    """The uid that a text is; None for what is none. bytes.fromhex alone would pass over white space."""
    return bytes.fromhex(text) if _UID.fullmatch(text) else None


def day_in(text: str) -> date | None:
    """The day that a text is; None for what is no day of the calendar."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def event_in(uid: str, day: str, team_ids: Sequence[int]) -> StoredEvent | None:
    """The event; None when it is not stored, or of none of these teams. At most two look-ups."""
    named = uid_in(uid)
    return store.get(team_ids=team_ids, uid=named, day=day_in(day)) if named else None
