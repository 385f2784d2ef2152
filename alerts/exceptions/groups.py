"""Groups of entries: AND inside a group, OR between groups. Each group is saved as an exception of its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from engine import Document, ExceptionEntryError, Tree, matches
from engine.languages.exceptions import parse_each_entry
from rules.value_lists import values_of

EntryGroups: TypeAlias = Sequence[Sequence[Mapping[str, Any]]]
"""The entries of each group, in Kibana's schema."""
Groups: TypeAlias = Sequence[Sequence[Tree]]
"""The trees of each group's entries, in order."""
MOST_GROUPS = 10
MOST_CONDITIONS = 500
"""So many conditions all groups have together."""
MOST_VALUES = 20_000
"""So many values all groups name together. Reading one costs some ten microseconds."""


class GroupError(ExceptionEntryError):
    """An entry that cannot be used, in one of several groups; `index` is its place in its group."""

    def __init__(self, group: int, index: int, key: str, message: str) -> None:
        super().__init__(index, key, message)
        self.group = group


def parse_groups(groups: EntryGroups) -> tuple[tuple[Tree, ...], ...]:
    """The trees of every group, value lists looked up.

    Raises: GroupError (an ExceptionEntryError), which says which group the entry is in; also for more conditions or
    values than are held against alerts, before any is read.
    """
    _check_size(groups)
    return tuple(_parsed(at, entries) for at, entries in enumerate(groups))


def _check_size(groups: EntryGroups) -> None:
    conditions = values = 0
    for at, entries in enumerate(groups):
        for index, entry in enumerate(entries):
            parts = _parts(entry)
            conditions, values = conditions + len(parts), values + sum(map(_values_in, parts))
            if conditions > MOST_CONDITIONS:
                raise GroupError(
                    at, index, "entries", f"The groups have more than {MOST_CONDITIONS} conditions together."
                )
            if values > MOST_VALUES:
                words = f"The conditions name more than {MOST_VALUES:,} values together. Keep them in a value list."
                raise GroupError(at, index, "value", words)


def _parts(entry: object) -> Sequence[object]:
    """The entry, or what a nested one asks of an element."""
    inner = entry.get("entries") if isinstance(entry, Mapping) else None
    return inner if isinstance(inner, list | tuple) and inner else [entry]


def _values_in(entry: object) -> int:
    value = entry.get("value") if isinstance(entry, Mapping) else None
    return len(value) if isinstance(value, list | tuple) else 1


def _parsed(at: int, entries: Sequence[Mapping[str, Any]]) -> tuple[Tree, ...]:
    try:
        return parse_each_entry(entries, values_of)
    except ExceptionEntryError as error:
        raise GroupError(at, error.index, error.key, error.message) from error


def all_entries(groups: Groups) -> Iterator[Tree]:
    """Every tree of every group."""
    return (tree for trees in groups for tree in trees)


def held_entries(trees: Sequence[Tree], document: Document) -> int:
    """How many entries hold, from the first on, until one does not."""
    for at, tree in enumerate(trees):
        if not matches(tree, document):
            return at
    return len(trees)


def held_by_all(groups: Groups, document: Document) -> tuple[int, ...]:
    """The same for each group."""
    return tuple([held_entries(trees, document) for trees in groups])
