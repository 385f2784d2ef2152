r"""Texts of ES|QL: between quotation marks with escapes, between three of them as they stand.

In the first `\t \n \r \" \\` are escapes, and any other backslash is an error. Neither goes on over the end of a line.
Source: Elasticsearch's ES|QL reference, "Basic syntax".
"""

import re

from engine.errors import LanguageError

_RUN = re.compile(r'[^"\\\r\n]+')
_RAW_END = re.compile(r'"""+|[\r\n]')
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "\\": "\\"}


def string_at(text: str, start: int) -> tuple[str, int]:
    """The text that begins here, and the place behind it.

    Raises: LanguageError for other quotes, a bad escape, a text that is never closed.
    """
    if text.startswith("'", start):
        raise LanguageError.at(text, start, 1, "a text stands in double quotation marks", "Write `\"` instead of `'`.")
    return _raw_at(text, start) if text.startswith('"""', start) else _escaped_at(text, start)


def _raw_at(text: str, start: int) -> tuple[str, int]:
    """Up to the next three quotation marks on the line; one or two more right behind belong to the text."""
    closing = _RAW_END.search(text, start + 3)
    if closing is None or not closing[0].startswith('"'):
        raise LanguageError.at(text, start, 3, "this text is never closed on its line", 'Close it with `"""`.')
    end = min(closing.end(), closing.start() + 5)
    return text[start + 3 : end - 3], end


def _escaped_at(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start + 1
    while position < len(text) and text[position] not in '"\r\n':
        run = _RUN.match(text, position)
        part, position = (run[0], run.end()) if run else _escape_at(text, position)
        parts.append(part)
    if not text.startswith('"', position):
        raise LanguageError.at(text, start, 1, "this text is never closed on its line", 'Close it with `"`.')
    return "".join(parts), position + 1


def _escape_at(text: str, position: int) -> tuple[str, int]:
    following = text[position + 1 : position + 2]
    if following and following in _ESCAPES:
        return _ESCAPES[following], position + 2
    message = f"`\\{following.strip()}` is not an escape"
    hint = r'Write `\\` for a backslash, or put the text into `"""`.'
    raise LanguageError.at(text, position, 2, message, hint)
