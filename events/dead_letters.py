"""Events that were refused at the door, kept with the reason, so that whoever runs the agent can mend it.

They are kept whole, so that they can be sent again once the reason is gone, within what a key's day has room for; then
their first bytes, and in the end their number by reason.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from time import monotonic

from django.conf import settings
from django.db import connection

from accounts.models import ApiKey
from events.models import DeadLetter
from events.refused import Refused, host_of

__all__ = ["DeadLetter", "Refused", "bury"]

KEPT_FOR = timedelta(days=14)
KEPT_OF_A_REQUEST = 100
FIRST_BYTES = 4_096
BYTES_A_DAY = 64 * 1024 * 1024
LETTERS_A_DAY = 20_000
_LOOK_EVERY_SECONDS = 10.0
_MOST_KEYS = 1_000
_MORE = "{:,} more events of this request were refused for this reason."
_rooms: dict[tuple[str, datetime], "_Room"] = {}
_lock = threading.Lock()


@dataclass(slots=True)
class _Room:
    """What a key's day has left, as this process knows it: looked at every ten seconds, so about right."""

    size: int
    letters: int
    looked: float

    def take(self, length: int) -> int:
        """How many bytes of a letter of this length are kept."""
        self.letters -= 1
        too_large = length > settings.INGEST_MAX_EVENT_BYTES  # it would be refused again whatever else changes
        kept = min(length, FIRST_BYTES) if too_large or length > self.size else length
        self.size -= kept
        return kept


def bury(refused: Sequence[Refused], *, key: ApiKey, at: datetime) -> None:
    """Keep refused events: the first hundred of a request as letters of their own, the rest as a count by reason."""
    with _lock:
        room = _room(key, at)
        alone = refused[: max(min(KEPT_OF_A_REQUEST, room.letters), 0)]
        letters = [_letter(one, room, key, at) for one in alone]
    more = Counter(one.error.reason for one in refused[len(alone) :])
    letters += [_rest(reason, number, key, at) for reason, number in more.items()]
    DeadLetter.objects.bulk_create(letters)


def look_again() -> None:
    """Forget how much room was left."""
    _rooms.clear()


def _letter(one: Refused, room: _Room, key: ApiKey, at: datetime) -> DeadLetter:
    kept = room.take(len(one.line))
    return DeadLetter(
        team_id=key.team_id,
        api_key_id=key.pk,
        at=at,
        reason=one.error.reason,
        detail=one.error.detail,
        host=host_of(one.line),
        body=one.line[:kept],
        body_bytes=len(one.line),
        kept_bytes=kept,
    )


def _rest(reason: str, number: int, key: ApiKey, at: datetime) -> DeadLetter:
    return DeadLetter(
        team_id=key.team_id,
        api_key_id=key.pk,
        at=at,
        reason=reason,
        detail=_MORE.format(number),
        events=number,
        body=b"",
        body_bytes=0,
    )


def _room(key: ApiKey, at: datetime) -> _Room:
    day = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    room = _rooms.get((key.pk, day))
    if room is None or monotonic() - room.looked > _LOOK_EVERY_SECONDS:
        if len(_rooms) >= _MOST_KEYS:
            _rooms.clear()
        room = _rooms[key.pk, day] = _look(key, day)
    return room


def _look(key: ApiKey, day: datetime) -> _Room:
    """Costs one look at the index of the key's letters of the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(kept_bytes), 0), count(*) FROM events_deadletter "
            "WHERE api_key_id = %s AND at >= %s AND at < %s",
            [key.pk, day, day + timedelta(days=1)],
        )
        kept, letters = cursor.fetchone()
    return _Room(BYTES_A_DAY - int(kept), LETTERS_A_DAY - int(letters), monotonic())
