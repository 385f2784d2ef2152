"""What of an exported object a column can hold, and what is kept of an exported list."""

from collections.abc import Mapping
from typing import Any

import orjson

from rules.importing.sources import Found

MAX_DEPTH = 40
MAX_LIST_BYTES = 4_000

_LIST_TEXTS = {"list_id": 255, "type": 40, "namespace_type": 40, "name": 255, "description": 2_000}
_LIST_KEYS = (*_LIST_TEXTS, "os_types", "tags", "meta", "immutable", "version")


def plain_list(listed: Found) -> dict[str, Any] | None:
    """What is kept of its list with each item: what an export needs of it, of a long one only what it is."""
    if not is_plain(listed.data):
        return None
    kept = {key: listed.data[key] for key in _LIST_KEYS if key in listed.data}
    if len(orjson.dumps(kept)) <= MAX_LIST_BYTES:
        return kept
    texts = {key: kept.get(key) for key in _LIST_TEXTS}
    return {key: text[: _LIST_TEXTS[key]] for key, text in texts.items() if isinstance(text, str)}


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a JSON column can hold it: no NUL, not bottomless."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return all("\0" not in key and is_plain(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return all(is_plain(item, depth + 1) for item in value)
    return not isinstance(value, str) or "\0" not in value
