r"""String literals of EQL: between quotation marks with escapes, between three of them as it stands.

In the first `\b \t \n \f \r \" \' \\` and code points (`\u0041`, `\u{1f4a9}`) are escapes, and any other backslash is
an error. Neither goes on over the end of a line.
Source: Elasticsearch's EQL syntax reference, "Strings".
"""

import re

from engine.errors import LanguageError
from engine.languages.quoted import quoted_at

_CODE = re.compile(r"\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]+)\})")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def string_at(text: str, start: int) -> tuple[str, int]:
    """The string that begins here, and the place behind it.

    Raises: LanguageError for other quotes, a bad escape, a string that is never closed.
    """
    if text.startswith("?", start):
        mark = text[start : start + 2]
        raise _error(text, start, 2, f"`{mark}` does not begin a string", 'Put a string without escapes into `"""`.')
    if text.startswith("'", start):
        raise _error(text, start, 1, "a string stands in double quotation marks", "Write `\"` instead of `'`.")
    return quoted_at(text, start, _escape_at, called="string")


def _escape_at(text: str, position: int) -> tuple[str, int]:
    following = text[position + 1 : position + 2]
    if following in _ESCAPES and following:
        return _ESCAPES[following], position + 2
    if following == "u":
        return _code_point_at(text, position)
    raise _error(
        text,
        position,
        2,
        f"`\\{following.strip()}` is not an escape",
        r'Write `\\` for a backslash, or put the string into `"""`.',
    )


def _code_point_at(text: str, position: int) -> tuple[str, int]:
    found = _CODE.match(text, position)
    if found is None:
        raise _error(text, position, 2, r"`\u` needs four hexadecimal digits", r"Such as `\u0041`, or `\u{1f4a9}`.")
    digits = found[1] or found[2]
    if found[2] and not 2 <= len(digits) <= 8:
        raise _error(text, position, len(found[0]), "a code point in braces has two to eight hexadecimal digits")
    code = int(digits, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise _error(text, position, len(found[0]), "this is not the number of a character")
    return chr(code), found.end()


def _error(text: str, start: int, width: int, message: str, hint: str | None = None) -> LanguageError:
    return LanguageError.at(text, start, width, message, hint)
