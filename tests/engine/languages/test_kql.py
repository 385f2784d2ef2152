import json
import time
from contextlib import suppress

import pytest

from engine.document import Document
from engine.errors import LanguageError
from engine.explain import explain
from engine.interpret import matches
from engine.languages.kql import parse_kql
from engine.matcher import Expression, Matcher
from engine.prefilter import columns_of, narrows_to, prefilter
from engine.stored_trees import tree_from_json, tree_to_json
from engine.tree import Leaf
from tests.engine.query_cases import error_cases, match_cases

CASES = match_cases("kql")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestEveryCase:
    def test_the_interpreter_says_who_matches(self, case):
        tree = parse_kql(case.query)
        assert [key for key, line in case.documents.items() if matches(tree, Document.of(line))] == case.expect

    def test_the_batch_matcher_says_the_same(self, case):
        matcher = Matcher([Expression("q", parse_kql(case.query))])
        keys = list(case.documents)
        hits = matcher.match([("logs-x", line) for line in case.documents.values()])
        assert [keys[hit.row] for hit in hits] == case.expect

    def test_the_explanation_says_the_same(self, case):
        tree = parse_kql(case.query)
        explained = {key: explain(tree, Document.of(line)) for key, line in case.documents.items()}
        assert [key for key, explanation in explained.items() if explanation.held] == case.expect
        assert all(clause.held for key in case.expect for clause in explained[key].clauses())

    def test_no_match_is_lost_by_narrowing(self, case):
        narrowing = prefilter(parse_kql(case.query))
        assert all(narrows_to(narrowing, columns_of(Document.of(case.documents[key]))) for key in case.expect)

    def test_the_tree_survives_storage(self, case):
        tree = parse_kql(case.query)
        stored = json.dumps(tree_to_json(tree))
        assert tree_from_json(json.loads(stored)) == tree
        assert "\\u0000" not in stored


@pytest.mark.parametrize("case", error_cases("kql"), ids=lambda case: case["query"])
def test_an_error_names_its_place_and_what_was_meant(case):
    with pytest.raises(LanguageError) as caught:
        parse_kql(case["query"])
    error = caught.value
    assert [error.line, error.column, error.width] == case["at"]
    assert case["message"] in error.message
    assert case.get("hint", "") in (error.hint or "")


def test_an_error_draws_carets_under_the_place():
    with pytest.raises(LanguageError) as caught:
        parse_kql("a:1\nand b:2 adn c:3")
    assert str(caught.value).splitlines() == [
        "line 2, column 9: `adn` joins nothing in this language",
        "  and b:2 adn c:3",
        "          ^^^",
        "Did you mean `and`?",
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        ")",
        "a:(",
        "not ",
        "a:{",
        " ",
        "\\",
        '"',
        "*",
        "a*",
        "a:b and ",
        "a b ",
        "or ",
        "\\u0041",
        "a\\:",
        "<=",
        "a:(b or ",
        "é ",
    ],
)
def test_ten_kilobytes_of_anything_are_answered_within_a_second(piece):
    started = time.process_time()
    for text in (piece * (10_000 // len(piece)), "a:1 and " + piece * (9_000 // len(piece)) + " b:2"):
        with suppress(LanguageError):
            explain(parse_kql(text), Document.of(b'{"a": "b"}')).clauses()
    assert time.process_time() - started < 1


def test_nesting_is_bounded_but_deep():
    assert parse_kql("(" * 100 + "a:1" + ")" * 100) == parse_kql("a:1")
    with pytest.raises(LanguageError, match="more than 100 brackets"):
        parse_kql("(" * 101 + "a:1" + ")" * 101)
    with pytest.raises(LanguageError, match="more than 100 levels"):
        parse_kql("not (a:1 and (b:2 or " * 40 + "c:3" + "))" * 40)


def test_the_deepest_tree_can_be_judged_explained_and_stored():
    text = "c:3"
    for _ in range(24):
        text = f"not (a:1 and (b:2 or {text}))"
    tree = parse_kql(text)
    document = Document.of(b'{"a": 1}')
    assert explain(tree, document).held is matches(tree, document)
    assert tree_from_json(tree_to_json(tree)) == tree


def test_a_query_may_not_be_endless():
    with pytest.raises(LanguageError, match="at most 100,000 characters"):
        parse_kql("a" * 100_001)


def test_a_list_of_thousands_of_values_is_one_question():
    tree = parse_kql("process.name:(" + " or ".join(f"p{number}" for number in range(3_000)) + ")")
    assert isinstance(tree, Leaf)
    assert len(tree.values) == 3_000
    assert matches(tree, Document.of(b'{"process": {"name": "p2999"}}'))


@pytest.mark.parametrize("clause", ["*:*b*z{}*", "b{}", "host.*: (b{0} or c)", "a*.b > {}"])
def test_values_asked_of_any_field_are_few(clause):
    each = 2 if "or" in clause else 1
    parse_kql(" or ".join(clause.format(number) for number in range(50 // each)))
    with pytest.raises(LanguageError, match="more than 50 values are asked of any field") as refused:
        parse_kql(" or ".join(clause.format(number) for number in range(100, 151)))
    assert refused.value.column > 1
