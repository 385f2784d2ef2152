"""Which exception entries may be kept at all, before it is asked what they mean.

Entries come from forms and files, so they may hold whatever JSON can: what no column, page or rule file could hold
afterwards is turned away here. What an entry means is read by engine/languages/exceptions.py.
"""

import re
from collections.abc import Mapping
from typing import Any

_PARTS = frozenset({"field", "type", "operator", "value", "case_sensitive"})
_LIST_PARTS = frozenset({"id", "type"})
_LARGEST = 2**63
_HALF = re.compile("[\ud800-\udfff]")  # half a character: JSON can write it, UTF-8 cannot


def is_storable(entry: object) -> bool:
    """Whether the entry has only parts that we know, of text and numbers that can be stored, nested once at most."""
    if not isinstance(entry, Mapping):
        return False
    simple = dict(entry)
    named, inner = simple.pop("list", {}), simple.pop("entries", [])
    if not isinstance(inner, list | tuple) or not all(_is_simple(part, _PARTS) for part in inner):
        return False
    return _is_simple(simple, _PARTS) and _is_simple(named, _LIST_PARTS)


def _is_simple(parts: object, known: frozenset[str]) -> bool:
    return isinstance(parts, Mapping) and set(parts) <= known and all(map(_is_value, parts.values()))


def _is_value(value: Any) -> bool:
    return all(map(_is_scalar, value)) if isinstance(value, list | tuple) else _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not _HALF.search(value)
    return value is None or (isinstance(value, int | float) and -_LARGEST < value < _LARGEST)
