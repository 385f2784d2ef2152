"""A row over its event: dotted names are fields, nulls are left out, what the event says anyway stays."""

from alerts.pipelines.overlay import LEAST_CHARACTERS, MOST_CHARACTERS, MOST_VALUES, cut, fields_of_row, over, plain
from engine import Document

EVENT = {"host": {"name": "web-1"}, "process": {"args": ["b", "a", "b"], "pid": 7}}


def test_columns_become_fields_beside_those_of_the_event():
    assert over(Document(EVENT), {"Esql.count": 3}).raw == {**EVENT, "Esql": {"count": 3}}


def test_a_column_takes_the_place_of_the_field_with_its_name():
    assert over(Document(EVENT), {"host.name": "x"}).values("host.name") == ("x",)
    assert EVENT["host"] == {"name": "web-1"}


def test_values_that_a_row_has_only_sorted_leave_the_order_of_the_event():
    assert over(Document(EVENT), {"process.args": ["a", "b"], "process.pid": 7}).raw == EVENT


def test_an_object_is_not_put_away_for_a_value():
    assert over(Document(EVENT), {"host": "x"}).raw == EVENT


def test_nulls_and_what_an_event_is_called_are_no_fields():
    assert fields_of_row({"a": None, "_id": "x", "b": 0, "c": False}) == {"b": 0, "c": False}


def test_very_long_values_are_cut_and_say_so():
    assert cut("x" * (MOST_CHARACTERS + 1)) == ("x" * MOST_CHARACTERS, MOST_CHARACTERS + 1)
    assert cut([1] * (MOST_VALUES + 5)) == ([1] * MOST_VALUES, MOST_VALUES + 5)
    shown, of = cut(["x" * 10_000] * 50)
    assert len(shown) < 50
    assert of == 50
    assert cut("x") == ("x", None)


def test_a_row_without_room_left_keeps_the_beginning_of_each_column():
    assert cut("x" * 5_000, room=-7) == ("x" * LEAST_CHARACTERS, 5_000)


def test_what_no_event_may_hold_is_made_storable():
    assert plain(["a\x00b", "\ud800", float("nan"), 2**70, 10**400, None, True]) == [
        "ab",
        "?",
        None,
        2.0**70,
        None,
        None,
        True,
    ]
