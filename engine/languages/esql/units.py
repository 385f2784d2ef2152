"""Units of time as ES|QL writes them: in the singular or plural, or short.

Source: Elasticsearch's ES|QL reference, "Time spans".
"""

_WRITTEN = {
    "millisecond": "milliseconds ms",
    "second": "seconds sec s",
    "minute": "minutes min",
    "hour": "hours h",
    "day": "days d",
    "week": "weeks w",
    "month": "months mo",
    "quarter": "quarters q",
    "year": "years yr y",
}
UNITS = {word: unit for unit, words in _WRITTEN.items() for word in (unit, *words.split())}
"""Every way to write a unit, in small letters, and what nodes call it."""


def unit_of(word: str) -> str | None:
    """The unit in the singular (`min` is `minute`), whatever its case; None for no unit."""
    return UNITS.get(word.lower())
