"""Columns that travel with candidates come back as they were."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.pipelines.values import Columns, packed
from engine.pipelines.types import Address, Point

DATES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
ONE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    DATES,
    st.integers(0, 2**128 - 1).map(Address),
    st.builds(Point, st.floats(-180, 180), st.floats(-90, 90)),
)
NAMES = ["a", "b", "c"]
VALUE = st.one_of(st.none(), ONE, st.lists(ONE, min_size=2, max_size=4).map(tuple))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=5))
def test_values_come_back_by_column_as_they_were(rows):
    found = Columns(NAMES)
    for row in rows:
        found.add([packed(row)])
    columns = list(found.by_name.values())
    assert columns == ([list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []])
    assert [list(map(type, column)) for column in columns] == [
        list(map(type, column)) for column in (zip(*rows, strict=True) if rows else [[], [], []])
    ]


def test_an_event_of_which_nothing_is_asked_has_no_columns():
    found = Columns([])
    found.add([packed([])])
    assert found.by_name == {}


def test_texts_that_say_the_same_are_held_and_weighed_once():
    found = Columns(["a"])
    found.add([packed(["x" * 1_000]), packed(["x" * 1_000]), packed([1])])
    found.add([packed(["x" * 1_000]), packed([True]), packed([1.0])])
    column = found.by_name["a"]
    assert column[0] is column[1] is column[3]
    assert list(map(repr, column[2:])) == ["1", repr("x" * 1_000), "True", "1.0"]
    assert 1_000 <= found.weight < 2_000


def test_events_can_be_put_in_another_order():
    found = Columns(["a", "b"])
    found.add([packed([1, "x"]), packed([2, "y"]), packed([3, "z"])])
    found.put([2, 0, 1])
    assert found.by_name == {"a": [3, 1, 2], "b": ["z", "x", "y"]}
