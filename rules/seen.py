"""Which combinations of new-terms values have been seen, kept under the hash of the rule's logic, a row per day.

For one evaluating transaction: `lock` the logics it is about to judge, read what is known of its combinations
(`history`), ask and note event by event in order of time, and write what was noted last of all (`note`).
The logic hash, not the rule, is the key: an exception or a new guide does not wipe the memory.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import cast

from django.db import connection

from rules.models import SeenTerm

_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"  # in the order of the array
_UPSERT = """
INSERT INTO seen_term (logic_hash, team_id, terms_hash, day, first_at, last_at)
SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[], %s::date[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (logic_hash, team_id, terms_hash, day) DO UPDATE
SET first_at = least(seen_term.first_at, excluded.first_at), last_at = greatest(seen_term.last_at, excluded.last_at)
"""
_KNOWN = """
SELECT terms_hash, first_at, last_at FROM seen_term
WHERE logic_hash = %s AND team_id = %s AND terms_hash = ANY(%s::bytea[]) AND day BETWEEN %s AND %s
"""

Span = tuple[datetime, datetime]


class History:
    """What is known of some combinations of one rule logic and team, and what this pass adds to it.

    A day is remembered by its first and last sighting, so a history that begins and ends within one day and lies
    between the two is called unseen: rather an alert too many.
    """

    def __init__(self, logic_hash: bytes, team_id: int) -> None:
        self.logic_hash = logic_hash
        self.team_id = team_id
        self._spans: dict[bytes, dict[date, Span]] = defaultdict(dict)
        self._noted: set[tuple[bytes, date]] = set()

    def was_seen(self, terms_hash: bytes, *, at: datetime, start: datetime) -> bool:
        """Whether the combination is known from [start, at): the start of the rule's history up to the event."""
        spans = self._spans.get(terms_hash, {}).values()
        return any(start <= first < at or start <= last < at for first, last in spans)

    def note(self, terms_hash: bytes, at: datetime) -> None:
        """Remember that the combination occurred at `at`."""
        day = at.astimezone(UTC).date()
        self.widen(terms_hash, day, at, at)
        self._noted.add((terms_hash, day))

    def rows(self) -> list[tuple[bytes, int, bytes, date, datetime, datetime]]:
        """What this pass has noted, as rows of seen_term."""
        return [
            (self.logic_hash, self.team_id, terms_hash, day, *self._spans[terms_hash][day])
            for terms_hash, day in self._noted
        ]

    def widen(self, terms_hash: bytes, day: date, first: datetime, last: datetime) -> None:
        """Take in that the combination was seen on `day`, at `first` the earliest and `last` the latest."""
        known = self._spans[terms_hash].get(day, (first, last))
        self._spans[terms_hash][day] = (min(known[0], first), max(known[1], last))


def lock(logic_hashes: Iterable[bytes]) -> None:
    """Let only this transaction judge these logics' new terms until it ends; taken in key order, so none deadlock.

    One query, or none when there is nothing to lock.
    """
    keys = sorted({int.from_bytes(logic_hash[:8], "big", signed=True) for logic_hash in logic_hashes})
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [keys])


def history(
    *, logic_hash: bytes, team_id: int, terms_hashes: Sequence[bytes], start: datetime, end: datetime
) -> History:
    """What is known of these combinations from `start` (the earliest history of any event) to `end`. One query."""
    found = History(logic_hash, team_id)
    with connection.cursor() as cursor:
        days = (start.astimezone(UTC).date(), end.astimezone(UTC).date())
        cursor.execute(_KNOWN, [logic_hash, team_id, sorted(set(terms_hashes)), *days])
        for terms_hash, first, last in cursor.fetchall():
            found.widen(bytes(terms_hash), first.astimezone(UTC).date(), first, last)
    return found


def was_seen(
    *, logic_hash: bytes, team_id: int, terms_hashes: Sequence[bytes], at: datetime, history_start: datetime
) -> set[bytes]:
    """Those of the combinations that were seen in [history_start, at). For one event; a batch uses `history`."""
    known = history(logic_hash=logic_hash, team_id=team_id, terms_hashes=terms_hashes, start=history_start, end=at)
    return {terms for terms in terms_hashes if known.was_seen(terms, at=at, start=history_start)}


def note(histories: Iterable[History]) -> int:
    """Write what passes have noted, in key order, and return the number of rows. Last in the transaction."""
    merged: dict[tuple[bytes, int, bytes, date], Span] = {}
    for *key, first, last in (row for found in histories for row in found.rows()):
        place = cast(tuple[bytes, int, bytes, date], tuple(key))
        known = merged.get(place, (first, last))  # rules of the same logic have one memory
        merged[place] = (min(known[0], first), max(known[1], last))
    rows = sorted((*place, *span) for place, span in merged.items())
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [list(column) for column in zip(*rows, strict=True)])
    return len(rows)


def forget_before(day: date, *, longest_history: timedelta = timedelta()) -> int:
    """Drop sightings older than any rule's history reaches back from `day`; returns how many."""
    count, _ = SeenTerm.objects.filter(day__lt=day - longest_history).delete()
    return count
