"""Values as KQL, so that whatever an event holds is asked for and never read as a query.

A quoted value of KQL has no wildcards and only two characters to escape. Control and invisible characters are written
by number: a search box has one line, and what cannot be seen should not be typed.
Source: engine/languages/kql_lexer.py.
"""

import re
from collections.abc import Sequence

from engine.languages.kql_lexer import read_tokens

LONGEST_VALUE = 1_000
MOST_VALUES = 10
_PLAIN_NAME = re.compile(r"[A-Za-z_@][A-Za-z0-9_@-]*(?:\.[A-Za-z0-9_@-]+)*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}


class UnwritableError(Exception):
    """A value that no query can hold."""


def quoted(value: str) -> str:
    """The value as a literal that means exactly itself.

    Raises: UnwritableError for a long one, and for half a character.
    """
    if len(value) > LONGEST_VALUE:
        raise UnwritableError(f"the value has {len(value):,} characters")
    literal = f'"{"".join(map(_escaped, value))}"'
    if read_tokens(literal)[0].text != value:
        raise UnwritableError("the value has characters that no query can hold")
    return literal


def one_of(values: Sequence[str], *, together: bool = False) -> str:
    """Several values as a list, joined by `or`, or by `and` where all are wanted. Raises: UnwritableError."""
    literals = [quoted(value) for value in dict.fromkeys(values)]
    if len(literals) > MOST_VALUES:
        raise UnwritableError(f"there are {len(literals)} values")
    return literals[0] if len(literals) == 1 else f"({(' and ' if together else ' or ').join(literals)})"


def clause(field: str, value: str) -> str:
    """`host.name: "web-1"`. Raises: UnwritableError."""
    return f"{field_name(field)}: {quoted(value)}"


def field_name(name: str) -> str:
    """The name, if it may stand in a query without quotes. Raises: UnwritableError."""
    if not _PLAIN_NAME.fullmatch(name) or len(name) > 200:
        raise UnwritableError("the name of the field cannot stand in a query")
    return name


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
