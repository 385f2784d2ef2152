"""Values, nulls and several values: taking a value apart, and putting one together."""

from collections.abc import Iterable
from functools import wraps
from typing import Any

from engine.pipelines.functions.shape import Work
from engine.pipelines.types import One, Value

MOST_VALUES = 1 << 16
"""How many values a field may have that a function makes; more are null."""


def ones(value: Value) -> tuple[One, ...]:
    """The values of a field one by one; none when it is null."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def joined(values: Iterable[Any]) -> Value:
    """A value of these, in their order; null values fall out."""
    kept = tuple(value for value in values if value is not None)
    return kept if len(kept) > 1 else kept[0] if kept else None


def each(work: Work) -> Work:
    """A work of one value that is done to each of several."""

    @wraps(work)
    def of_each(value: Value) -> Value:
        return joined([work(one) for one in value]) if isinstance(value, tuple) else work(value)

    return of_each
