"""A row of a pipeline as its alert tells it: what is stored, shown, and laid over its event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from alerts.facts import ColumnValue, EsqlFacts, RowColumn, RowCondition, Stretch
from alerts.pipelines.overlay import MOST_IN_ROW, cut, fields_of_row, plain, size_of
from engine.pipelines.reading import to_json
from engine.pipelines.schema import ResultColumn
from engine.pipelines.types import Value
from rules.pipelines import Asked

NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class RowTold:
    """A row: `raw` are its values as JSON by name, `columns` the same as they are kept, `fields` those of an event."""

    raw: dict[str, Any]
    columns: list[RowColumn]

    @property
    def fields(self) -> dict[str, Any]:
        """What is laid over the event."""
        return fields_of_row({one.name: one.value for one in self.columns})


@dataclass(frozen=True, slots=True)
class Source:
    """What a row came from: how many events, from when to when."""

    count: int
    first_at: datetime
    last_at: datetime


def row_of(columns: Sequence[ResultColumn], values: Sequence[Value]) -> RowTold:
    """A row of a result. Costs a microsecond a value."""
    raw = {column.name: plain(to_json(value)) for column, value in zip(columns, values, strict=True)}
    told: list[RowColumn] = []
    room = MOST_IN_ROW
    for column in columns:
        value, of = cut(raw[column.name], room)
        room -= size_of(value)
        told.append(RowColumn(column.name, str(column.type), value, of))
    return RowTold(raw, told)


def facts_of_row(
    asked: Asked, row: RowTold, source: Source, *, window: tuple[datetime, datetime] | None = None
) -> EsqlFacts:
    """What the alert keeps of its row. Conditions tell the values of the columns that the row still has."""
    kept = {one.name: one.value for one in row.columns}
    conditions = [
        RowCondition(one.text, [ColumnValue(name, kept[name]) for name in one.columns if name in kept])
        for one in asked.last
    ]
    return EsqlFacts(
        columns=row.columns,
        by=list(asked.query.by) if asked.query.aggregating else [],
        count=source.count,
        start=source.first_at.isoformat(),
        end=source.last_at.isoformat(),
        conditions=conditions,
        window=Stretch(window[0].isoformat(), window[1].isoformat()) if window else None,
    )


def name_of_row(asked: Asked, row: RowTold) -> bytes:
    """Which of its event's rows it is: by the values that the query made rows of, else by all that it says of the
    event alone. What it says of other events or of the time of the run would make it another row in every window."""
    if not asked.expanded:
        return b""
    if asked.unsteady.isdisjoint(asked.expanded) and row.raw.keys() >= set(asked.expanded):
        return name_of_values(row.raw[column] for column in asked.expanded)
    return name_of_values([name, value] for name, value in sorted(row.raw.items()) if name not in asked.unsteady)


def name_of_values(values: Iterable[Any]) -> bytes:
    """A short name for some JSON values: equal for equal ones, whoever asks."""
    return blake2b(orjson.dumps(list(values)), digest_size=NAME_BYTES).digest()
