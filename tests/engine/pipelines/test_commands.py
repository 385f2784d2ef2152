"""What each command of a pipeline makes of rows: the cases of tests/cases/esql/commands-*.toml."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.document import Document
from engine.errors import LanguageError
from engine.languages.esql import parse_esql
from engine.pipelines import EVENTS, CompiledQuery, Multivalue, Page, Result, compile_query, pages_of
from engine.pipelines.reading import to_json
from engine.pipelines.tables import Table, read_table

CASES = Path(__file__).parents[2] / "cases" / "esql"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Echo:
    """A language model that says what it was asked."""

    def complete(self, prompt: str, *, model: str) -> str | None:
        return f"{model}: {prompt}"


def table_of(name: str, text: str) -> Table:
    # A blank line says nothing in CSV, so a row of nulls in a table of one column is written as a comma would be.
    lines = text.strip("\n").splitlines()
    return read_table(name, [line or "[]" for line in lines])


def cases() -> list[dict[str, Any]]:
    found = []
    for path in sorted(CASES.glob("commands-*.toml")):
        file = tomllib.loads(path.read_text())
        shared = file.get("table", {}).get("t")
        for case in file["case"]:
            given = {} if "events" in case or "table" in case or shared is None else {"table": shared}
            found.append({**given, "lookup": file.get("lookup", {}), **case})
    return found


def compiled(case: dict[str, Any], table: Table | None) -> CompiledQuery:
    return compile_query(
        parse_esql(case["query"]),
        table.schema if table else EVENTS,
        multivalue=Multivalue(case.get("multivalue", "strict")),
        completion=Echo(),
        tables={name: table_of(name, text) for name, text in case["lookup"].items()},
    )


def names(number: int) -> dict[str, Any]:
    return {"_id": f"id-{number}", "_index": "logs-test"}


def run(case: dict[str, Any], size: int, *, lineage: bool = False) -> Result:
    table = table_of("t", case["table"]) if "table" in case else None
    query = compiled(case, table)
    if table:
        return query.run(table.pages(query.fields, size), now=NOW, lineage=lineage)
    documents = [Document.of(line.encode()) for line in case.get("events", [])]
    pages = pages_of(documents, query.fields, metadata=names, size=size)
    return query.run(pages, now=NOW, lineage=lineage)


GOOD = [case for case in cases() if "error" not in case]
BAD = [case for case in cases() if "error" in case]


@pytest.mark.parametrize("size", [1, 2, 1_000])
@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_rows_come_out_however_they_are_paged(case: dict[str, Any], size: int) -> None:
    result = run(case, size)
    assert [f"{column.name}:{column.type.value}" for column in result.columns] == case["columns"]
    assert [[to_json(value) for value in row] for row in result.rows] == json.loads(case["rows"])


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_what_was_made_null_is_told(case: dict[str, Any]) -> None:
    if "warnings" in case:
        assert sorted(run(case, 1_000).warnings) == sorted(case["warnings"])


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_lineage_changes_no_row(case: dict[str, Any]) -> None:
    result = run(case, 2, lineage=True)
    assert result.rows == run(case, 2).rows
    assert len(result.origins) == len(result.rows)
    assert all(list(origins) == sorted(set(origins)) for origins in result.origins)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["query"])
def test_what_is_wrong_is_told_with_its_place(case: dict[str, Any]) -> None:
    line, column, *words = case["error"]
    with pytest.raises(LanguageError) as caught:
        run(case, 1_000)
    assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)
    told = [caught.value.message, caught.value.hint][: len(words)]
    assert told == words


def test_every_case_says_where_it_comes_from() -> None:
    assert all(case["source"] for case in cases())


def test_columns_that_nobody_uses_are_not_read_and_not_worked_out() -> None:
    query = compile_query(
        parse_esql("FROM t | EVAL x = LENGTH(a), y = b | WHERE c > 1 | STATS n = COUNT(*), m = MAX(d) | KEEP n")
    )
    assert query.fields == ("c",)


def test_fields_name_what_the_event_itself_is_asked() -> None:
    query = compile_query(parse_esql('FROM t | WHERE KQL("a: b") AND x > 1 AND QSTR("c: d") | KEEP y'))
    assert query.fields == ("\x1f$1", "\x1f$2", "x", "y")
    assert set(query.hidden) == {"\x1f$1", "\x1f$2"}
    kept = query.run(
        [Page(2, {"\x1f$1": [True, False], "\x1f$2": [True, True], "x": [5, 5], "y": ["p", "q"]})], now=NOW
    )
    assert kept.rows == [("p",)]


@pytest.mark.parametrize(
    ("query", "aggregating", "at_once", "by"),
    [
        ("FROM a | WHERE x > 1 | EVAL y = x | MV_EXPAND y | KEEP y", False, True, ()),
        ("FROM a | INLINE STATS n = COUNT(*) BY x", False, False, ()),
        ("FROM a | SORT x", False, False, ()),
        ("FROM a | LIMIT 5", False, False, ()),
        ("FROM a | STATS n = COUNT(*) BY x, d = DATE_TRUNC(1 day, t) | WHERE n > 1", True, False, ("x", "d")),
        ("FROM a | STATS n = COUNT(*) BY x, y | STATS m = MAX(n) BY y", True, False, ("y",)),
        ("FROM a | STATS n = COUNT(*)", True, False, ()),
    ],
)
def test_a_query_says_what_its_rows_are(query: str, aggregating: bool, at_once: bool, by: tuple[str, ...]) -> None:
    made = compile_query(parse_esql(query))
    assert (made.aggregating, made.at_once, made.by) == (aggregating, at_once, by)


def test_each_row_is_told_its_group_though_keep_leaves_it_out() -> None:
    query = compile_query(parse_esql("FROM a | STATS n = COUNT(*) BY k, t | RENAME k AS other | EVAL t = 1 | KEEP n"))
    page = Page(3, {"k": ["x", "y", "x"], "t": ["p", None, "p"]})
    result = query.run([page], now=NOW)
    assert (result.rows, result.keys) == ([(2,), (1,)], [("x", "p"), ("y", None)])


def test_lineage_names_the_rows_that_a_row_came_from() -> None:
    query = compile_query(parse_esql("FROM a | WHERE n > 0 | MV_EXPAND k | STATS c = COUNT(*) BY k | SORT k"))
    pages = [Page(2, {"n": [1, 0], "k": ["x", "x"]}), Page(2, {"n": [1, 1], "k": [("x", "y"), "y"]})]
    assert query.run(pages, now=NOW, lineage=True).origins == [(0, 2), (2, 3)]
    assert query.run(pages, now=NOW).origins == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('EVAL z = KQL("a: 1")', "can only be used in WHERE"),
        ('STATS COUNT(*) BY z = QSTR("a:1")', "can only be used in WHERE"),
        ('SORT MATCH(message, "a")', "can only be used in WHERE"),
        ('EVAL y = CASE(message : "x", 1, 2)', "can only be used in WHERE"),
        ('LIMIT 5 | WHERE KQL("a: 1")', "cannot be used after LIMIT"),
        ('LIMIT 5 | STATS COUNT(*) WHERE message : "x"', "cannot be used after LIMIT"),
        ('STATS COUNT(*) | WHERE KQL("a: 1")', "asks the events themselves"),
        ("KEEP `\x1f$1`", "Unknown column"),
    ],
)
def test_events_are_asked_where_rows_of_events_are_chosen(query: str, message: str) -> None:
    with pytest.raises(LanguageError, match=message):
        compile_query(parse_esql(f"FROM a | {query}"))


def test_a_field_may_be_called_as_answers_once_were() -> None:
    compiled = compile_query(parse_esql('FROM a | WHERE KQL("x: 1") | KEEP `$1`'))
    documents = [Document({"$1": "mine", "x": 1})]
    assert compiled.run(pages_of(documents, compiled.fields), now=NOW).rows == [("mine",)]
