"""CSV that a spreadsheet opens without running anything in it."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest

from soc.web.csv import answer, lines, safe_cell


@pytest.mark.parametrize(
    "hostile",
    [
        "=1+1",
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "＝1+1",
        "＠x",
        "\ufeff=1",
        "\u200b \ufeff-1",
    ],
)
def test_a_cell_that_would_run_is_text(hostile):
    assert safe_cell(hostile) == f"'{hostile}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-5, "-5"),
        (0.25, "0.25"),
        (True, "yes"),
        ("db-1", "db-1"),
        ("a=b", "a=b"),
        ("a\x00b", "ab"),
        (datetime(2026, 11, 20, 14, 0, tzinfo=timezone(timedelta(hours=2))), "2026-11-20T12:00:00.000Z"),
    ],
)
def test_everything_else_stays_what_it_is(value, cell):
    assert safe_cell(value) == cell


def test_a_file_reads_back_as_it_was_written():
    text = "".join(lines(["a", "b"], [['say "hi"', "two\nlines"], [1, None]]))
    assert list(csv.reader(text.splitlines(keepends=True))) == [["a", "b"], ['say "hi"', "two\nlines"], ["1", ""]]


@pytest.mark.parametrize(
    "hostile",
    [
        "x;=1+1",
        ";=1",
        "\n;=1",
        "x; =1+1",
        'x;"=1+1',
        'x";=1+1;"',
        "x;\u200b@SUM(A1)",
        "x\n=1+1;",
        "x\r\n-1;",
        "x;;＝1",
        "x\t+1",
        "x;\ufeff=1",
    ],
)
def test_no_cell_runs_where_lines_are_split_at_semicolons(hostile):
    text = "".join(lines(["a", "b", "c"], [["first", hostile, "last"]]))
    for separator in ";\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                assert not cell.lstrip(" \u00a0\ufeff\u200b").startswith(("=", "+", "-", "@", "＝")), row


def test_every_cell_is_quoted():
    assert list(lines(["a"], [["x;y"], [1], [None]])) == ['"a"\r\n', '"x;y"\r\n', '"1"\r\n', '""\r\n']


def test_a_file_is_made_while_it_is_sent():
    taken = []

    def rows():
        for number in range(3):
            taken.append(number)
            yield [number, datetime(2026, 1, 1, tzinfo=UTC)]

    sent = iter(answer("figures.csv", ["n", "at"], rows()))
    assert next(sent) == b'"n","at"\r\n'
    assert taken == []
    assert next(sent) == b'"0","2026-01-01T00:00:00.000Z"\r\n'
    assert taken == [0]


def test_it_is_a_download_that_nobody_keeps():
    response = answer("figures.csv", ["n"], [])
    assert response["Content-Disposition"] == 'attachment; filename="figures.csv"'
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
