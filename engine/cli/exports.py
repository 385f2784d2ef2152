"""Kibana's exports, as far as they are JSON: which lines are rules, and which belong to their exceptions."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson

EXPORT_SUFFIXES = (".ndjson", ".json")
LONGEST_FIRST_LINE = 1_000_000
_SPACE = re.compile(r"[ \t\r\n]*")


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
        for item, line in zip_longest(whole, _lines_of_items(text)):
            known = line or 1
            yield Entry(known, item) if isinstance(item, dict) else Entry(known, error="is no JSON object")
        return
    if isinstance(whole, dict):
        yield Entry(_line_at(text, _begin(text, 0)), whole)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            parsed = _parsed(line)
            yield Entry(number, parsed) if isinstance(parsed, dict) else Entry(number, error="is not a JSON object")


def _lines_of_items(text: str) -> list[int]:
    """The lines on which the items of a JSON list begin; those that are nested too deeply to be rules end it."""
    decoder, at, lines = json.JSONDecoder(), _begin(text, _begin(text, 0) + 1), list[int]()
    while text[at] != "]":
        lines.append(_line_at(text, at))
        try:
            _, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return lines
        at = _begin(text, at)
        at = _begin(text, at + 1) if text[at] == "," else at
    return lines


def _begin(text: str, at: int) -> int:
    """Where the next thing stands that is no space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line_at(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


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
