"""The dozen columns of an event, taken out of its normalised document.

An event is `odd` where a column cannot say all that the document says: several values for one column, or a value too
long for an index. Narrowing by columns (engine/prefilter.py) always lets an odd event through.
"""

from typing import Any, NamedTuple

from events.fields import Unfit, canonical_address
from events.limits import MAX_COLUMN_BYTES, MAX_COLUMN_VALUES

Values = tuple[str, ...]


class Columns(NamedTuple):
    """The typed columns, in the order of the table."""

    dataset: str | None
    category: Values | None
    action: Values | None
    host_name: str | None
    user_name: str | None
    process_entity_id: str | None
    process_parent_entity_id: str | None
    source_ip: str | None
    destination_ip: str | None


_ONE_VALUE = (
    ("host", "name"),
    ("user", "name"),
    ("process", "entity_id"),
    ("process", "parent", "entity_id"),
)


def columns_of(document: dict[str, Any]) -> tuple[Columns, bool]:
    """The columns of a document, and whether it is odd."""
    datasets = _values(document, ("event", "dataset")) + _values(document, ("data_stream", "dataset"))
    found: list[Any] = [_single(datasets)]
    found += [_several(_values(document, ("event", name))) for name in ("category", "action")]
    found += [_single(_values(document, path)) for path in _ONE_VALUE]
    found += [_address(_values(document, (side, "ip"))) for side in ("source", "destination")]
    return Columns(*(column for column, _ in found)), any(odd for _, odd in found)


def _single(values: Values) -> tuple[str | None, bool]:
    if not values:
        return None, False
    if len(values) == 1 or len(set(values)) == 1:
        return (values[0], False) if _fits(values[0]) else (None, True)
    return None, True


def _several(values: Values) -> tuple[Values | None, bool]:
    if not values:
        return None, False
    if len(values) > MAX_COLUMN_VALUES or not all(map(_fits, values)):
        return None, True
    return values, False


def _address(values: Values) -> tuple[str | None, bool]:
    value, odd = _single(values)
    if value is None:
        return None, odd
    try:
        return canonical_address(value), False
    except Unfit:
        return None, True


def _fits(value: str) -> bool:
    return len(value) <= MAX_COLUMN_BYTES // 4 or len(value.encode()) <= MAX_COLUMN_BYTES


def _values(node: Any, path: tuple[str, ...]) -> Values:
    """All texts at a path, through arrays on the way, as the engine would find them."""
    for place, part in enumerate(path):
        if node is None:
            return ()
        if type(node) is dict:
            node = node.get(part)
        elif type(node) is list:
            return tuple(text for element in node for text in _values(element, path[place:]))
        else:
            return ()
    if type(node) is str:
        return (node,)
    if type(node) is list:
        return tuple(text for element in node for text in _values(element, ()))
    return ()
