"""ES|QL that cannot be read: the cases of tests/cases/esql/errors.toml, and what is hostile."""

import time

import pytest

from engine.errors import LanguageError
from engine.languages.esql import parse_esql
from engine.languages.esql.reader import MAX_DEPTH, MAX_LENGTH
from engine.languages.esql.sources import sources_of
from tests.engine.query_cases import error_cases


@pytest.mark.parametrize("case", error_cases("esql"), ids=lambda case: case["query"][:60])
def test_an_unreadable_query_names_place_message_and_hint(case):
    with pytest.raises(LanguageError) as caught:
        parse_esql(case["query"])
    error = caught.value
    assert [error.line, error.column, error.width] == case["at"]
    assert case["message"] == error.message
    assert case.get("hint") == error.hint


def test_every_error_case_says_where_it_comes_from():
    assert all(case["source"] for case in error_cases("esql"))


@pytest.mark.parametrize(
    "text",
    [
        "from a | where " + "(" * 10_000,
        "from a | where " + "f(" * 10_000,
        "from a | where " + "not " * 10_000 + "x",
        "from a | where x == " + "-" * 10_000 + "y",
        "from a | where x" + " + 1" * 10_000,
        "from a | where x" + "::ip" * 10_000,
        "from a | where x == [" + "[" * 10_000,
        "from a" + " | limit 1" * 10_000,
        "from a | keep " + "x, " * 40_000,
        "from a | where x == " + "1" * 10_000,
        "from a | where " + "`" * 10_001,
        "from a " + "/*" * 10_000,
        "from a | where x" + " /* */" * 10_000 + "y",
        "from a | keep " + "a*" * 10_000 + "!",
        "from " + "a" * 20_000 + "=",
        'from a | where x == "' + "\\n" * 10_000,
        "x" * (MAX_LENGTH + 1),
    ],
    ids=lambda text: text[:40],
)
def test_hostile_text_is_refused_quickly(text):
    started = time.process_time()
    with pytest.raises(LanguageError):
        parse_esql(text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "text",
    [
        "from a | where x in (" + "1," * 5_000 + "1)",
        "from a | where " + "x or " * 5_000 + "x",
        "from a | keep " + "a," * 5_000 + "a",
        "from a " + "/**/" * 5_000,
        "from a | where " + " " * 10_000 + "x",
        'from a | where x == "' + "a" * 10_000 + '"',
        "from a" + " | limit 1" * 199,
    ],
    ids=lambda text: text[:40],
)
def test_long_text_is_read_quickly(text):
    started = time.process_time()
    parse_esql(text)
    assert time.process_time() - started < 1


def test_depth_is_bounded_and_known():
    with pytest.raises(LanguageError, match=f"more than {MAX_DEPTH} levels"):
        parse_esql("row x = 1" + " + 1" * MAX_DEPTH)
    assert parse_esql("row x = 1" + " + 1" * (MAX_DEPTH - 1)).commands


def test_a_line_further_down_is_named():
    with pytest.raises(LanguageError) as caught:
        parse_esql("from logs-*\n| where a == 1\n| whre b == 2")
    assert (caught.value.line, caught.value.column, caught.value.source_line) == (3, 3, "| whre b == 2")


def test_of_a_query_whose_comment_is_never_closed_nobody_knows_what_it_reads():
    assert sources_of("from logs-* /* | keep a") == ()
    assert sources_of("from logs-* " + "/* " * 20_000) == ()
    assert sources_of("from logs-* /* | */ metadata _id | keep a") == ("logs-*",)
