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


class GroupError(ExceptionEntryError):
    """An entry that cannot be used, in one of several groups; `index` is its place in its group."""

    def __init__(self, group: int, index: int, key: str, message: str) -> None:
        super().__init__(index, key, message)
        self.group = group


def parse_groups(groups: EntryGroups) -> tuple[tuple[Tree, ...], ...]:
    """The trees of every group, value lists looked up.

    Raises: GroupError (an ExceptionEntryError), which says which group the entry is in.
    """
    return tuple(_parsed(at, entries) for at, entries in enumerate(groups))


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
