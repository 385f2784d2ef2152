"""A stream in portions: for what is done to many at once, where there may be more than fit into memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in their order, so many at a time; each is taken only once the portions before it were."""
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some
