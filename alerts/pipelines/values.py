"""The columns that a pipeline needs of an event, as they travel with its candidate: a text of JSON.

What JSON has no word for is an object of one key: `d` a date in microseconds since 1970, `a` an address, `p` a place.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from sys import getsizeof
from typing import Any

import orjson

from engine.pipelines.budget import weight_of
from engine.pipelines.types import Address, Column, One, Point, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def packed(values: Sequence[Value]) -> str:
    """One event's values, in the order of the pipeline's columns. Costs a microsecond."""
    return orjson.dumps(values, default=_named, option=_OPTIONS).decode()


class Columns:
    """What `packed` wrote of many events, by column.

    Texts that say the same are held once, so that a window costs what is different in it; `weight` is about how many
    bytes the texts and the several values take.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.by_name: dict[str, Column] = {name: [] for name in names}
        self.weight = 0
        self._texts: dict[Value, str] = {}

    def add(self, texts: Iterable[str]) -> None:
        """Add some events. Costs some microseconds an event."""
        rows: list[list[Any]] = [orjson.loads(text) for text in texts]
        for number, column in enumerate(self.by_name.values()):
            values = _column([row[number] for row in rows])
            fresh = {value for value in values if type(value) is str and value not in self._texts}
            several = [value for value in values if type(value) is tuple]
            self.weight += sum(map(getsizeof, fresh)) + weight_of(several)
            self._texts.update(zip(fresh, fresh, strict=True))
            column.extend([self._texts.get(value, value) for value in values] if self._texts else values)

    def put(self, order: Sequence[int]) -> None:
        """Have the events in another order: by the place where each is now."""
        for column in self.by_name.values():
            column[:] = [column[place] for place in order]


def _column(raw: list[Any]) -> Column:
    if {list, dict}.isdisjoint(map(type, raw)):
        return raw
    return [_value(value) if type(value) in (list, dict) else value for value in raw]


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(one) for one in value)
    return _READ[next(iter(value))](next(iter(value.values()))) if isinstance(value, dict) else value


def _named(value: object) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"d": (value - _EPOCH) // _TICK}
    if isinstance(value, Address):
        return {"a": f"{value.number:x}"}
    if isinstance(value, Point):
        return {"p": [value.longitude, value.latitude]}
    raise TypeError(f"no column of an event holds a {type(value).__name__}")


_READ: dict[str, Callable[[Any], One]] = {
    "d": lambda ticks: _EPOCH + timedelta(microseconds=ticks),
    "a": lambda number: Address(int(number, 16)),
    "p": lambda place: Point(*place),
}
