"""Which alert is the original of those that were closed as its duplicates.

The relation is part of where an alert stands, so it is recorded, and undone with the closing. Nothing is copied along
it: who counts verdicts asks what the original says now (`inherited`), so that a later verdict needs no writing.
An original may become a duplicate itself. Rings are refused, and as undo may bring one back, nothing goes further than
a bound.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from alerts.errors import AlertNotFound, DuplicateRefused
from alerts.models import Alert, Reason

MOST_STEPS = 8

_CHAIN = f"""
WITH RECURSIVE up (id, depth) AS (
  SELECT %s::bigint, 0 UNION ALL
  SELECT above.duplicate_of_id, up.depth + 1 FROM up JOIN alerts_alert above ON above.id = up.id
  WHERE above.duplicate_of_id IS NOT NULL AND up.depth < {MOST_STEPS})
SELECT id FROM up ORDER BY depth
"""  # noqa: S608  (a number of ours)
_INHERITED = f"""
WITH RECURSIVE up (asked, id, depth) AS (
  SELECT id, duplicate_of_id, 1 FROM alerts_alert WHERE id = ANY(%(asked)s) AND duplicate_of_id IS NOT NULL
  UNION ALL
  SELECT up.asked, above.duplicate_of_id, up.depth + 1 FROM up JOIN alerts_alert above ON above.id = up.id
  WHERE above.reason = %(duplicate)s AND above.duplicate_of_id IS NOT NULL AND up.depth < {MOST_STEPS})
SELECT up.asked, original.reason FROM up JOIN alerts_alert original ON original.id = up.id
WHERE original.status = 'closed' AND original.closed_by_exception_id IS NULL AND original.reason <> %(duplicate)s
  AND original.team_id = ANY(%(teams)s)
"""  # noqa: S608  (a number of ours)


def closable(alert_ids: Iterable[int], original: int, team_ids: Sequence[int]) -> list[int]:
    """Those of the alerts that can be closed as duplicates of this one: all but itself, which stays to be judged.

    One query or two. Raises: AlertNotFound, DuplicateRefused.
    """
    checked_original(original, team_ids)
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


def inherited(alert_ids: Sequence[int], team_ids: Sequence[int]) -> dict[int, str]:
    """What people found in the originals of these duplicates, as far as one sees them; nothing for those whose original
    is not judged, or not known. One query; none for no numbers."""
    if not alert_ids:
        return {}
    asked: dict[str, Any] = {"asked": list(alert_ids), "teams": list(team_ids), "duplicate": Reason.DUPLICATE.value}
    with connection.cursor() as cursor:
        cursor.execute(_INHERITED, asked)
        return dict(cursor.fetchall())
