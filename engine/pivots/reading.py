"""The searches that a step of a guide leads to, from the most telling source down.

What the author wrote comes first and whole. Where nothing was written, fields that the step names, and then phrases,
fill up to a handful: more would be a list to read instead of an answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.pivots.explicit import read_pivot
from engine.pivots.investigate import searches_of_call
from engine.pivots.markup import Call
from engine.pivots.named import HasField, searches_of_fields, without_fields
from engine.pivots.phrases import CHILDREN, PARENT, searches_in_words
from engine.pivots.template import Search

MOST_A_STEP = 4
MOST_WRITTEN = 8
MOST_GUESSED = 3


def searches_of(
    text: str, calls: Sequence[Call] = (), transform: Mapping[str, Any] | None = None, has: HasField | None = None
) -> tuple[Search, ...]:
    """The searches of a step with this text. With `has`, which tells what the alert has, what can be asked comes first
    and what cannot is left out unless the author wrote it or nothing else is there."""
    written = searches_of_guide(calls, transform)
    if any(not search.note for search in written):
        return written
    guessed = list(_distinct(_guessed(text, has)))
    return (*_sorted(guessed, has)[: MOST_GUESSED if not written else MOST_A_STEP - 1], *written)


def searches_of_guide(calls: Sequence[Call], transform: Mapping[str, Any] | None = None) -> tuple[Search, ...]:
    """The searches that the author wrote, in the order written."""
    found: list[Search] = []
    for call in calls:
        found += [read_pivot(call.text)] if call.kind == "pivot" else searches_of_call(call, transform or {})
    return tuple(_distinct(found))[:MOST_WRITTEN]


def _guessed(text: str, has: HasField | None) -> Iterable[Search]:
    """By fields, then by words. A step about children names the parent's field, for it is by that they are found."""
    words = searches_in_words(without_fields(text))
    named = searches_of_fields(text, has)
    if CHILDREN in words and PARENT not in words:
        named = [CHILDREN if search == PARENT else search for search in named]
    return [*named, *words]


def _sorted(searches: Sequence[Search], has: HasField | None) -> list[Search]:
    if has is None:
        return list(searches)
    asked = [search for search in searches if all(has(place) for place in search.places)]
    return asked or list(searches[:1])


def _distinct(searches: Iterable[Search]) -> Iterable[Search]:
    """Each question once, under its first label; osquery texts are apart."""
    seen = set()
    for search in searches:
        key = (search.query, search.span, search.table, search.by, search.note, search.problem)
        if key not in seen:
            seen.add(key)
            yield search
