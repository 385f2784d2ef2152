"""Classes of characters in Lucene's regular expressions, as ranges of code points."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from engine.folding import fold as folded

Ranges: TypeAlias = tuple[tuple[int, int], ...]
NO_CHARACTER = r"[^\x{0}-\x{10FFFF}]"
_LAST = 0x10FFFF
_LAST_CASED = 0x1FFFF
CLASSES: Mapping[str, Ranges] = MappingProxyType(
    {
        "d": ((0x30, 0x39),),
        "s": ((0x20, 0x20), (0x09, 0x0A), (0x0D, 0x0D)),
        "w": ((0x61, 0x7A), (0x41, 0x5A), (0x5F, 0x5F), (0x30, 0x39)),
    }
)
r"""What `\d`, `\s` and `\w` stand for: ASCII only, as in Lucene."""


def class_source(ranges: Ranges, negated: bool) -> str:
    """The class as RE2 reads it."""
    inner = "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in _without_surrogates(ranges))
    if not inner:
        return "." if negated else NO_CHARACTER
    return f"[{'^' if negated else ''}{inner}]"


def _without_surrogates(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """RE2 takes no half characters; events never hold them."""
    for first, last in dict.fromkeys(ranges):
        if first < 0xD800:
            yield first, min(last, 0xD7FF)
        if last > 0xDFFF:
            yield max(first, 0xE000), last


def complement(ranges: Ranges) -> Ranges:
    """All characters but these."""
    found: list[tuple[int, int]] = []
    following = 0
    for first, last in sorted(ranges):
        if first > following:
            found.append((following, first - 1))
        following = max(following, last + 1)
    return (*found, (following, _LAST))


def folded_ranges(ranges: Ranges) -> Ranges:
    """The ranges with the folded forms of what is in them. (That the others stay in does no harm: a folded value
    does not have them.)"""
    sources, targets = _fold_table()
    added: dict[int, None] = {}
    for first, last in dict.fromkeys(ranges):
        added.update(dict.fromkeys(targets[bisect_left(sources, first) : bisect_right(sources, last)]))
    return (*ranges, *((target, target) for target in added))


@lru_cache(maxsize=1)
def _fold_table() -> tuple[list[int], list[int]]:
    """Every character that folding changes, in order, and what each becomes. Takes a tenth of a second, once."""
    pairs = [(code, ord(folded(chr(code)))) for code in range(_LAST_CASED + 1)]
    changed = [(code, target) for code, target in pairs if code != target]
    return [code for code, _ in changed], [target for _, target in changed]
