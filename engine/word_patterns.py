"""Many patterns against the words of a text: true when any of the words fits any of the patterns.

Short texts and few patterns are asked word by word. Else all words are put into one text, each on a line, and every
pattern is searched in that once: its cost then is the length of the text, not a call for each word.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import re2

from engine.patterns import Pattern, Wild, parse_pattern, pattern_test

WordsTest: TypeAlias = Callable[[tuple[str, ...]], bool]

_FEW_CALLS = 2_000
_MEMORY = 64 << 20
_SOURCE = {Wild.RUN: "[^\n]*", Wild.ONE: "[^\n]"}


def any_word_test(patterns: Sequence[str]) -> WordsTest:
    """The test for patterns that hold wildcards, written for folded words."""
    parsed = [parse_pattern(pattern) for pattern in patterns]
    by_word = [pattern_test(pattern) for pattern in parsed]

    def test(words: tuple[str, ...]) -> bool:
        if len(words) * len(by_word) > _FEW_CALLS:
            words = tuple(dict.fromkeys(words))
        if len(words) * len(by_word) > _FEW_CALLS:
            return _any_in_lines(parsed, "\n" + "\n".join(words) + "\n")
        return any(fits(word) for fits in by_word for word in words)

    return test


def _any_in_lines(patterns: Sequence[Pattern], lines: str) -> bool:
    encoded = lines.encode("utf-8", "replace")
    searched = ((_needle(pattern), pattern) for pattern in patterns)
    return any(found in lines and (whole or _fits_a_line(pattern, encoded)) for (found, whole), pattern in searched)


def _needle(pattern: Pattern) -> tuple[str, bool]:
    """The longest text that the lines hold when one of them fits, and whether that is all that it takes."""
    pieces = [
        ("\n" if at == 0 else "") + part + ("\n" if at == len(pattern.parts) - 1 else "")
        for at, part in enumerate(pattern.parts)
        if isinstance(part, str)
    ]
    return max(pieces, key=len, default="\n"), Wild.ONE not in pattern.parts and len(pieces) == 1


def _fits_a_line(pattern: Pattern, lines: bytes) -> bool:
    """Costs some tens of microseconds to make the machine, which is not kept: it can grow large."""
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True
    parts = (re2.escape(_encodable(part)) if isinstance(part, str) else _SOURCE[part] for part in pattern.parts)
    return re2.compile("\n" + "".join(parts) + "\n", options).search(lines) is not None


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
