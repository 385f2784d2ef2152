"""Trained dictionaries, which keep the blocks of small requests small: an agent that sends one event at a time.

A dictionary is kept in the database by number and never changed or removed, since blocks refer to it. A process learns
of a new one within a minute. Making them is events/training.py.
"""

from time import monotonic

from events.errors import BlockError
from events.models import ZstdDictionary

_LOOK_EVERY_SECONDS = 60.0
_newest: tuple[float, int | None] = (float("-inf"), None)


def newest_number() -> int | None:
    """The dictionary that new small blocks use, if any. Asks the database once a minute."""
    global _newest
    looked, number = _newest
    if monotonic() - looked < _LOOK_EVERY_SECONDS:
        return number
    number = ZstdDictionary.objects.order_by("-id").values_list("id", flat=True).first()
    _newest = (monotonic(), number)
    return number


def forget_newest() -> None:
    """Ask again at the next block."""
    global _newest
    _newest = (float("-inf"), None)


def trained(number: int) -> bytes:
    """The dictionary of that number. Raises BlockError."""
    data = ZstdDictionary.objects.filter(pk=number).values_list("data", flat=True).first()
    if data is None:
        raise BlockError(f"the dictionary {number} is not in the database")
    return bytes(data)
