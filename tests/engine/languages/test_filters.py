import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.languages.filters import FilterError, parse_filters, reason_unsupported
from engine.stored_trees import tree_from_json, tree_to_json
from tests.engine.judging import judged

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "filters" / "filters.toml").read_text())


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["name"])
def test_filters_let_through_what_they_say(case):
    tree = parse_filters(orjson.loads(case["filters"]))
    assert [event for event in case["hits"] if not judged(tree, event.encode())] == []
    assert [event for event in case["misses"] if judged(tree, event.encode())] == []
    assert tree_from_json(tree_to_json(tree)) == tree


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["name"])
def test_what_cannot_be_evaluated_is_refused_with_its_place(case):
    with pytest.raises(FilterError) as refused:
        parse_filters(orjson.loads(case["filters"]))
    assert (refused.value.index, refused.value.key) == (case["index"], case["key"])
    assert case["words"] in refused.value.message


@pytest.mark.parametrize("case", CASES["unsupported"], ids=lambda case: case["name"])
def test_filters_that_are_sound_but_not_evaluated_say_so(case):
    with pytest.raises(FilterError, match=r"^Filters .* are not evaluated$") as refused:
        parse_filters(orjson.loads(case["filters"]))
    assert refused.value.unsupported
    assert case["words"] in refused.value.message
    assert reason_unsupported(orjson.loads(case["filters"])) == refused.value.message


def test_hostile_depth_and_width_are_refused():
    deep: dict[str, Any] = {"exists": {"field": "a"}}
    for _ in range(50):
        deep = {"bool": {"must_not": [deep]}}
    with pytest.raises(FilterError, match="too deeply"):
        parse_filters([{"query": deep}])
    wide = {"bool": {"minimum_should_match": 7, "should": [{"term": {"a": n}} for n in range(20)]}}
    with pytest.raises(FilterError, match="more than eight"):
        parse_filters([{"query": wide}])
    with pytest.raises(FilterError, match=r"10,000 values"):
        parse_filters([{"query": {"terms": {"a": list(range(10_001))}}}])
    with pytest.raises(FilterError, match=r"at most 32,768"):
        parse_filters([{"query": {"wildcard": {"a": "*a" * 40_000}}}])
