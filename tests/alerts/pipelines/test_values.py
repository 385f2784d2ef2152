"""Columns that travel with candidates come back as they were."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.pipelines.values import packed, unpacked
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
VALUE = st.one_of(st.none(), ONE, st.lists(ONE, min_size=2, max_size=4).map(tuple))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=5))
def test_values_come_back_by_column_as_they_were(rows):
    columns = unpacked([packed(row) for row in rows], 3)
    assert columns == ([list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []])
    assert [list(map(type, column)) for column in columns] == [
        list(map(type, column)) for column in (zip(*rows, strict=True) if rows else [[], [], []])
    ]


def test_an_event_of_which_nothing_is_asked_has_no_columns():
    assert unpacked([packed([])], 0) == []
