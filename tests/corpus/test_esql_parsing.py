"""Every public ES|QL query is read: those of rules, and the cases with known answers.

WATCHBILL_CORPUS=/path/to/corpus pytest tests/corpus
"""

import time
import tomllib
from collections.abc import Iterator

import pytest

from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import From, Row
from tests.corpus.where import corpus, json_lines, needs_corpus

pytestmark = needs_corpus


def rule_queries() -> dict[str, str]:
    rules = {path.stem: tomllib.loads(path.read_text())["rule"] for path in corpus("rules").rglob("*.toml")}
    return {name: rule["query"] for name, rule in rules.items() if rule.get("language") == "esql"}


def case_queries() -> Iterator[tuple[str, str]]:
    for path in sorted(corpus("esql").glob("*.jsonl")):
        yield from ((case["name"], case["query"]) for case in json_lines("esql", path.name))


def test_every_rule_is_read_and_quickly() -> None:
    queries = rule_queries()
    assert queries
    started = time.process_time()
    read = [parse_esql(query) for query in queries.values()]
    assert time.process_time() - started < 2
    assert all(isinstance(query.commands[0], From) and len(query.commands) > 1 for query in read)


def test_every_case_is_read() -> None:
    queries = dict(case_queries())
    assert queries
    assert all(isinstance(parse_esql(query).commands[0], From | Row) for query in queries.values())


@pytest.mark.parametrize("change", [str.upper, str.lower], ids=["upper", "lower"])
def test_the_case_of_keywords_and_functions_does_not_matter(change) -> None:
    for name, query in case_queries():
        kinds = [type(command) for command in parse_esql(query).commands]
        assert [type(command) for command in parse_esql(change(query)).commands] == kinds, name
