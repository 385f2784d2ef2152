"""The memory that all tables of a matcher share: when it is used up, all of them are emptied."""

from collections.abc import Callable


class Room:
    """A budget of bytes. Tables that take from it can be emptied by it."""

    __slots__ = ("_lasting", "_left", "_passing", "_size")

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._lasting: list[Callable[[], None]] = []
        self._passing: list[Callable[[], None]] = []

    def add(self, clear: Callable[[], None], *, lasting: bool = False) -> None:
        """Make known how a table is emptied; a lasting one outlives the groups of events."""
        (self._lasting if lasting else self._passing).append(clear)

    def take(self, count: int) -> None:
        """Note that some bytes were taken; empties every table when there are none left."""
        self._left -= count
        if self._left < 0:
            self.empty()

    def empty(self) -> None:
        """Empty every table."""
        for clear in (*self._lasting, *self._passing):
            clear()
        self._left = self._size

    def forget(self) -> None:
        """Empty the lasting tables and let go of the others, because nobody uses them any more."""
        self.empty()
        self._passing.clear()
        self._left = self._size


ENTRY = 150  # bytes of a dictionary's entry, the objects of key and answer


def cost_of(value: object, longest: int, most: int) -> int:
    """Roughly the bytes that keeping an answer for this value takes; 0 when it is too long to be kept."""
    if isinstance(value, str):
        return ENTRY + len(value) if len(value) <= longest else 0
    if isinstance(value, tuple):
        if len(value) > most:
            return 0
        return _cost_of_several(value, longest)
    return ENTRY if value is None or isinstance(value, int | float) else 0


def _cost_of_several(values: tuple[object, ...], longest: int) -> int:
    """As `cost_of`; nearly all arrays are of texts alone, and their lengths are added up at once."""
    try:
        size = sum(map(len, values))  # type: ignore[arg-type]
    except TypeError:
        size = sum(len(element) if isinstance(element, str) else 8 for element in values)
    return ENTRY + size + 60 * len(values) if size <= longest else 0
