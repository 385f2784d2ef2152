"""Which indices a rule reads: the glob lists that rule files call `index`.

An index is only a string on the event. Elasticsearch's meaning is kept: `*` is the one wildcard, a pattern
with a leading `-` takes out what the patterns before it let in, and names that begin with a dot (alerts,
system indices) are reached only by patterns that begin with a dot. An index behind a data stream or an alias of
Elasticsearch's own is reached by the name that it is known by, as it is there, and by its own; stored alerts, which
have the name of the alias, also by that of the index behind it.
Source: Elasticsearch reference, "Multi-target syntax", hidden indices, "Data streams: backing indices", "Searchable
snapshots" (as index lifecycle management mounts them); Elastic Security, "Query alert indices".
"""

import re
from collections.abc import Sequence
from functools import lru_cache

MAX_PATTERNS = 200
MAX_PATTERN_LENGTH = 255
_BACKING = re.compile(
    r"(?:partial-|restored-)?(?:\.ds-(?P<stream>.+?)(?:-\d{4}\.\d{2}\.\d{2})?|\.internal(?P<alias>\..+))-\d{6,}",
    re.ASCII,
)
_ALIAS_OF_ALERTS, _BEHIND_IT = ".alerts-security.alerts-", ".internal.alerts-security.alerts-"
_OF_ALERTS = (".alerts-", ".internal.alerts-")


def index_matches(patterns: Sequence[str], index: str) -> bool:
    """Whether the pattern list lets this index in. An empty list lets every index in.

    Costs well under a microsecond for names seen before; remembers a bounded number of answers.
    """
    return not patterns or _matches(tuple(patterns), index)


def known_name(index: str) -> str:
    """The name under which an index is searched: the data stream of `.ds-<stream>-<day>-<number>`, the alias of
    `.internal<alias>-<number>`, both also as snapshots are mounted; any other index has its own."""
    found = _BACKING.fullmatch(index)
    return (found["stream"] or found["alias"]) if found else index


def only_of_alerts(patterns: Sequence[str]) -> bool:
    """Whether a pattern list lets in alerts and nothing else, by whichever of their names."""
    included = [pattern for pattern in split_patterns(patterns) if not pattern.startswith("-")]
    return bool(included) and all(pattern.startswith(_OF_ALERTS) for pattern in included)


def may_be_behind_alerts(pattern: str) -> bool:
    """Whether a pattern may mean the index behind the alias that stored alerts are named by."""
    literal = pattern.partition("*")[0]
    return pattern.startswith(".") and (literal.startswith(_BEHIND_IT) or _BEHIND_IT.startswith(literal))


def _names(index: str) -> set[str]:
    behind = {f".internal{index}-000001"} if index.startswith(_ALIAS_OF_ALERTS) else set()
    return {index, known_name(index), *behind}


@lru_cache(maxsize=65_536)
def _matches(patterns: tuple[str, ...], index: str) -> bool:
    names = _names(index)
    included = False
    for pattern in split_patterns(patterns):
        excludes = pattern.startswith("-")
        if included is excludes and any(_pattern_matches(pattern.removeprefix("-"), name) for name in names):
            included = not excludes
    return included


def split_patterns(patterns: Sequence[str]) -> list[str]:
    """One pattern each: a single string may carry several, separated by commas."""
    return [part.strip() for text in patterns for part in text.split(",") if part.strip()]


def _pattern_matches(pattern: str, index: str) -> bool:
    if index.startswith(".") and not pattern.startswith("."):
        return False
    return _glob_matches("*" if pattern == "_all" else pattern, index)


def _glob_matches(pattern: str, text: str) -> bool:
    """`*` stands for any run of characters. Linear in the text: no backtracking to exploit."""
    first, *rest = pattern.split("*")
    if not rest:
        return first == text
    last = rest.pop()
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in rest:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
