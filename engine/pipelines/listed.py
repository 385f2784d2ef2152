"""A value list as a table that pipelines join: a value that is in it finds a row whose only column says so."""

from collections.abc import Sequence
from types import MappingProxyType

from engine.comparisons import network_test
from engine.languages.value_lists import NETWORK_LISTS, ends_of, networks_between
from engine.pipelines.schema import Schema
from engine.pipelines.tables import Table
from engine.pipelines.types import Address, Column, Type, Value
from engine.scalars import address_text
from engine.tree import text_of

IN_LIST = "in_list"
_FOUND, _NOT_FOUND = (0,), ()


class ListIndex:
    """Finds the one row of a list by a value: the same text, or an address in one of its networks."""

    def __init__(self, kind: str, values: Sequence[str]) -> None:
        self._texts = frozenset() if kind in NETWORK_LISTS else frozenset(values)
        self._within = network_test(_networks(values)) if kind in NETWORK_LISTS else None

    def get(self, key: tuple[Value, ...]) -> Sequence[int]:
        """The rows found: one or none."""
        (value,) = key
        if isinstance(value, Address):
            value = address_text(value.number)
        if not isinstance(value, str | int | float):
            return _NOT_FOUND
        text = text_of(value)
        return _FOUND if (self._within(text) if self._within else text in self._texts) else _NOT_FOUND


def _networks(values: Sequence[str]) -> list[str]:
    ranges = {value: ends for value in values if "-" in value and (ends := ends_of(value))}
    return [text for value in values for text in (networks_between(*ranges[value]) if value in ranges else (value,))]


def listed(name: str, kind: str, values: Sequence[str]) -> Table:
    """The list as a table. Takes some tenths of a second for a hundred thousand values."""
    columns: dict[str, Column] = {IN_LIST: [True] if values else []}
    schema = Schema(MappingProxyType({IN_LIST: Type.BOOLEAN}))
    key = Type.IP if kind in NETWORK_LISTS else Type.KEYWORD
    return Table(name, schema, MappingProxyType(columns), min(len(values), 1), ListIndex(kind, values), key)
