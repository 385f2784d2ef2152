"""The order of values, whatever they are: columns of unknown types may mix what cannot be compared."""

from collections.abc import Sequence
from typing import Any

from engine.pipelines.types import One, Period, Point, Value


def order(value: Any) -> tuple[str, Any]:
    """What values are ordered by where they are of several kinds: by kind first."""
    if isinstance(value, bool | int | float):
        return "number", value
    if isinstance(value, Point):
        return "point", (value.longitude, value.latitude)
    if isinstance(value, Period):
        return "period", (value.months, value.days)
    return value.__class__.__name__, value


def in_order(values: Sequence[Any], descending: bool = False) -> list[One]:
    """The values sorted; never an error."""
    try:
        return sorted(values, reverse=descending)
    except TypeError:
        return sorted(values, key=order, reverse=descending)


def greatest_of(values: Sequence[Any]) -> Value:
    """The last in order; None of nothing."""
    return _first(values, True)


def least_of(values: Sequence[Any]) -> Value:
    """The first in order; None of nothing."""
    return _first(values, False)


def _first(values: Sequence[Any], descending: bool) -> Value:
    choose: Any = max if descending else min
    if not values:
        return None
    try:
        found: Value = choose(values)
    except TypeError:
        found = choose(values, key=order)
    return found
