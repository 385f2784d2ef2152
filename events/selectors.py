"""Reads of the events app for pages, other than searches (events/store.py)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from events.models import DeadLetter
from soc.web.paging import KeyPage, cut, read_key

ROWS = 100
_SALT = "dead-letters"
_SHOWN_BYTES = 400


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """A page of refused events, and how many there are by reason."""

    page: KeyPage[DeadLetter]
    reasons: list[tuple[str, int]]
    reason: str


def dead_letters(team_ids: Sequence[int], after: str | None, reason: str) -> DeadLetters:
    """The refused events of these teams, newest first, perhaps of one reason. Three queries."""
    mine = DeadLetter.objects.filter(team_id__in=team_ids)
    counted = mine.values_list("reason").annotate(number=Count("pk")).order_by("-number")
    wanted = mine.filter(reason=reason) if reason else mine
    key = read_key(after, _SALT)
    if key.values is not None:
        at, number = key.values
        wanted = wanted.filter(Q(at__lt=at) | Q(at=at, pk__lt=number))
    rows = list(wanted.select_related("api_key", "team").order_by("-at", "-pk")[: ROWS + 1])
    page = cut(rows, ROWS, lambda row: (row.at.isoformat(), row.pk), _SALT, key.notice)
    return DeadLetters(page, list(counted), reason)


def first_bytes(letter: DeadLetter) -> str:
    """The beginning of what was sent, as text that cannot harm: bytes that are no text are written as escapes."""
    body = bytes(letter.body)[:_SHOWN_BYTES]
    return body.decode("utf-8", "backslashreplace")
