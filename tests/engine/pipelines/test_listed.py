"""Value lists joined by pipelines: a value that is in one finds a row that says so."""

import random
from typing import Any

import pytest

from engine.errors import LanguageError
from engine.pipelines.listed import listed
from engine.running import run_esql

TABLES = {
    "nets": listed("nets", "ip_range", ["10.0.0.0/8", "192.0.2.5-192.0.2.9", "2001:db8::/32"]),
    "words": listed("words", "keyword", ["ana", "4624"]),
    "none": listed("none", "keyword", []),
}


def rows(query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in run_esql(query, [], tables=TABLES).row_dicts()]


@pytest.mark.parametrize(
    ("value", "name", "found"),
    [
        ('"10.1.2.3"::ip', "nets", True),
        ('"192.0.2.9"::ip', "nets", True),
        ('"192.0.2.10"::ip', "nets", None),
        ('"2001:db8::7"::ip', "nets", True),
        ("null::ip", "nets", None),
        ('"ana"', "words", True),
        ('"Ana"', "words", None),
        ('"ana"', "none", None),
    ],
)
@pytest.mark.parametrize("command", ["LOOKUP JOIN", "ENRICH"])
def test_a_value_that_is_in_a_list_is_said_to_be(value: str, name: str, found: object, command: str) -> None:
    assert rows(f"ROW a = {value} | {command} {name} ON a | KEEP in_list") == [(found,)]


def test_enriching_names_the_column_as_asked_and_looks_for_each_of_several_values() -> None:
    assert rows('ROW a = ["x", "ana"] | ENRICH words ON a WITH known = in_list | KEEP known') == [(True,)]
    assert rows('ROW a = ["x", "ana"] | LOOKUP JOIN words ON a | KEEP in_list') == [(None,)]


@pytest.mark.parametrize(
    "query",
    [
        "ROW a = 1, b = 2 | LOOKUP JOIN words ON a, b",
        'ROW a = "x" | ENRICH words',
        "ROW a = 1 | ENRICH nets ON a",
        'ROW a = "x" | ENRICH words ON a WITH owner',
    ],
)
def test_a_list_is_joined_by_one_column_of_its_type(query: str) -> None:
    with pytest.raises(LanguageError):
        rows(query)


def test_ranges_find_what_lies_between_their_ends_and_nothing_else() -> None:
    chosen = random.Random(3)
    for _ in range(30):
        first = chosen.randrange(2**24, 2**32 - 5_000)
        last = first + chosen.randrange(0, 4_000)
        table = {"r": listed("r", "ip_range", [f"{dotted(first)}-{dotted(last)}"])}
        for number in (first - 1, first, (first + last) // 2, last, last + 1):
            query = f'ROW a = "{dotted(number)}"::ip | LOOKUP JOIN r ON a | KEEP in_list'
            found = [list(row.values()) for row in run_esql(query, [], tables=table).row_dicts()]
            assert found == [[True if first <= number <= last else None]]


def dotted(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
