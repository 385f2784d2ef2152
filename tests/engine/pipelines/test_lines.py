"""Columns that are decoded straight from lines hold what reading the whole event would have given."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.pipelines.lines import LineDocument, LineReader
from engine.pipelines.reading import reader
from engine.pipelines.types import Address

FIELDS = [
    "@timestamp", "event.category", "event.created", "host.name", "host.ip", "process.pid", "process.name.text",
    "message", "source.geo.location", "process.interactive", "event.risk_score", "mine.unknown", "mine.other.deep",
]  # fmt: skip
SCALARS = st.one_of(
    st.text(max_size=5), st.sampled_from(["10.0.0.1", "fe80::1", "2026-11-20T12:00:00.000Z", "17", "1.5", "true"]),
    st.integers(-(2**66), 2**66), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(), st.none(), st.just({"lat": 1.5, "lon": 2}), st.just({"x": 1}), st.just({}),
)  # fmt: skip
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(st.lists(SCALARS, max_size=2), max_size=2)


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in flat.items():
        *outer, last = name.removesuffix(".text").split(".")
        node = document
        for part in outer:
            node = node.setdefault(part, {})
        node[last] = value
    return document


def exact(value: Any) -> Any:
    """A value with its kind, since 1, 1.0 and True are equal."""
    if isinstance(value, tuple):
        return tuple(map(exact, value))
    return type(value), "nan" if isinstance(value, float) and math.isnan(value) else value


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES), max_size=6), st.sets(st.sampled_from(FIELDS)))
def test_columns_of_lines_are_those_of_documents(events: list[dict[str, Any]], fields: set[str]) -> None:
    lines = [orjson.dumps(_wide(nested(event))) for event in events]
    found = LineReader(sorted(fields)).columns(lines)
    assert found.keys() == fields
    for name in fields:
        expected = [reader(name)(Document.of(line)) for line in lines]
        assert list(map(exact, found[name])) == list(map(exact, expected)), name


def _wide(node: Any) -> Any:
    """Whole numbers beyond 64 bits as the JSON writer can write them."""
    if isinstance(node, dict):
        return {name: _wide(value) for name, value in node.items()}
    if isinstance(node, list):
        return list(map(_wide, node))
    return float(node) if type(node) is int and not -(2**63) <= node < 2**64 else node


@settings(deadline=None)
@given(
    st.datetimes(datetime(1800, 1, 1), datetime(2300, 1, 1)).map(
        lambda at: at.isoformat(timespec="milliseconds") + "Z"
    ),
    st.integers(0, 23),
    st.sampled_from("0123456789-:TZ.,W +2469"),
)
def test_dates_are_those_of_the_reader_however_they_are_misspelt(text: str, at: int, other: str) -> None:
    for each in (text, text[:at] + other + text[at + 1 :], "2026-W47-5T12:00:00.000Z", "2026-11-20T24:00:00.000Z"):
        line = orjson.dumps({"event": {"created": each}})
        assert LineReader(["event.created"]).columns([line]) == {
            "event.created": [reader("event.created")(Document.of(line))]
        }, each


def test_numbers_beyond_64_bits_are_read_as_by_the_json_reader_of_documents() -> None:
    line = b'{"mine":{"unknown":123456789012345678901234567890},"process":{"pid":9223372036854775808}}'
    fields = ["mine.unknown", "process.pid"]
    found = LineReader(fields).columns([line])
    assert {name: exact(found[name][0]) for name in fields} == {
        name: exact(reader(name)(Document.of(line))) for name in fields
    }


def test_a_field_inside_another_is_read_all_the_same() -> None:
    lines = [b'{"mine":{"a":{"b":"x"}}}', b'{"mine":{"a":"y"}}', b'{"mine":[{"a":"y"},{"a":{"b":["z","w"]}}]}']
    found = LineReader(["mine.a", "mine.a.b", "mine"]).columns(lines)
    assert found == {"mine": [None] * 3, "mine.a": [None, "y", "y"], "mine.a.b": ["x", None, ("w", "z")]}


def test_dates_and_addresses_are_converted_and_single_values_of_arrays_unwrapped() -> None:
    line = b'{"@timestamp":"2026-11-20T12:00:00.123Z","host":{"ip":["10.0.0.1"]},"event":{"category":["process"]}}'
    found = LineReader(["@timestamp", "host.ip", "event.category"]).columns([line, line])
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(milliseconds=123)
    assert found["@timestamp"] == [moment] * 2
    assert found["host.ip"] == [Address(0xFFFF0A000001)] * 2
    assert found["event.category"] == ["process"] * 2


def test_a_document_is_parsed_when_it_is_asked() -> None:
    document = LineDocument(b'{"host":{"name":"a"}}')
    assert "_raw" not in vars(document)
    assert document.values("host.name") == ("a",)
    assert document.raw == {"host": {"name": "a"}}
