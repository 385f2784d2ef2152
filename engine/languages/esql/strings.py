r"""Texts of ES|QL: between quotation marks with escapes, between three of them as they stand.

In the first `\t \n \r \" \\` are escapes, and any other backslash is an error. Neither goes on over the end of a line.
Source: Elasticsearch's ES|QL reference, "Basic syntax".
"""

from engine.errors import LanguageError
from engine.languages.quoted import quoted_at

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "\\": "\\"}


def string_at(text: str, start: int) -> tuple[str, int]:
    """The text that begins here, and the place behind it.

    Raises: LanguageError for other quotes, a bad escape, a text that is never closed.
    """
    if text.startswith("'", start):
        raise LanguageError.at(text, start, 1, "a text stands in double quotation marks", "Write `\"` instead of `'`.")
    return quoted_at(text, start, _escape_at, called="text")


def _escape_at(text: str, position: int) -> tuple[str, int]:
    following = text[position + 1 : position + 2]
    if following and following in _ESCAPES:
        return _ESCAPES[following], position + 2
    message = f"`\\{following.strip()}` is not an escape"
    hint = r'Write `\\` for a backslash, or put the text into `"""`.'
    raise LanguageError.at(text, position, 2, message, hint)
