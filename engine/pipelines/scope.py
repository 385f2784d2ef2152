"""Which columns a command of the pipeline can see, and under which names.

Names are all that KEEP, DROP and RENAME change: values stay in their slots, so these commands cost nothing when the
query runs. A slot of the source is called as its field, every other has a name that no field has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypeAlias

from engine.languages.esql.nodes import Name, NamePattern
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


class Scope:
    """The columns in their order. A `Rest` among them stands for fields of events that nobody has named so far.

    `types`: what the source says of fields in a rest. `documents`: whether rows are still events, so that full text
    can be asked; `why_not` names the command that ended that. Finding, adding and leaving out one column costs the
    same however many there are, as long as there is one rest.
    """

    def __init__(
        self, entries: Iterable[Entry], types: Mapping[str, Type], *, documents: bool = True, why_not: str = ""
    ) -> None:
        self.types = types
        self.documents = documents
        self.why_not = why_not
        self._set(entries)

    def _set(self, entries: Iterable[Entry]) -> None:
        """Columns go by their names, rests by numbers."""
        numbered = enumerate(entries)
        self._entries: dict[str | int, Entry] = {
            entry.name if isinstance(entry, Named) else number: entry for number, entry in numbered
        }
        self._rests = [key for key in self._entries if isinstance(key, int)]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries.values())

    @property
    def rests(self) -> list[Rest]:
        return [entry for key in self._rests if isinstance(entry := self._entries[key], Rest)]

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> Named | None:
        """The column that a name means here."""
        known = self._entries.get(name)
        if isinstance(known, Named):
            return known
        if any(rest.has(name) for rest in self.rests):
            return Named(name, name, self.types.get(name) or column_type(name))
        return None

    def nearest(self, name: str) -> str | None:
        """The name of a column that somebody may have meant."""
        names = [entry.name for entry in self._entries.values() if isinstance(entry, Named)]
        by_small = {known.lower(): known for known in names[:_MOST_COMPARED]}
        close = get_close_matches(name.lower(), list(by_small), 1, 0.6)
        return by_small[close[0]] if close else None

    def leave(self, name: str) -> None:
        """Have no column of this name any more."""
        self._entries.pop(name, None)
        for key, rest in zip(self._rests, self.rests, strict=True):
            self._entries[key] = rest.without_name(name)

    def leave_pattern(self, pattern: str) -> None:
        """Have no column any more whose name fits."""
        for key, entry in list(self._entries.items()):
            if isinstance(entry, Rest):
                self._entries[key] = replace(entry, without=(*entry.without, pattern))
            elif fits(pattern, entry.name):
                del self._entries[key]

    def add(self, *columns: Named) -> None:
        """Add columns at the end, the last of those with one name; they replace others of their names."""
        last = {column.name: column for column in columns}
        for column in columns:
            if last[column.name] is column:
                self.leave(column.name)
                self._entries[column.name] = column

    def put(self, old: Named, new: Named) -> None:
        """Have another column in the place of one; a further column of the new name is gone."""
        if old.name not in self._entries:
            self.leave(old.name)
            self.add(new)
        elif old.name == new.name:
            self._entries[new.name] = new
        else:
            self.leave(new.name)
            self._set([new if entry == old else entry for entry in self._entries.values()])

    def keep(self, items: Sequence[Name | NamePattern]) -> None:
        """Have only what KEEP names: a name is stronger than a pattern, a pattern than `*`, of equals the later.

        The caller has seen to it that names are known.
        """
        order = _Order(items)
        placed: dict[int, list[Entry]] = {number: [] for number in range(len(items))}
        for number in order.names.values():
            found = self.find(order.written(number))
            placed[number] += [found] if found else []
        for entry in self._entries.values():
            if isinstance(entry, Rest):
                for number in order.patterns:
                    placed[number].append(order.narrowed(entry, number))
            elif entry.name not in order.names and (winner := order.winner(entry.name)) is not None:
                placed[winner].append(entry)
        self._set([entry for number in range(len(items)) for entry in placed[number]])

    def close(self, columns: Sequence[Named], why_not: str) -> None:
        """Have these columns alone, in rows that are no events any more."""
        self._set(())
        self.documents, self.why_not = False, why_not
        self.add(*columns)


_MOST_COMPARED = 1_000


def source_scope(schema: Schema, metadata: Sequence[str]) -> Scope:
    """What the first command after FROM can see. Columns of a table are in the order of their names."""
    special = [Named(name, name, METADATA[name]) for name in metadata]
    if schema.open:
        # What METADATA gives is no field of the event, though an event may have one of that name.
        return Scope((Rest(hidden=frozenset(METADATA)), *special), schema.columns)
    columns = [Named(name, name, kind) for name, kind in sorted(schema.columns.items()) if name not in metadata]
    return Scope((*columns, *special), schema.columns, documents=False, why_not="Tables have no events.")


class _Order:
    """Which item of a KEEP decides about which name."""

    def __init__(self, items: Sequence[Name | NamePattern]) -> None:
        self._items = items
        self.names = {item.name: number for number, item in enumerate(items) if isinstance(item, Name)}
        numbered = [number for number, item in enumerate(items) if isinstance(item, NamePattern)]
        self.patterns = sorted(numbered, key=lambda number: (self.written(number) != _EVERYTHING, number), reverse=True)
        self._hidden = frozenset(self.names)

    def written(self, number: int) -> str:
        """The name or pattern of an item."""
        item = self._items[number]
        return item.name if isinstance(item, Name) else item.pattern

    def winner(self, name: str) -> int | None:
        """The strongest pattern that a name fits."""
        return next((number for number in self.patterns if fits(self.written(number), name)), None)

    def narrowed(self, rest: Rest, number: int) -> Rest:
        """What a pattern takes of a rest: what no name and no stronger pattern takes."""
        stronger = self.patterns[: self.patterns.index(number)]
        without = (*rest.without, *(self.written(other) for other in stronger))
        return Rest((*rest.patterns, self.written(number)), without, rest.hidden | self._hidden)
