"""Which of many addresses and networks an address lies in, with one binary search."""

from bisect import bisect_right
from collections.abc import Iterable


class AddressTable:
    """The number line of addresses cut wherever a network begins or ends; each piece knows the bits that hold in it."""

    __slots__ = ("_bits", "_starts")

    def __init__(self, ranges: Iterable[tuple[int, int, int]]) -> None:
        """`ranges` are first address, last address, bit."""
        ranges = list(ranges)
        self._starts = sorted({edge for first, last, _ in ranges for edge in (first, last + 1)})
        self._bits = [0] * len(self._starts)
        for first, last, bit in ranges:
            for at in range(bisect_right(self._starts, first) - 1, bisect_right(self._starts, last)):
                self._bits[at] |= bit

    def bits_of(self, address: int) -> int:
        """The bits of the ranges that hold the address."""
        at = bisect_right(self._starts, address)
        return self._bits[at - 1] if at else 0
