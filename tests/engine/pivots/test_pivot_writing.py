"""Whatever a value holds, the query that is made of it parses and means exactly that value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Document, matches, parse_kql
from engine.pivots import Search, fill, quoted
from engine.pivots.writing import UnwritableError, clause, one_of
from engine.tree import Leaf

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\"\\*?(){}:<> \t\n\r\x00\x1b\u202e\u200b\u2028|&$'{}andornot"),
        st.characters(exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=60,
)


@given(HOSTILE)
def test_a_filled_query_matches_its_value_and_nothing_but_it(value: str) -> None:
    pivot = fill(
        Search("x", "process.name: {process.name} and host.name: {host.name}"),
        {"process.name": [value], "host.name": ["h"]},
    )
    assert pivot.problem == ""
    tree = parse_kql(pivot.query)
    assert matches(tree, Document.of({"process": {"name": value}, "host": {"name": "h"}}))
    assert not matches(tree, Document.of({"process": {"name": value + "x"}, "host": {"name": "h"}}))
    assert not matches(tree, Document.of({"process": {"name": "x" + value}, "host": {"name": "h"}}))


@given(HOSTILE)
def test_a_quoted_value_is_one_printable_word(value: str) -> None:
    literal = quoted(value)
    assert literal.isprintable()
    tree = parse_kql(f"user.name: {literal}")
    assert isinstance(tree, Leaf)
    assert tree.values == (value,)


@given(st.lists(HOSTILE, min_size=2, max_size=5, unique=True))
def test_of_several_values_any_is_enough_unless_all_are_wanted(values: list[str]) -> None:
    any_of, all_of = (parse_kql(f"process.args: {one_of(values, together=both)}") for both in (False, True))
    assert matches(any_of, Document.of({"process": {"args": values[:1]}}))
    assert not matches(all_of, Document.of({"process": {"args": values[:1]}}))
    assert matches(all_of, Document.of({"process": {"args": values}}))


@pytest.mark.parametrize("value", ["x" * 1_001, "\ud800"])
def test_what_no_query_can_hold_is_refused(value: str) -> None:
    with pytest.raises(UnwritableError):
        quoted(value)


@pytest.mark.parametrize("name", ["", "a b", 'a"', "a:b", "a*", "a.", ".a", "a\n", "x" * 201])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UnwritableError):
        clause(name, "x")
