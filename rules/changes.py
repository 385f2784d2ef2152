"""What differs between two revisions of a rule, in the words of the rule file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import orjson

# What repeats other keys (raw), or says nothing about the rule itself.
_LEFT_OUT = frozenset({"raw", "metadata", "transform"})
_WORDS = {
    "from_": "look-back",
    "interval": "interval",
    "max_signals": "most alerts",
    "index": "index patterns",
    "note": "guide",
    "setup": "set-up",
    "false_positives": "false positives",
    "threat": "ATT&CK",
    "risk_score": "risk score",
    "new_terms_fields": "new-terms fields",
    "history_window_start": "history",
    "building_block_type": "building block",
    "investigation_fields": "investigation fields",
    "timestamp_override": "timestamp",
}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff; `kind` is "add", "del" or "same"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of the rule file that a revision changed, line by line."""

    key: str
    lines: tuple[DiffLine, ...]


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The keys of two stored definitions whose values differ, in the file's order."""
    keys = dict.fromkeys([*after, *before])
    return [key for key in keys if key not in _LEFT_OUT and before.get(key) != after.get(key)]


def in_words(keys: Iterable[str]) -> str:
    """Keys as a short list for a revision's note: "query, look-back"."""
    return ", ".join(_WORDS.get(key, key.replace("_", " ")) for key in keys)


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[KeyChange, ...]:
    """Every changed key with its lines, unchanged neighbours included."""
    return tuple(
        KeyChange(in_words([key]), tuple(_lines(_text(before.get(key)), _text(after.get(key)))))
        for key in changed_keys(before, after)
    )


def _lines(before: str, after: str) -> Iterable[DiffLine]:
    kinds = {"+": "add", "-": "del", " ": "same"}
    for line in list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]:
        if not line.startswith("@@"):
            yield DiffLine(kinds[line[0]], line[1:])


def _text(value: Any) -> str:
    """A value as lines: texts as they are, lists an item a line, tables as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
