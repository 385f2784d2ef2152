"""Whole numbers as addresses and forms have them: whatever stands there instead is nothing, and no error."""

from collections.abc import Iterable

MOST_DIGITS = 18
"""Every number of so many digits is one that a column of the database can be asked for."""


def whole(text: str, digits: int = MOST_DIGITS) -> int | None:
    """The number that a text is in the digits 0 to 9; None for what is none, and for one of more digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def wholes(texts: Iterable[str]) -> list[int]:
    """Those of the texts that are numbers, in their order."""
    return [number for text in texts if (number := whole(text)) is not None]
