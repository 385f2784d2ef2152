"""What GROK and DISSECT have in common: a pattern that makes columns of a text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.pipelines.budget import PART, PageTooHeavy, weight_of
from engine.pipelines.types import Column, One, Type, Value
from engine.pipelines.unknown import as_text

Taken = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Extraction:
    """A pattern made ready: the columns it adds, and what it takes from one text; None where it does not fit."""

    columns: tuple[tuple[str, Type], ...]
    test: Callable[[str], Taken | None]

    def of(self, column: Column) -> dict[str, Column]:
        """The new columns of a page. Each distinct text is looked at once.

        Of a field with several values those that fit give theirs, one after the other, as Elasticsearch does.
        Raises: PageTooHeavy.
        """
        known: dict[Value, Taken] = {}
        rows: list[Taken] = []
        weight = looked_at = 0
        for value in column:
            rows.append(self._row(_texts(value), known))
            if len(known) > looked_at:
                looked_at += 1
                weight += weight_of(list(rows[-1].values()))
                if weight > PART and len(column) > 1:
                    raise PageTooHeavy("a page of the query's rows is too large")
        return {name: [row.get(name) for row in rows] for name, _ in self.columns}

    def _row(self, value: Value, known: dict[Value, Taken]) -> Taken:
        if value is None:
            return {}
        found = known.get(value)
        if found is None:
            found = known[value] = self._together(value) if isinstance(value, tuple) else self._one(value)
        return found

    def _one(self, value: Value) -> Taken:
        return (self.test(value) or {}) if isinstance(value, str) else {}

    def _together(self, values: tuple[One, ...]) -> Taken:
        gathered: dict[str, list[One]] = {name: [] for name, _ in self.columns}
        for value in values:
            for name, taken in self._one(value).items():
                gathered[name] += taken if isinstance(taken, tuple) else () if taken is None else (taken,)
        return {name: as_value(found) for name, found in gathered.items()}


def _texts(value: Value) -> Value:
    """Texts; a number in a column that no table knows is the text that it is written as."""
    if value.__class__ is str or value is None:
        return value
    return (
        as_value([text for text in map(as_text, value) if text is not None])
        if isinstance(value, tuple)
        else as_text(value)
    )


def as_value(found: Sequence[One]) -> Value:
    """Several values are a tuple, one is itself, none is null."""
    if not found:
        return None
    return found[0] if len(found) == 1 else tuple(found)
