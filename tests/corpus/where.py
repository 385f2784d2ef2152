"""Checks against a folder of public rules, events and queries. They need it and are left out without it.

    WATCHBILL_CORPUS=/path/to/corpus pytest tests/corpus

The folder has `rules/` (TOML), `firing/` (index.ndjson: a line a rule with its groups of documents and whether each
must fire; rules/<id>.ndjson: the documents) and `eql/` (queries with the ids of the events they must find).
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from engine.rulefile import compile_rule, load_rule
from engine.running import Rule

FOLDER = os.environ.get("WATCHBILL_CORPUS")
needs_corpus = pytest.mark.skipif(not FOLDER, reason="WATCHBILL_CORPUS names no folder")


def corpus(*parts: str) -> Path:
    return Path(FOLDER or "/nonexistent", *parts)


@lru_cache
def rule_paths() -> dict[str, Path]:
    return {load_rule(path.read_text(), str(path)).rule_id: path for path in sorted(corpus("rules").rglob("*.toml"))}


def rule_of(rule_id: str) -> Rule:
    definition = load_rule(rule_paths()[rule_id].read_text(), rule_id)
    return Rule(definition, compile_rule(definition))


def json_lines(*parts: str) -> Iterator[dict[str, Any]]:
    with corpus(*parts).open() as lines:
        yield from (json.loads(line) for line in lines)


def firing() -> list[dict[str, Any]]:
    return list(json_lines("firing", "index.ndjson")) if FOLDER else []


def documents_of(entry: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    groups: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in json_lines("firing", entry["file"]):
        groups[row["group"]].append(row["doc"])
    return groups
