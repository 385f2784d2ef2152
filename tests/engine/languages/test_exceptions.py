import tomllib
from pathlib import Path

import pytest

from engine.languages.exceptions import ExceptionEntryError, entry_warnings, parse_each_entry, parse_entries
from engine.stored_trees import tree_from_json, tree_to_json
from engine.tree import Leaf, Op, all_of
from tests.engine.judging import judged

CASES = Path(__file__).parents[2] / "cases" / "exceptions"
ENTRIES = tomllib.loads((CASES / "entries.toml").read_text())["case"]
REFUSED = tomllib.loads((CASES / "refused.toml").read_text())["case"]


@pytest.mark.parametrize("case", ENTRIES, ids=lambda case: case["name"])
def test_entries_take_out_what_they_say(case):
    tree = parse_entries(case["entries"], case.get("lists", {}).get)
    assert [event for event in case["hits"] if not judged(tree, event.encode())] == []
    assert [event for event in case["misses"] if judged(tree, event.encode())] == []
    assert tree_from_json(tree_to_json(tree)) == tree
    assert all_of(*parse_each_entry(case["entries"], case.get("lists", {}).get)) == tree


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_entries_that_cannot_be_used_are_refused_with_their_place(case):
    with pytest.raises(ExceptionEntryError) as refused:
        parse_entries(case["entries"], lambda _name: None)
    assert (refused.value.index, refused.value.key) == (case["index"], case["key"])
    assert case["words"] in refused.value.message


def test_hostile_sizes_are_refused():
    entry = {"field": "a", "type": "match_any", "operator": "included"}
    with pytest.raises(ExceptionEntryError, match="too many"):
        parse_entries([entry | {"value": ["x"]}] * 101)
    with pytest.raises(ExceptionEntryError, match=r"10,000 values"):
        parse_entries([entry | {"value": ["x"] * 10_001}])
    with pytest.raises(ExceptionEntryError, match=r"32,768"):
        parse_entries([entry | {"value": ["x" * 40_000]}])


def test_repeated_values_are_asked_once_and_one_is_not_true():
    entry = {"field": "a", "type": "match_any", "operator": "included", "value": ["x", 1, True, "x", 1]}
    tree = parse_entries([entry])
    assert isinstance(tree, Leaf)
    assert tree.values == ("x", "1", "true")
    assert tree.op is Op.PHRASE


@pytest.mark.parametrize(
    ("pattern", "warned"),
    [
        (r"C:\Temp\*", True),
        (r"C:\\Temp\*", True),
        (r"C:\\Temp\\*", False),
        (r"*\*literal star", False),
        ("/opt/*", False),
        ("ends with \\", True),
        (r"\\\\server\\share\\*", False),
    ],
)
def test_single_backslashes_in_a_pattern_are_pointed_out(pattern, warned):
    entry = {"field": "file.path", "type": "wildcard", "operator": "included", "value": pattern}
    assert bool(entry_warnings([entry])) is warned
