"""Choices of one value from each of several arrays, where there are more of them than can be tried.

The arrays are the sender's: taken in plain order, a few hundred values in front of the one that counts would hide it in
any array but the first. So beyond the bound all arrays are gone into equally far.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, product
from math import prod
from typing import TypeVar

_Value = TypeVar("_Value")


def choices_of(arrays: Sequence[Sequence[_Value]], most: int) -> Iterator[tuple[_Value, ...]]:
    """Every choice of one value from each array, in the order of the arrays; of more than `most` choices those whose
    values stand nearest to the front, and no more than that. Without arrays the one empty choice."""
    if prod(map(len, arrays)) <= most:
        return product(*arrays)
    return islice(_shells(arrays), most)


def _shells(arrays: Sequence[Sequence[_Value]]) -> Iterator[tuple[_Value, ...]]:
    """All choices, by the furthest place that one of their values has, and each choice once."""
    for furthest in range(max(map(len, arrays))):
        for number, array in enumerate(arrays):
            if furthest < len(array):
                nearer = [other[:furthest] for other in arrays[:number]]
                as_near = [other[: furthest + 1] for other in arrays[number + 1 :]]
                yield from product(*nearer, array[furthest : furthest + 1], *as_near)
