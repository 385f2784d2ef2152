"""Which alert is the original of those that were closed as its duplicates.

The relation is part of where an alert stands, so it is recorded, and undone with the closing. Nothing is copied along
it: who counts verdicts asks what the original says now (`inherited`), so that a later verdict needs no writing.
An original may become a duplicate itself. Rings are refused: who names an original waits for others who do, since two
that know nothing of each other could close one. As undo may bring one back all the same, each number is met once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from alerts.errors import AlertNotFound, DuplicateRefused
from alerts.models import Alert, Reason

_NAMING_ORIGINALS = 0x6475706C  # "dupl": the number of the lock
_CHAIN = """
WITH RECURSIVE up (id) AS (
  SELECT %s::bigint UNION
  SELECT above.duplicate_of_id FROM up JOIN alerts_alert above ON above.id = up.id
  WHERE above.duplicate_of_id IS NOT NULL)
SELECT id FROM up
"""
_INHERITED = """
WITH RECURSIVE up (asked, id) AS (
  SELECT id, duplicate_of_id FROM alerts_alert WHERE id = ANY(%(asked)s) AND duplicate_of_id IS NOT NULL
  UNION
  SELECT up.asked, above.duplicate_of_id FROM up JOIN alerts_alert above ON above.id = up.id
  WHERE above.reason = %(duplicate)s AND above.duplicate_of_id IS NOT NULL)
SELECT up.asked, original.id, original.reason, original.rule_id, original.host_name, original.user_name
FROM up JOIN alerts_alert original ON original.id = up.id
WHERE original.status = 'closed' AND original.closed_by_exception_id IS NULL AND original.reason <> %(duplicate)s
  AND original.team_id = ANY(%(teams)s)
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """The original of a duplicate, how it was judged, and what it is about."""

    original: int
    reason: str
    rule_id: str
    host_name: str | None
    user_name: str | None


def one_at_a_time() -> None:
    """Wait, within a transaction, for whoever else names originals, and let nobody do so before it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NAMING_ORIGINALS])


def closable(alert_ids: Iterable[int], original: int) -> list[int]:
    """Those of the alerts that can be closed as duplicates of this one: all but itself, which stays to be judged. To be
    asked once these and the original are locked, after `one_at_a_time`.

    One query. Raises: DuplicateRefused.
    """
    rest = [number for number in alert_ids if number != original]
    if not rest:
        raise DuplicateRefused("An alert cannot be a duplicate of itself.")
    if ring := set(rest) & set(chain_of(original)):
        raise DuplicateRefused(f"AL-{original} is itself a duplicate of AL-{min(ring)}.")
    return rest


def checked_original(original: int, team_ids: Sequence[int]) -> None:
    """Whether there is such an alert for who names it. Raises: AlertNotFound."""
    if not Alert.objects.filter(pk=original, team_id__in=team_ids).exists():
        raise AlertNotFound(original)


def chain_of(original: int) -> list[int]:
    """The alert and those that it is a duplicate of in turn. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, [original])
        return [number for (number,) in cursor.fetchall()]


def inherited(alert_ids: Sequence[int], team_ids: Sequence[int]) -> dict[int, Judged]:
    """The originals of these duplicates, as far as one sees them; nothing for those whose original is not judged, or
    not known. One query; none for no numbers."""
    if not alert_ids:
        return {}
    asked: dict[str, Any] = {"asked": list(alert_ids), "teams": list(team_ids), "duplicate": Reason.DUPLICATE.value}
    with connection.cursor() as cursor:
        cursor.execute(_INHERITED, asked)
        return {number: Judged(*original) for number, *original in cursor.fetchall()}


def each_once(
    duplicates: Iterable[int], found: Mapping[int, Judged], is_counted: Callable[[Judged], bool]
) -> Counter[str]:
    """The verdicts in these duplicates' originals, by reason: a judgement counts once, however many alerts it was for,
    and not at all where the original is counted by itself."""
    originals = (found[number] for number in duplicates if number in found)
    return Counter({one.original: one.reason for one in originals if not is_counted(one)}.values())
