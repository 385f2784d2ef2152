"""Paging by key: the next page begins after the last row's sort values, so its cost does not grow with its number.

The key travels in the address as a signed token. A token that was cut, changed or made elsewhere leads to the first
page with a notice instead of an error, because addresses are shared by hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing

T = TypeVar("T")
NOTICE = "The link to that page is no longer valid, so this is the first one."
_LONGEST_TOKEN = 2000


@dataclass(frozen=True, slots=True)
class KeyPage(Generic[T]):
    """Some rows, and the token of what follows them; `notice` is for the person, mostly empty."""

    items: list[T]
    next_key: str | None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class After:
    """Where to go on: the sort values of the last row seen, or none for the first page."""

    values: tuple[Any, ...] | None
    notice: str = ""


def sign_key(values: Sequence[Any], salt: str) -> str:
    """The token of a row's sort values (JSON scalars; write times as ISO text). `salt` names the list."""
    return signing.dumps(list(values), salt=f"page:{salt}")


def read_key(token: str | None, salt: str) -> After:
    """What a token says; a bad one says "from the start", with the notice. Never raises."""
    if not token:
        return After(None)
    try:
        if len(token) > _LONGEST_TOKEN:
            return After(None, NOTICE)
        return After(tuple(signing.loads(token, salt=f"page:{salt}")))
    except (signing.BadSignature, ValueError, TypeError):
        return After(None, NOTICE)


def cut(rows: Sequence[T], limit: int, key_of: Callable[[T], Sequence[Any]], salt: str, notice: str = "") -> KeyPage[T]:
    """A page from `limit + 1` fetched rows: the extra one only tells that there is more."""
    items = list(rows[:limit])
    more = len(rows) > limit and items
    return KeyPage(items, sign_key(key_of(items[-1]), salt) if more else None, notice)
