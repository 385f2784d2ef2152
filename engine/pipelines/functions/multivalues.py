"""Functions of fields with several values. Of one value they make what they would of a list of it; of null null.

Source: Elasticsearch's ES|QL reference, multivalue functions.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from engine.pipelines.casts import LONGS
from engine.pipelines.functions.kinds import INTEGER, NUMBER, TEXT, check, checked, common
from engine.pipelines.functions.ordering import greatest_of, in_order, least_of
from engine.pipelines.functions.several import MOST_VALUES, joined, ones
from engine.pipelines.functions.shape import Alike, Function, Result, Takes, Work, all_alike
from engine.pipelines.functions.strings import LONGEST, bounded
from engine.pipelines.operands import Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import One, Type, Value
from engine.pipelines.unknown import apart


def kept_type(given: Type) -> Type:
    """The type of values that are given back: texts become keyword."""
    return Type.KEYWORD if given is Type.TEXT else given


def _first_type(types: Sequence[Type]) -> Type:
    return kept_type(types[0])


def _sliced(types: Sequence[Type]) -> Type:
    check(types[1:], INTEGER)
    return kept_type(types[0])


def _sorted_type(types: Sequence[Type]) -> Type:
    check(types[1:], TEXT)
    return kept_type(types[0])


def _number_type(types: Sequence[Type]) -> Type:
    check(types, NUMBER)
    return types[0]


def _common(types: Sequence[Type]) -> Type:
    return common(types)


def _truth(types: Sequence[Type]) -> Type:
    common(types)
    return Type.BOOLEAN


def _numbers(value: Value) -> list[Any] | None:
    """The numbers in a value; None when there is none, or when something else is among them."""
    found = [NUMBER.read(one) for one in ones(value)]
    return found if found and None not in found else None


def _texts(value: Value) -> list[str] | None:
    """The texts in a value; None when something else is among them."""
    found = [TEXT.read(one) for one in ones(value)]
    return None if None in found else found


def _append(left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    both = ones(left) + ones(right)
    return both if len(both) <= MOST_VALUES else None


def _of_numbers(work: Callable[[list[Any]], Any]) -> Work:
    """The work of all numbers of a field, null where the answer is no number."""

    def total(value: Value) -> Value:
        numbers = _numbers(value)
        try:
            result: Value = None if numbers is None else work(numbers)
        except (ArithmeticError, ValueError):
            return None
        return None if isinstance(result, float) and not math.isfinite(result) else result

    return total


def _sum(numbers: list[Any]) -> Any:
    if any(isinstance(number, float) for number in numbers):
        return math.fsum(numbers)
    total = sum(numbers)
    return total if LONGS[0] <= total <= LONGS[1] else None


def _average(numbers: list[Any]) -> float:
    return math.fsum(numbers) / len(numbers)


def middle(numbers: Sequence[Any]) -> Any:
    """The median; of two whole numbers in the middle their mean, rounded down."""
    ordered = sorted(numbers)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    low, high = ordered[half - 1], ordered[half]
    return (low + high) // 2 if isinstance(low, int) and isinstance(high, int) else low / 2 + high / 2


def _deviation(numbers: list[Any]) -> Any:
    centre = middle(numbers)
    return middle([abs(number - centre) for number in numbers])


def _percentile(value: Value, percent: Value) -> Value:
    numbers, share = _numbers(value), NUMBER.read(percent)
    if numbers is None or share is None or not 0 <= share <= 100:
        return None
    ordered = sorted(numbers)
    place = share / 100 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    step = (place - low) * (ordered[high] - ordered[low])
    result = ordered[low] + (step if any(isinstance(number, float) for number in ordered) else int(step))
    return result if math.isfinite(result) else None


def _pseries(value: Value, power: Value) -> Value:
    """The sum of the values, each divided by its place to this power."""
    numbers, p = _numbers(value), NUMBER.read(power)
    if numbers is None or p is None:
        return None
    try:
        total = math.fsum(number / math.pow(place, p) for place, number in enumerate(numbers, start=1))
    except (ArithmeticError, ValueError):
        return None
    return total if math.isfinite(total) else None


def _concat(value: Value, delimiter: Value) -> Value:
    texts, between = _texts(value), TEXT.read(delimiter)
    if not texts or between is None or sum(len(text) + len(between) for text in texts) > LONGEST + len(between):
        return None
    return bounded(between.join(texts))


def _count(value: Value) -> Value:
    return None if value is None else len(ones(value))


def _dedupe(value: Value) -> Value:
    return joined(_distinct(value).values()) if isinstance(value, tuple) else value


def _first(value: Value) -> Value:
    return value[0] if isinstance(value, tuple) else value


def _last(value: Value) -> Value:
    return value[-1] if isinstance(value, tuple) else value


def _max(value: Value) -> Value:
    return greatest_of(value) if isinstance(value, tuple) else value


def _min(value: Value) -> Value:
    return least_of(value) if isinstance(value, tuple) else value


def _slice(value: Value, start: Value, *end: Value) -> Value:
    """From a position to another, both included, counted from 0, or from -1 at the end."""
    first, last = INTEGER.read(start), INTEGER.read(end[0] if end else start)
    values = ones(value)
    if first is None or last is None or first > last or (first < 0 <= last):
        return None
    first, last = (place + len(values) if place < 0 else place for place in (first, last))
    return joined(values[max(first, 0) : max(last + 1, 0)])


def _sort(value: Value, *direction: Value) -> Value:
    word = direction[0].lower() if direction and isinstance(direction[0], str) else "asc" if not direction else ""
    if word not in ("asc", "desc"):
        return None
    return tuple(in_order(value, word == "desc")) if isinstance(value, tuple) else value


def _prepare_sort(constants: tuple[Value | Absent, ...]) -> Work:
    word = constants[1] if len(constants) > 1 else "asc"
    if isinstance(word, str) and word.lower() not in ("asc", "desc"):
        raise TypeProblem('the order must be "ASC" or "DESC"', 1)
    return _sort


def _zip(left: Value, right: Value, *delimiter: Value) -> Value:
    """Texts of two fields side by side; what one has more of follows alone."""
    between = TEXT.read(delimiter[0]) if delimiter else ","
    lefts, rights = _texts(left), _texts(right)
    if between is None or lefts is None or rights is None:
        return None
    both = [f"{one}{between}{other}" for one, other in zip(lefts, rights, strict=False)]
    if sum(map(len, both)) > LONGEST:
        return None
    return joined([*both, *lefts[len(both) :], *rights[len(both) :]])


def _distinct(values: Iterable[One]) -> dict[Hashable, One]:
    """The distinct values in their order, by what they are told apart by."""
    found: dict[Hashable, One] = {}
    for value in values:
        found.setdefault(apart(value), value)
    return found


def _contains(whole: Value, part: Value) -> Value:
    """Whether the first has all values of the second; null has none."""
    return _distinct(ones(part)).keys() <= _distinct(ones(whole)).keys()


def _intersects(left: Value, right: Value) -> Value:
    return not _distinct(ones(left)).keys().isdisjoint(_distinct(ones(right)))


def _intersection(left: Value, right: Value) -> Value:
    others = _distinct(ones(right))
    return joined(one for key, one in _distinct(ones(left)).items() if key in others)


def _union(left: Value, right: Value) -> Value:
    return joined(_distinct(ones(left) + ones(right)).values())


def _difference(left: Value, right: Value) -> Value:
    others = _distinct(ones(right))
    return joined(one for key, one in _distinct(ones(left)).items() if key not in others)


def _all(name: str, count: int, result: Result, work: Work, alike: Alike | None = None) -> Function:
    return Function(name, count, count, result, work, Takes.ALL, alike=alike)


MULTIVALUES = (
    Function("mv_append", 2, 2, _common, _append, Takes.ALL, alike=all_alike, grows=True),
    _all("mv_avg", 1, checked(Type.DOUBLE, NUMBER), _of_numbers(_average)),
    _all("mv_concat", 2, checked(Type.KEYWORD, TEXT), _concat),
    _all("mv_contains", 2, _truth, _contains, alike=all_alike),
    _all("mv_count", 1, lambda _: Type.INTEGER, _count),
    _all("mv_dedupe", 1, _first_type, _dedupe),
    _all("mv_difference", 2, _common, _difference, alike=all_alike),
    _all("mv_first", 1, _first_type, _first),
    _all("mv_intersection", 2, _common, _intersection, alike=all_alike),
    _all("mv_intersects", 2, _truth, _intersects, alike=all_alike),
    _all("mv_last", 1, _first_type, _last),
    _all("mv_max", 1, _first_type, _max),
    _all("mv_median", 1, _number_type, _of_numbers(middle)),
    _all("mv_median_absolute_deviation", 1, _number_type, _of_numbers(_deviation)),
    _all("mv_min", 1, _first_type, _min),
    _all("mv_percentile", 2, _number_type, _percentile),
    _all("mv_pseries_weighted_sum", 2, checked(Type.DOUBLE, NUMBER), _pseries),
    Function("mv_slice", 2, 3, _sliced, _slice, Takes.ALL),
    Function("mv_sort", 1, 2, _sorted_type, _sort, Takes.ALL, prepare=_prepare_sort),
    _all("mv_sum", 1, _number_type, _of_numbers(_sum)),
    Function("mv_union", 2, 2, _common, _union, Takes.ALL, alike=all_alike, grows=True),
    Function("mv_zip", 2, 3, checked(Type.KEYWORD, TEXT), _zip, Takes.ALL),
)
