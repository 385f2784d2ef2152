"""Fields of events become values as Elasticsearch's stored values are: typed, sorted, each once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document import Document
from engine.pipelines.reading import column_type, reader, to_json
from engine.pipelines.types import Address, Point, Type


def read(field: str, event: dict[str, Any]) -> Any:
    return to_json(reader(field)(Document.of(event)))


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("process.name", Type.KEYWORD),
        ("source.ip", Type.IP),
        ("@timestamp", Type.DATETIME),
        ("process.pid", Type.LONG),
        ("message", Type.TEXT),
        ("source.geo.location", Type.GEO_POINT),
        ("no.table.knows", Type.UNKNOWN),
    ],
)
def test_a_field_has_the_type_of_the_table(field: str, kind: Type) -> None:
    assert column_type(field) is kind


def test_keywords_come_sorted_and_each_once() -> None:
    assert read("process.args", {"process": {"args": ["b", "a", "b"]}}) == ["a", "b"]


def test_the_same_keyword_twice_is_one_value() -> None:
    assert read("event.category", {"event.category": ["process", "process"]}) == "process"


def test_addresses_come_in_their_order_each_once() -> None:
    assert read("host.ip", {"host": {"ip": ["10.0.0.9", "fe80::1", "9.0.0.1", "10.0.0.9"]}}) == [
        "9.0.0.1",
        "10.0.0.9",
        "fe80::1",
    ]


def test_numbers_come_sorted_with_what_is_there_twice() -> None:
    assert read("process.pid", {"process.pid": [3, "1", 3]}) == [1, 3, 3]


def test_texts_keep_the_order_of_the_event() -> None:
    assert read("message", {"message": ["b", "a"]}) == ["b", "a"]


def test_what_is_not_of_the_type_is_left_out() -> None:
    assert read("source.ip", {"source.ip": ["nonsense", "10.0.0.1"]}) == "10.0.0.1"
    assert read("@timestamp", {"@timestamp": "soon"}) is None
    assert read("process.pid", {"process.pid": 1e300}) is None


def test_numbers_in_a_keyword_field_are_texts() -> None:
    assert read("event.code", {"event.code": 4624}) == "4624"


def test_a_date_is_written_to_the_millisecond() -> None:
    assert read("@timestamp", {"@timestamp": "2026-11-20T10:00:00+01:00"}) == "2026-11-20T09:00:00.000Z"


@pytest.mark.parametrize(
    "place",
    [{"lat": 2, "lon": 1}, "2,1", "POINT (1 2)", [1, 2], {"type": "Point", "coordinates": [1, 2]}],
    ids=["object", "pair", "well-known text", "array", "GeoJSON"],
)
def test_places_are_read_however_they_are_written(place: Any) -> None:
    assert reader("source.geo.location")(Document.of({"source": {"geo": {"location": place}}})) == Point(1.0, 2.0)


def test_fields_of_no_table_keep_their_json() -> None:
    assert read("my.field", {"my.field": [2, 1]}) == [1, 2]
    assert read("my.field", {"my.field": ["b", 1]}) == ["b", 1]
    assert read("my.field", {"my.field": True}) is True
    assert read("my.field", {"other": 1}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["lat", "lon", "a"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(JSON)
def test_no_json_makes_reading_fail(value: Any) -> None:
    for field in (
        "process.name",
        "source.ip",
        "@timestamp",
        "process.pid",
        "message",
        "source.geo.location",
        "no.table",
    ):
        reader(field)(Document({field: value}))


def test_values_become_json() -> None:
    assert to_json((Address(1), Address(2))) == ["::1", "::2"]
    assert to_json(float("inf")) is None
    assert to_json(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
