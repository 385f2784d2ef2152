"""The parts that Lucene's regular expressions are read into, and how RE2 is told of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.lucene_classes import Ranges, class_source

CLASS_WEIGHT = 8
_MOST_UNLIKE = 50
_CHARACTER = re.compile(r"(?P<plain>\w)|\\x\{(?P<code>[0-9A-F]{1,6})\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plain:
    """A part that RE2 judges; `weight` is roughly how large it is to RE2, with its repetitions written out.

    Of characters and classes in a row `steps` has for each what fits and what does not; it is None of other parts.
    """

    source: str
    weight: int = 1
    steps: "tuple[tuple[str, str], ...] | None" = None


@dataclass(frozen=True, slots=True)
class Either:
    """`|` of parts of which RE2 cannot judge all."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Both:
    """`&`, at this place in the expression."""

    parts: "tuple[Node, ...]"
    at: int


@dataclass(frozen=True, slots=True)
class Except:
    """`~`, at this place in the expression."""

    part: "Node"
    at: int


Node: TypeAlias = Plain | Either | Both | Except


def one_of(ranges: Ranges, negated: bool) -> Plain:
    """A class of characters."""
    source = class_source(ranges, negated)
    return Plain(source, CLASS_WEIGHT, ((source, class_source(ranges, not negated)),))


def any_of(parts: Sequence[Plain]) -> Plain:
    """Any of some parts."""
    return Plain("(?:" + "|".join(part.source for part in parts) + ")", sum(part.weight for part in parts))


def steps_of(parts: Sequence[Plain]) -> tuple[tuple[str, str], ...] | None:
    """The steps of parts one after another, where all are characters and classes and not too many."""
    steps: list[tuple[str, str]] = []
    for part in parts:
        if part.steps is None or len(steps) + len(part.steps) > _MOST_UNLIKE:
            return None
        steps += part.steps
    return tuple(steps)


def unlike(steps: Sequence[tuple[str, str]]) -> str:
    """Every text that is not these characters: it ends early, goes astray at one of them, or goes on behind them."""
    source = "(?:.+)"
    for fits, astray in reversed(steps):
        source = f"(?:|{astray}.*|{fits}{source})"
    return source


def literal_of(part: Plain) -> str | None:
    """The text that is all that a part fits; None of parts with classes, choices or repetitions."""
    characters = [_CHARACTER.fullmatch(fits) for fits, _ in part.steps or ()]
    if not characters or None in characters:
        return None
    return "".join(found["plain"] or chr(int(found["code"], 16)) for found in characters if found)


def plain_parts(node: Node) -> Iterator[Plain]:
    """The parts that RE2 judges, of which the whole is made."""
    match node:
        case Plain():
            yield node
        case Either(parts) | Both(parts):
            for part in parts:
                yield from plain_parts(part)
        case Except(part):
            yield from plain_parts(part)


def escaped(code: int) -> str:
    """One character as RE2 reads it; half of one is the question mark that stands for it in values."""
    character = chr(code)
    if character.isascii() and (character.isalnum() or character == "_"):
        return character
    return r"\?" if 0xD800 <= code <= 0xDFFF else f"\\x{{{code:X}}}"
