"""Which columns a command of the pipeline can see, and under which names.

Names are all that KEEP, DROP and RENAME change: values stay in their slots, so these commands cost nothing when the
query runs. A slot of the source is called as its field, every other has a name that no field has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypeAlias

from engine.languages.esql.nodes import Name, NamePattern
from engine.patterns import escape
from engine.pipelines.reading import column_type
from engine.pipelines.schema import METADATA, Rest, Schema, fits
from engine.pipelines.types import Type

_EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Named:
    """A column by its name; `asked` says that its values are those of a field of the event."""

    name: str
    slot: str
    type: Type

    @property
    def asked(self) -> bool:
        return not self.slot.startswith("\0")


Entry: TypeAlias = Named | Rest


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns in their order. A `Rest` among them stands for fields of events that nobody has named so far.

    `types`: what the source says of fields in a rest. `documents`: whether rows are still events, so that full text
    can be asked; `why_not` names the command that ended that.
    """

    entries: tuple[Entry, ...]
    types: Mapping[str, Type]
    documents: bool = True
    why_not: str = ""

    def find(self, name: str) -> Named | None:
        """The column that a name means here."""
        for entry in self.entries:
            if isinstance(entry, Named) and entry.name == name:
                return entry
        if any(isinstance(entry, Rest) and entry.has(name) for entry in self.entries):
            return Named(name, name, self.types.get(name) or column_type(name))
        return None

    def named(self) -> Iterator[Named]:
        """The columns that are known by name."""
        return (entry for entry in self.entries if isinstance(entry, Named))

    def nearest(self, name: str) -> str | None:
        """The name of a column that somebody may have meant."""
        names = [named.name for named in self.named()]
        by_small = {known.lower(): known for known in names}
        close = get_close_matches(name.lower(), list(by_small), 1, 0.6)
        return by_small[close[0]] if close else None

    def without(self, *names: str) -> "Scope":
        """The scope with none of these names."""
        return self._left(lambda name: name in names, tuple(map(escape, names)))

    def without_pattern(self, pattern: str) -> "Scope":
        """The scope without the names that fit a pattern."""
        return self._left(lambda name: fits(pattern, name), (pattern,))

    def _left(self, gone: Callable[[str], bool], without: tuple[str, ...]) -> "Scope":
        rests = (
            replace(entry, without=(*entry.without, *without)) if isinstance(entry, Rest) else entry
            for entry in self.entries
            if isinstance(entry, Rest) or not gone(entry.name)
        )
        return replace(self, entries=tuple(rests))

    def plus(self, *columns: Named) -> "Scope":
        """The scope with columns added at the end; they replace others of the same name."""
        last = {column.name: column for column in columns}
        unique = [column for column in columns if last[column.name] is column]
        kept = self.without(*last)
        return replace(kept, entries=(*kept.entries, *unique))

    def replaced(self, old: Named, new: Named) -> "Scope":
        """The scope with another column in the place of one; a further column of the new name is gone."""
        if old == new:
            return self
        known = old in self.entries
        scope = self.without(new.name) if old.name != new.name else self
        if not known:
            return scope.without(old.name).plus(new)
        return replace(scope, entries=tuple(new if entry == old else entry for entry in scope.entries))

    def kept(self, items: Sequence[Name | NamePattern]) -> "Scope":
        """The scope of KEEP: a whole name is stronger than a pattern, a pattern than `*`, of equals the later.

        The caller has seen to it that whole names are known.
        """
        entries: list[Entry] = []
        for number, item in enumerate(items):
            if isinstance(item, Name):
                column = self.find(item.name)
                if column and _winner(items, item.name) == number:
                    entries.append(column)
                continue
            stronger = tuple(_pattern(other) for at, other in enumerate(items) if _beats(items, at, number))
            for entry in self.entries:
                if isinstance(entry, Rest):
                    entries.append(Rest((*entry.patterns, item.pattern), (*entry.without, *stronger)))
                elif _winner(items, entry.name) == number:
                    entries.append(entry)
        return replace(self, entries=tuple(entries))

    def closed(self, columns: Sequence[Named], why_not: str) -> "Scope":
        """A scope of these columns alone, whose rows are no events any more."""
        return replace(Scope((), self.types, False, why_not).plus(*columns), documents=False)


def source_scope(schema: Schema, metadata: Sequence[str]) -> Scope:
    """What the first command after FROM can see. Fields of a table are in the order of their names."""
    special = [Named(name, name, METADATA[name]) for name in metadata]
    if schema.open:
        # What METADATA gives is no field of the event, though an event may have one of that name.
        return Scope((Rest((), tuple(map(escape, METADATA))), *special), schema.columns)
    columns = [Named(name, name, kind) for name, kind in sorted(schema.columns.items()) if name not in metadata]
    return Scope((*columns, *special), schema.columns)


def _pattern(item: Name | NamePattern) -> str:
    return item.pattern if isinstance(item, NamePattern) else escape(item.name)


def _rank(item: Name | NamePattern) -> int:
    if isinstance(item, Name):
        return 2
    return 0 if item.pattern == _EVERYTHING else 1


def _beats(items: Sequence[Name | NamePattern], one: int, other: int) -> bool:
    return (_rank(items[one]), one) > (_rank(items[other]), other)


def _winner(items: Sequence[Name | NamePattern], name: str) -> int | None:
    """Which item of KEEP decides about a name."""
    best: int | None = None
    for number, item in enumerate(items):
        fit = item.name == name if isinstance(item, Name) else fits(item.pattern, name)
        if fit and (best is None or _beats(items, number, best)):
            best = number
    return best
