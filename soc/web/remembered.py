"""What a process has just found and need not look for again at once: a few answers, each for some seconds.

Only for what may be said that long after it was true. Nothing is told to other processes.
"""

from collections import OrderedDict
from collections.abc import Hashable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Answers by what was asked, for `seconds`; of more than `most` the oldest are forgotten."""

    def __init__(self, seconds: float, most: int) -> None:
        self.seconds = seconds
        self._most = most
        self._known: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()

    def get(self, asked: Hashable) -> T | None:
        """The answer, if it is young enough."""
        found = self._known.get(asked)
        return found[1] if found is not None and monotonic() - found[0] <= self.seconds else None

    def put(self, asked: Hashable, answer: T) -> T:
        """Keep an answer; gives it back. Threads may do so at once: at worst one answer more is forgotten."""
        self._known[asked] = (monotonic(), answer)
        while len(self._known) > self._most:
            try:
                self._known.popitem(last=False)
            except KeyError:
                break
        return answer

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
