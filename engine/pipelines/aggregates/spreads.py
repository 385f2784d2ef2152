"""How values lie: variance and standard deviation, percentiles, the median and the deviation from it.

Percentiles are exact: between two values they are interpolated in a straight line, as Elasticsearch does for sets that
it need not estimate. They hold every value, eight bytes each.
"""

from array import array
from collections.abc import Sequence
from math import floor, isfinite, sqrt
from typing import Any

from engine.pipelines.aggregates.rows import grow, grow_numbers, numeric, padded, spread
from engine.pipelines.types import Column


class Variance:
    """VARIANCE(x) of the population, worked out as values come in (Welford)."""

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._means = array("d")
        self._squares = array("d")

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        """Move the mean of each group towards every value, and add the square of how far it was away."""
        numbers, values = numeric(*spread(groups, columns[0]))
        if not numbers:
            return
        grow(self._counts, numbers, 0)
        grow_numbers(self._means, numbers)
        grow_numbers(self._squares, numbers)
        counts, means, squares = self._counts, self._means, self._squares
        for group, value in zip(numbers, values, strict=True):
            count = counts[group] = counts[group] + 1
            mean = means[group]
            away = value - mean
            mean += away / count
            means[group] = mean
            squares[group] += away * (value - mean)

    def result(self, groups: int) -> Column:
        found = [
            square / count if count and isfinite(square) else None
            for count, square in zip(self._counts, self._squares, strict=True)
        ]
        return padded(found, groups)

    @property
    def cells(self) -> int:
        return 3 * len(self._counts)


class StandardDeviation(Variance):
    """STD_DEV(x): the root of the variance."""

    def result(self, groups: int) -> Column:
        variances: Sequence[Any] = super().result(groups)
        return [None if variance is None else sqrt(variance) for variance in variances]


class Percentile:
    """PERCENTILE(x, share): the value below which a share of the values lie, in hundredths."""

    def __init__(self, share: float) -> None:
        self._share = share / 100
        self._held: list[array[float] | None] = []
        self._cells = 0

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        numbers, values = numeric(*spread(groups, columns[0]))
        if not numbers:
            return
        grow(self._held, numbers, None)
        held = self._held
        for group, value in zip(numbers, values, strict=True):
            known = held[group]
            if known is None:
                held[group] = array("d", (value,))
            else:
                known.append(value)
        self._cells += len(numbers)

    def result(self, groups: int) -> Column:
        return [None if held is None else self._of(sorted(held)) for held in padded(self._held, groups)]

    def _of(self, ordered: Sequence[float]) -> float | None:
        return percentile(ordered, self._share)

    @property
    def cells(self) -> int:
        return self._cells


class MedianAbsoluteDeviation(Percentile):
    """MEDIAN_ABSOLUTE_DEVIATION(x): how far the values lie from their median, in the median."""

    def __init__(self) -> None:
        super().__init__(50)

    def _of(self, ordered: Sequence[float]) -> float | None:
        middle = percentile(ordered, 0.5)
        return percentile(sorted(abs(value - middle) for value in ordered), 0.5)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The percentile of values in order, in a straight line between the two it lies between."""
    place = share * (len(ordered) - 1)
    below = floor(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return low + (place - below) * (high - low)
