"""Every event query of tests/cases/eql, in every way that the engine judges events."""

import json

import pytest

from engine.document import Document
from engine.errors import LanguageError
from engine.explain import explain
from engine.languages.eql import parse_eql
from engine.stored_trees import tree_from_json, tree_to_json
from engine.wording import in_words
from tests.engine.judging import judged
from tests.engine.query_cases import error_cases, match_cases

CASES = match_cases("eql")


def test_names_of_cases_are_their_own():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestEveryCase:
    def test_all_ways_to_judge_say_who_matches(self, case):
        tree = parse_eql(case.query).tree
        assert [key for key, line in case.documents.items() if judged(tree, line)] == case.expect

    def test_the_clauses_of_an_explanation_add_up(self, case):
        tree = parse_eql(case.query).tree
        assert in_words(tree)
        for key, line in case.documents.items():
            clauses = explain(tree, Document.of(line)).clauses()
            held = [clause.held for clause in clauses]
            assert all(held) if key in case.expect else not (held and all(held))

    def test_the_tree_survives_storage(self, case):
        tree = parse_eql(case.query).tree
        assert tree_from_json(json.loads(json.dumps(tree_to_json(tree)))) == tree


@pytest.mark.parametrize("case", error_cases("eql"), ids=lambda case: case["query"][:60])
def test_an_error_names_its_place_and_what_was_meant(case):
    with pytest.raises(LanguageError) as caught:
        parse_eql(case["query"])
    error = caught.value
    assert [error.line, error.column, error.width] == case["at"]
    assert case["message"] in error.message
    assert case.get("hint", "") in (error.hint or "")
