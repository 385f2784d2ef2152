"""Sums and averages.

Whole numbers are added exactly; a sum beyond a long is null. Fractions are added with the part that rounding lost
carried along (Kahan), so that the order of rows hardly shows; what is not finite is null.
Source: Elasticsearch reference, ES|QL aggregate functions.
"""

from array import array
from collections.abc import Sequence
from math import isfinite
from typing import Any

from engine.pipelines.aggregates.rows import grow, grow_numbers, numeric, padded, spread
from engine.pipelines.types import Column, Type
from engine.pipelines.unknown import as_number

LARGEST_LONG, SMALLEST_LONG = 2**63 - 1, -(2**63)
LARGEST_UNSIGNED = 2**64 - 1


class WholeSum:
    """Sums of whole numbers; `least` and `most` bound the answer. `too_large`: how many are null for that."""

    def __init__(self, least: int = SMALLEST_LONG, most: int = LARGEST_LONG) -> None:
        self._least, self._most = least, most
        self._totals: list[int | None] = []
        self.too_large = 0

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        self.take(*spread(groups, columns[0]))

    def take(self, groups: Sequence[int], values: Sequence[Any]) -> None:
        """Add values, one for each number of a group."""
        if not groups:
            return
        grow(self._totals, groups, None)
        totals: list[Any] = self._totals
        for group, value in zip(groups, values, strict=True):
            before = totals[group]
            totals[group] = value if before is None else before + value

    def result(self, groups: int) -> Column:
        totals = self.sums(groups)
        found = [None if total is None or not self._least <= total <= self._most else total for total in totals]
        self.too_large = found.count(None) - totals.count(None)
        return list(found)

    def sums(self, groups: int) -> list[int | None]:
        """The sums without bounds."""
        return padded(self._totals, groups)

    @property
    def cells(self) -> int:
        return len(self._totals)


class FractionSum:
    """Sums of numbers with fractions. `too_large`: how many are null because they are not finite."""

    def __init__(self) -> None:
        self._totals = array("d")
        self._lost = array("d")
        self._any = bytearray()
        self.too_large = 0

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        self.take(*spread(groups, columns[0]))

    def take(self, groups: Sequence[int], values: Sequence[Any]) -> None:
        """Add values, one for each number of a group."""
        if not groups:
            return
        grow_numbers(self._totals, groups)
        grow_numbers(self._lost, groups)
        totals, lost, some = self._totals, self._lost, self._any
        some.extend(bytes(len(totals) - len(some)))
        for group, value in zip(groups, values, strict=True):
            exact = value - lost[group]
            before = totals[group]
            after = totals[group] = before + exact
            lost[group] = (after - before) - exact
            some[group] = 1

    def result(self, groups: int) -> Column:
        given = zip(self._totals, self._any, strict=True)
        found = [total if some and isfinite(total) else None for total, some in given]
        self.too_large = found.count(None) - self._any.count(0)
        return padded(found, groups)

    @property
    def cells(self) -> int:
        return 2 * len(self._totals)


class MixedSum:
    """Sums of whatever numbers a column holds that no table knows: whole as long as all of a group are."""

    def __init__(self) -> None:
        self._whole, self._fractions = WholeSum(), FractionSum()

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        numbers, values = numeric(*spread(groups, columns[0]))
        pairs = list(zip(numbers, values, strict=True))
        self._whole.take(*_split(pairs, int))
        self._fractions.take(*_split(pairs, float))

    def result(self, groups: int) -> Column:
        whole, exact = self._whole.result(groups), self._whole.sums(groups)
        fractions: Column = self._fractions.result(groups)
        return [
            total if fraction is None else float(exact_total or 0) + fraction  # type: ignore[operator]
            for total, exact_total, fraction in zip(whole, exact, fractions, strict=True)
        ]

    @property
    def cells(self) -> int:
        return self._whole.cells + self._fractions.cells


def _split(pairs: list[tuple[int, Any]], kind: type) -> tuple[list[int], list[Any]]:
    chosen = [pair for pair in pairs if pair[1].__class__ is kind]
    return [group for group, _ in chosen], [value for _, value in chosen]


class Average:
    """AVG(x): the sum by the number of values; of whole numbers the sum is exact, however large."""

    def __init__(self, type_: Type) -> None:
        self._exact = type_ in (Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG)
        self._mixed = type_ is Type.UNKNOWN
        self._counts: list[int] = []
        self._whole: list[int] = []
        self._totals = array("d")
        self._lost = array("d")

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        numbers, values = spread(groups, columns[0])
        if self._mixed:
            numbers, values = numeric(numbers, values)
        if numbers:
            grow(self._counts, numbers, 0)
            (self._add_exactly if self._exact else self._add)(numbers, values)

    def _add_exactly(self, groups: Sequence[int], values: Sequence[Any]) -> None:
        grow(self._whole, groups, 0)
        counts, totals = self._counts, self._whole
        for group, value in zip(groups, values, strict=True):
            counts[group] += 1
            totals[group] += value

    def _add(self, groups: Sequence[int], values: Sequence[Any]) -> None:
        grow_numbers(self._totals, groups)
        grow_numbers(self._lost, groups)
        counts, totals, lost = self._counts, self._totals, self._lost
        for group, value in zip(groups, values, strict=True):
            counts[group] += 1
            exact = value - lost[group]
            before = totals[group]
            after = totals[group] = before + exact
            lost[group] = (after - before) - exact

    def result(self, groups: int) -> Column:
        totals: Sequence[float] = self._whole if self._exact else self._totals
        return padded([_divided(total, count) for total, count in zip(totals, self._counts, strict=True)], groups)

    @property
    def cells(self) -> int:
        return len(self._counts) + len(self._whole) + len(self._totals) + len(self._lost)


def _divided(total: float, count: int) -> float | None:
    mean = total / count if count else None
    return mean if mean is not None and isfinite(mean) else None


class WeightedAverage:
    """WEIGHTED_AVG(x, weight): the sum of the products by that of the weights; null where the weights come to nothing.

    A product with a field of several values is null, as everywhere; its weights count all the same.
    """

    def __init__(self) -> None:
        self._products, self._weights = FractionSum(), FractionSum()

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        numbers, products = spread(groups, [_product(one, two) for one, two in zip(*columns, strict=True)])
        self._products.take(numbers, products)
        self._weights.take(*numeric(*spread(groups, columns[1])))

    def result(self, groups: int) -> Column:
        products: Sequence[Any] = self._products.result(groups)
        weights: Sequence[Any] = self._weights.result(groups)
        return [
            None if product is None or not weight else product / weight
            for product, weight in zip(products, weights, strict=True)
        ]

    @property
    def cells(self) -> int:
        return self._products.cells + self._weights.cells


def _product(one: Any, two: Any) -> float | None:
    number, weight = as_number(one), as_number(two)
    return None if number is None or weight is None else float(number * weight)


def sum_of(type_: Type) -> WholeSum | FractionSum | MixedSum:
    """What adds up a column of this type."""
    if type_ is Type.UNKNOWN:
        return MixedSum()
    if type_ is Type.UNSIGNED_LONG:
        return WholeSum(0, LARGEST_UNSIGNED)
    return FractionSum() if type_ is Type.DOUBLE else WholeSum()
