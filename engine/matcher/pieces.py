"""What is searched for a pattern: the pattern itself, or a piece of it that a machine of few states finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import re2

from engine.patterns import Pattern, Wild, pattern_test

_SHORTEST_PIECE = 4
# Patterns often begin alike (`C:\Windows\`), so that a piece further in tells more.
_HEAD_COUNTS = 0.6
# So many pieces in a row make a machine larger than all others together.
_MOST_SEGMENTS = 40

Part = str | Wild


@dataclass(frozen=True, slots=True)
class Found:
    """An RE2 expression; where it is only a piece of the pattern, or nothing, the pattern `decides`. Heavy ones take
    many states, each combined with those of all others."""

    expression: str
    decides: Pattern | None = None
    heavy: bool = False

    def caseless(self) -> "Found":
        """The same without regard to case."""
        return replace(self, expression=f"(?i:{self.expression})")


def found_by(what: Pattern | str) -> Found:
    """What is searched for a pattern, or for the RE2 source of a regular expression."""
    if isinstance(what, str):
        return Found(rf"\A(?:{what})\z", heavy=True)
    segments = _segments(what.parts)
    if len([segment for segment in segments if segment]) == 1:
        return Found(_expression(segments, next(at for at, segment in enumerate(segments) if segment)))
    best = max(range(len(segments)), key=lambda at: _weight(segments[at]) * (_HEAD_COUNTS if at == 0 else 1))
    if _weight(segments[best]) >= _SHORTEST_PIECE:
        return Found(_expression(segments, best), what)
    if len(segments) > _MOST_SEGMENTS:
        return Found("", what)
    return Found(rf"\A{'.*'.join(map(_source, segments))}\z", heavy=True)


def _segments(parts: Sequence[Part]) -> list[list[Part]]:
    """What stands before, between and after the stars; nothing stands before a leading one."""
    segments: list[list[Part]] = [[]]
    for part in parts:
        if part is Wild.RUN:
            segments.append([])
        else:
            segments[-1].append(part)
    return segments


def _weight(segment: list[Part]) -> int:
    """How much a segment tells: the characters of its longest literal."""
    return max((len(part) for part in segment if isinstance(part, str)), default=0)


def _expression(segments: list[list[Part]], at: int) -> str:
    head = r"\A" if at == 0 else ""
    tail = r"\z" if at == len(segments) - 1 else ""
    return f"{head}{_source(segments[at])}{tail}"


def _source(segment: list[Part]) -> str:
    return "".join(re2.escape(part) if isinstance(part, str) else "." for part in segment)


def quickly(pattern: Pattern) -> Callable[[str], bool]:
    """The pattern's own test, asked only of texts that hold all of its pieces: RE2, which patterns with `?` take,
    costs four microseconds a text. Other letters than ASCII may be half a surrogate pair, which only the test reads."""
    test = pattern_test(pattern)
    pieces = tuple(part for part in pattern.parts if isinstance(part, str))
    if Wild.ONE not in pattern.parts or not all(map(str.isascii, pieces)):
        return test
    last = pieces[-1] if pieces and pattern.parts[-1] is not Wild.ONE and pattern.parts[-1] is not Wild.RUN else ""

    def fits(text: str) -> bool:
        if text.isascii() and not (text.endswith(last) and all(piece in text for piece in pieces)):
            return False
        return test(text)

    return fits
