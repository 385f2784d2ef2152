"""Kibana's exports, as far as they are JSON: which lines are rules, and which belong to their exceptions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

EXPORT_SUFFIXES = (".ndjson", ".json")
LONGEST_FIRST_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of an export and the line it stands on, counted from 1; `error` says why there is none."""

    line: int
    data: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


def entries_of(text: str) -> Iterator[Entry]:
    """The objects of an export: one a line, or one JSON document that is a rule or a list of rules."""
    whole = _parsed(text)
    if isinstance(whole, list):
        for item in whole:
            yield Entry(1, item) if isinstance(item, dict) else Entry(1, error="holds something that is no JSON object")
        return
    if isinstance(whole, dict):
        yield Entry(1, whole)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            parsed = _parsed(line)
            yield Entry(number, parsed) if isinstance(parsed, dict) else Entry(number, error="is not a JSON object")


def is_rule(data: Mapping[str, Any]) -> bool:
    """Whether the object is a rule; lists, exceptions, connectors and the summary at the end are not."""
    return "risk_score" in data or "rule_id" in data


def begins_like_an_export(path: Path) -> bool:
    """Whether the first object of the file is a rule; a file of which that cannot be said is none."""
    try:
        with path.open("rb") as lines:
            first = lines.readline(LONGEST_FIRST_LINE)
            entry = _parsed(first) if first.rstrip() not in (b"{", b"[") else _parsed(first + lines.read())
    except OSError:
        return False
    if isinstance(entry, list):
        entry = entry[0] if entry else None
    return isinstance(entry, dict) and is_rule(entry)


def _parsed(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
