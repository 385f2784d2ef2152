"""What the page of an alert is given of a pipeline's row: its columns, what it had to meet, and what it came from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerts.selectors.joined_shapes import KeptEvent, Pair

JsonScalar = str | int | float | bool


class Made(StrEnum):
    """Where a column comes from: it names the group, the query makes it, or events have it as it is."""

    GROUP = "group"
    QUERY = "query"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class RowCell:
    """A column of the row: its ES|QL type, what it holds as JSON, and how many values or characters were not kept.

    `is_field`: events have a field of this name, which the query has left as it was.
    """

    name: str
    type: str
    held: tuple[JsonScalar, ...]
    made: Made
    is_field: bool
    left_out: int = 0

    @property
    def values(self) -> tuple[str, ...]:
        """The values as an exception or a search writes them."""
        return tuple(text_of_json(value) for value in self.held)


@dataclass(frozen=True, slots=True)
class CellGroup:
    """Columns of one origin."""

    made: Made
    cells: tuple[RowCell, ...]


@dataclass(frozen=True, slots=True)
class MetCondition:
    """A condition as the query has it, and the columns that met it; a value may be a list or None."""

    text: str
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Pivot:
    """A way from the row to its events: the search; `values` is "any" where the rule compares so."""

    query: str
    start: str
    end: str
    language: str = ""
    values: str = ""


@dataclass(frozen=True, slots=True)
class MadeRow:
    """A row that a pipeline made of one event or (`grouped`) of several.

    `first`, `last` and `span` are of the `count` events that went into it, `window` is what the query ran over (None:
    each event as it comes). `events` are those that were kept. `nulls` are columns without a value.
    """

    grouped: bool
    groups: tuple[CellGroup, ...]
    nulls: tuple[str, ...]
    conditions: tuple[MetCondition, ...]
    count: int
    first: datetime
    last: datetime
    span: str
    window: tuple[datetime, datetime] | None
    events: tuple[KeptEvent, ...]
    of_events: Pivot | None = None
    of_query: Pivot | None = None

    @property
    def cells(self) -> tuple[RowCell, ...]:
        """Every column with a value, in the order of the page."""
        return tuple(cell for group in self.groups for cell in group.cells)

    @property
    def computed(self) -> frozenset[str]:
        """The names of the columns that no event has: what the query makes, null ones among them."""
        return frozenset(cell.name for cell in self.cells if not cell.is_field)

    @property
    def by(self) -> tuple[Pair, ...]:
        """What names the group."""
        named = [cell for cell in self.cells if cell.made is Made.GROUP]
        return tuple(Pair(cell.name, ", ".join(cell.values)) for cell in named)

    @property
    def not_kept(self) -> int:
        """How many of the events that went into it were not kept with the alert."""
        return max(self.count - len(self.events), 0)


def text_of_json(value: Any) -> str:
    """A value as text: truth values as ES|QL writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def deciding(row: MadeRow) -> list[tuple[str, str]]:
    """What the query made and a condition asked for, each column once: name and value in words."""
    found: dict[str, str] = {}
    for condition in row.conditions:
        for name, value in condition.values:
            if name in row.computed and value is not None and value != []:
                found.setdefault(name, f"{len(value)} values" if isinstance(value, list) else text_of_json(value))
    return list(found.items())
