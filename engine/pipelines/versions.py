"""The order of software versions: by their numbers, a pre-release before its release, what is no version last.

Source: Elasticsearch reference, version field type; Semantic Versioning 2.0, precedence.
"""

import re
from functools import lru_cache
from typing import TypeAlias

_VERSION = re.compile(
    r"(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18})*)"
    r"(?:-(?P<before>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+(?P<build>[0-9A-Za-z.-]+))?"
)
_LONGEST = 1_024

VersionKey: TypeAlias = tuple[int, tuple[int, ...], int, tuple[tuple[int, int, str], ...], str]


@lru_cache(maxsize=8_192)
def version_key(text: str) -> VersionKey:
    """What versions sort and compare by."""
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return 1, (), 0, (), text
    numbers = tuple(int(part) for part in found["numbers"].split("."))
    before = found["before"]
    parts = tuple(_identifier(part) for part in before.split(".")) if before else ()
    return 0, numbers, 0 if before else 1, parts, text


def _identifier(part: str) -> tuple[int, int, str]:
    """Numbers come before words, and by their size."""
    return (0, int(part), "") if part.isascii() and part.isdigit() and len(part) <= 18 else (1, 0, part)
