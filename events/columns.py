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


def columns_of(document: dict[str, Any]) -> tuple[Columns, bool]:
    """The columns of a document, and whether it is odd."""
    event, process = document.get("event"), document.get("process")
    datasets = _values_in(event, "dataset") + _values_in(document.get("data_stream"), "dataset")
    parents = process.get("parent") if type(process) is dict else _below(process, "parent")
    found: tuple[tuple[Any, bool], ...] = (
        _single(datasets),
        _several(_values_in(event, "category")),
        _several(_values_in(event, "action")),
        _single(_values_in(document.get("host"), "name")),
        _single(_values_in(document.get("user"), "name")),
        _single(_values_in(process, "entity_id")),
        _single(_values_in(parents, "entity_id")),
        _address(_values_in(document.get("source"), "ip")),
        _address(_values_in(document.get("destination"), "ip")),
    )
    columns, odd = zip(*found, strict=True)
    return Columns._make(columns), True in odd


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


def _values_in(node: Any, name: str) -> Values:
    """All texts of one field of an object, or of the objects in an array, as the engine would find them."""
    if type(node) is dict:
        value = node.get(name)
        if type(value) is str:
            return (value,)
        return () if value is None else _texts(value)
    return () if node is None else _texts(_below(node, name))


def _below(node: Any, name: str) -> Any:
    """What the objects in an array hold under a name."""
    if type(node) is dict:
        return node.get(name)
    return [_below(element, name) for element in node] if type(node) is list else None


def _texts(node: Any) -> Values:
    """All texts in a value and in the arrays inside it."""
    if type(node) is str:
        return (node,)
    if type(node) is list:
        return tuple([text for element in node for text in _texts(element)])
    return ()
