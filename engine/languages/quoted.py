r"""What EQL's strings and ES|QL's texts share: between quotation marks with escapes, or between three as it stands.

Which escapes there are is each language's own. Neither goes on over the end of a line.
"""

import re
from collections.abc import Callable

from engine.errors import LanguageError

_RUN = re.compile(r'[^"\\\r\n]+')
_RAW_END = re.compile(r'"""+|[\r\n]')

EscapeAt = Callable[[str, int], tuple[str, int]]
"""What an escape at a place of the text stands for, and the place behind it."""


def quoted_at(text: str, start: int, escape_at: EscapeAt, *, called: str) -> tuple[str, int]:
    """What stands between the quotation marks that begin here, and the place behind them; errors say what it is called.

    Raises: LanguageError for one that is never closed, and what `escape_at` raises.
    """
    if text.startswith('"""', start):
        return _raw_at(text, start, called)
    return _escaped_at(text, start, escape_at, called)


def _raw_at(text: str, start: int, called: str) -> tuple[str, int]:
    """Up to the next three quotation marks on the line; one or two more right behind belong to it."""
    closing = _RAW_END.search(text, start + 3)
    if closing is None or not closing[0].startswith('"'):
        raise LanguageError.at(text, start, 3, f"this {called} is never closed on its line", 'Close it with `"""`.')
    end = min(closing.end(), closing.start() + 5)
    return text[start + 3 : end - 3], end


def _escaped_at(text: str, start: int, escape_at: EscapeAt, called: str) -> tuple[str, int]:
    parts: list[str] = []
    position = start + 1
    while position < len(text) and text[position] not in '"\r\n':
        run = _RUN.match(text, position)
        part, position = (run[0], run.end()) if run else escape_at(text, position)
        parts.append(part)
    if not text.startswith('"', position):
        raise LanguageError.at(text, start, 1, f"this {called} is never closed on its line", 'Close it with `"`.')
    return "".join(parts), position + 1
