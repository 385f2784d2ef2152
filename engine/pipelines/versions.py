"""The order of versions: numbers by their size, a version before its release earlier than the release.

`1.2.3`, `1.2.3-alpha.4`, `1.10+build7`. A text that is not written like this is a version all the same; such come
after all others, in the order of their texts.
Source: Elasticsearch's reference, version field type (it follows semver.org).
"""

import re
from functools import lru_cache
from typing import TypeAlias

_LONGEST = 1_024
_VERSION = re.compile(r"([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")

Key: TypeAlias = tuple[object, ...]


def is_version(text: str) -> bool:
    """Whether a text may stand as a version at all; only its length is against it."""
    return 0 < len(text) <= _LONGEST


@lru_cache(maxsize=8_192)
def version_key(text: str) -> Key:
    """What versions are ordered and told apart by."""
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return (1, text)
    numbers, before, build = found.groups()
    return (0, tuple(map(_number, numbers.split("."))), before is None, _parts(before or ""), build or "")


def _number(digits: str) -> tuple[int, str]:
    """Digits in the order of the number they write, however many there are."""
    bare = digits.lstrip("0")
    return len(bare), bare


def _parts(before: str) -> tuple[tuple[int, int, str], ...]:
    """The identifiers before a release: numbers come before words."""
    return tuple(
        (0, *_number(part)) if part.isascii() and part.isdigit() else (1, 0, part) for part in before.split(".") if part
    )
