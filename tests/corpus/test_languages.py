"""KQL's cases of the corpus: what a query says, and which documents it is true of; and EQL's single events.

WATCHBILL_CORPUS=/path/to/corpus pytest tests/corpus
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.languages.eql import parse_eql
from engine.languages.kql import parse_kql
from engine.tree import Leaf, MatchAll, Nested, Op, Tree, all_of, merged_or, negated, text_of
from tests.engine.judging import judged

MERGED = frozenset({Op.IS, Op.PHRASE, Op.WILDCARD, Op.CIDR})
FOLDER = os.environ.get("WATCHBILL_CORPUS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="WATCHBILL_CORPUS names no folder")


def lines(*parts: str) -> list[dict[str, Any]]:
    """The rows of a file of the corpus; none where there is no corpus."""
    return [json.loads(line) for line in Path(FOLDER, *parts).read_text().splitlines()] if FOLDER else []


KQL_READ = lines("kql", "kibana_kuery_ast.jsonl")
EQL_EVENTS = lines("eql", "endgame_test_data.ndjson")


@pytest.mark.parametrize("case", lines("kql", "detection_rules_evaluator.jsonl"), ids=lambda case: case["name"])
def test_a_kql_query_is_true_of_its_document_or_not(case: dict[str, Any]) -> None:
    assert judged(parse_kql(case["query"]), json.dumps(case["doc"]).encode()) is case["expected"]


@pytest.mark.parametrize("case", [row for row in KQL_READ if row["kind"] == "literal"], ids=lambda case: case["name"])
def test_a_kql_literal_says(case: dict[str, Any]) -> None:
    tree, expected = parse_kql(case["query"]), case["expected_value"]
    assert isinstance(tree, Leaf)
    if isinstance(expected, dict):
        assert (tree.op, tree.values) == (Op.WILDCARD, (expected["wildcard"],))
    else:
        assert tree.values == (text_of(expected),)


@pytest.mark.parametrize("case", [row for row in KQL_READ if row["kind"] == "parse"], ids=lambda case: case["name"])
def test_a_kql_query_is_read_as(case: dict[str, Any]) -> None:
    assert parse_kql(case["query"]) == tree_of(case["expected_ast"])


def tree_of(node: list[Any], path: str = "") -> Tree:
    """The tree of an expected reading."""
    match node:
        case ["is", "*", "*"]:
            return MatchAll()
        case ["is", field, value]:
            return asked(f"{path}{field or '*'}", value)
        case ["range", field, op, value]:
            return Leaf(path + field, Op(op), (value,))
        case ["not", child]:
            return negated(tree_of(child, path))
        case ["and", children]:
            return all_of(*(tree_of(child, path) for child in children))
        case ["or", children]:
            return merged_or([tree_of(child, path) for child in children], MERGED)
        case ["nested", inside, child]:
            return Nested(path + inside, tree_of(child, f"{path}{inside}."))
    raise AssertionError(node)


def asked(field: str, value: str) -> Leaf:
    wild = "*" in field
    if value == "*":
        return Leaf(field, Op.EXISTS, wild_field=wild)
    if value.startswith('"'):
        return Leaf(field, Op.PHRASE, (value.strip('"'),), wild_field=wild)
    return Leaf(field, Op.WILDCARD if "*" in value else Op.IS, (value,), wild_field=wild)


def event_queries() -> Iterator[dict[str, Any]]:
    for case in lines("eql", "es_test_queries.jsonl"):
        if not case["query"].startswith(("sequence", "sample")):
            yield case


@pytest.mark.parametrize("case", list(event_queries()), ids=lambda case: case["name"])
def test_an_eql_query_is_true_of_its_events_in_every_way(case: dict[str, Any]) -> None:
    query = parse_eql(case["query"], category_field=case["event_category_field"])
    ordered = sorted(EQL_EVENTS, key=lambda event: (event["timestamp"], event["serial_event_id"]))
    found = [event[case["id_field"]] for event in ordered if judged(query.tree, json.dumps(event).encode())]
    for pipe in query.pipes:
        found = found[: pipe.count] if pipe.name == "head" else found[max(len(found) - pipe.count, 0) :]
    assert found == case["expected_event_ids"]
