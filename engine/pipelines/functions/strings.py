"""Functions of text. Positions and lengths count code points; nothing they answer is longer than LONGEST.

Source: Elasticsearch's ES|QL reference, string functions.
"""

import unicodedata
from typing import Any

from engine.pipelines.functions.kinds import INTEGER, TEXT, checked, reading
from engine.pipelines.functions.several import MOST_VALUES, each
from engine.pipelines.functions.shape import Function, Takes
from engine.pipelines.types import Type, Value

LONGEST = 1 << 20
"""The longest text that a function makes, in bytes of UTF-8 as Elasticsearch bounds it; longer ones are null."""
_SURELY_SHORT = LONGEST // 4

# What Java calls whitespace: no-break spaces are not.
_SPACES = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x20\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
    "\u2028\u2029\u205f\u3000"
)
_JOINER = "\u200d"


def bytes_of(text: str) -> int:
    """How many bytes a text takes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def bounded(text: str) -> str | None:
    """The text, or None when it is longer than any text may be."""
    return text if len(text) <= _SURELY_SHORT or bytes_of(text) <= LONGEST else None


def _concat(*values: Value) -> Value:
    texts: Any = values
    try:
        return bounded("".join(texts)) if sum(map(len, texts)) <= LONGEST else None
    except TypeError:
        read = [TEXT.read(value) for value in values]
        return None if None in read else _concat(*read)


@reading(TEXT)
def _contains(text: str, part: str) -> Value:
    return part in text


@reading(TEXT)
def _starts_with(text: str, start: str) -> Value:
    return text.startswith(start)


@reading(TEXT)
def _ends_with(text: str, end: str) -> Value:
    return text.endswith(end)


@reading(TEXT, INTEGER)
def _left(text: str, count: int) -> Value:
    return text[: max(count, 0)]


@reading(TEXT, INTEGER)
def _right(text: str, count: int) -> Value:
    return text[-count:] if count > 0 else ""


def start_index(text: str, start: int) -> int:
    """Where a position counted from 1 begins, from the end when negative; 0 is the beginning too."""
    index = start - 1 if start > 0 else len(text) + start if start < 0 else 0
    return min(max(index, 0), len(text))


@reading(TEXT, INTEGER)
def _substring(text: str, start: int, length: int | None = None) -> Value:
    if length is not None and length < 0:
        return None
    first = start_index(text, start)
    return text[first:] if length is None else text[first : first + length]


@reading(TEXT, TEXT, INTEGER)
def _locate(text: str, part: str, start: int = 0) -> Value:
    return text.find(part, start_index(text, start)) + 1


@reading(TEXT)
def _length(text: str) -> Value:
    return len(text)


@reading(TEXT)
def _byte_length(text: str) -> Value:
    return bytes_of(text)


@reading(TEXT)
def _bit_length(text: str) -> Value:
    return bytes_of(text) * 8


@reading(TEXT)
def _trim(text: str) -> Value:
    return text.strip(_SPACES)


@reading(TEXT)
def _ltrim(text: str) -> Value:
    return text.lstrip(_SPACES)


@reading(TEXT)
def _rtrim(text: str) -> Value:
    return text.rstrip(_SPACES)


@reading(TEXT, INTEGER)
def _repeat(text: str, times: int) -> Value:
    return text * times if times >= 0 and bytes_of(text) * times <= LONGEST else None


@reading(INTEGER)
def _space(count: int) -> Value:
    return " " * count if 0 <= count <= LONGEST else None


def _extends(character: str) -> bool:
    """Whether a character belongs to the one before it: an accent, a variation, a joiner."""
    return unicodedata.category(character) in ("Mn", "Me", "Mc") or character == _JOINER


@reading(TEXT)
def _reverse(text: str) -> Value:
    if text.isascii():
        return text[::-1]
    clusters: list[str] = []
    for character in text:
        if clusters and (_extends(character) or clusters[-1].endswith(_JOINER)):
            clusters[-1] += character
        else:
            clusters.append(character)
    return "".join(reversed(clusters))


@reading(TEXT)
def _split(text: str, delimiter: str) -> Value:
    if not delimiter or text.count(delimiter) >= MOST_VALUES:
        return None
    parts = text.split(delimiter)
    return tuple(parts) if len(parts) > 1 else text


_lower = each(reading(TEXT)(str.lower))
_upper = each(reading(TEXT)(str.upper))

_KEYWORD_OF_TEXT = checked(Type.KEYWORD, TEXT)
_INTEGER_OF_TEXT = checked(Type.INTEGER, TEXT)
_TRUTH_OF_TEXTS = checked(Type.BOOLEAN, TEXT)
_KEYWORD_OF_COUNT = checked(Type.KEYWORD, TEXT, INTEGER)

STRINGS = (
    Function("concat", 1, None, _KEYWORD_OF_TEXT, _concat),
    Function("contains", 2, 2, _TRUTH_OF_TEXTS, _contains, any=True),
    Function("starts_with", 2, 2, _TRUTH_OF_TEXTS, _starts_with, any=True),
    Function("ends_with", 2, 2, _TRUTH_OF_TEXTS, _ends_with, any=True),
    Function("left", 2, 2, _KEYWORD_OF_COUNT, _left),
    Function("right", 2, 2, _KEYWORD_OF_COUNT, _right),
    Function("substring", 2, 3, _KEYWORD_OF_COUNT, _substring),
    Function("locate", 2, 3, checked(Type.INTEGER, TEXT, TEXT, INTEGER), _locate),
    Function("length", 1, 1, _INTEGER_OF_TEXT, _length),
    Function("byte_length", 1, 1, _INTEGER_OF_TEXT, _byte_length),
    Function("bit_length", 1, 1, _INTEGER_OF_TEXT, _bit_length),
    Function("trim", 1, 1, _KEYWORD_OF_TEXT, _trim),
    Function("ltrim", 1, 1, _KEYWORD_OF_TEXT, _ltrim),
    Function("rtrim", 1, 1, _KEYWORD_OF_TEXT, _rtrim),
    Function("repeat", 2, 2, _KEYWORD_OF_COUNT, _repeat),
    Function("space", 1, 1, checked(Type.KEYWORD, INTEGER), _space),
    Function("reverse", 1, 1, _KEYWORD_OF_TEXT, _reverse),
    Function("split", 2, 2, _KEYWORD_OF_TEXT, _split),
    Function("to_lower", 1, 1, _KEYWORD_OF_TEXT, _lower, Takes.ALL),
    Function("to_upper", 1, 1, _KEYWORD_OF_TEXT, _upper, Takes.ALL),
)
