"""True, false and not known: conditions made by chance give what the rules of three-valued logic give, row by row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.languages.esql import parse_esql
from engine.pipelines import Multivalue, Page, Schema, Type, compile_query

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SCHEMA = Schema({"a": Type.LONG, "b": Type.LONG, "s": Type.KEYWORD, "t": Type.BOOLEAN})
Row = dict[str, Any]
Truth = bool | None


@dataclass(frozen=True)
class Condition:
    """How a condition is written, and what it is of a row when only single values count."""

    text: str
    of: Callable[[Row], Truth]


def single(value: Any) -> Any:
    """The value as a function or comparison of one value sees it."""
    return None if isinstance(value, tuple) else value


def asked(text: str, columns: str, question: Callable[..., Truth]) -> Condition:
    def of(row: Row) -> Truth:
        values = [single(row[name]) for name in columns]
        return None if None in values else question(*values)

    return Condition(text, of)


QUESTIONS = (
    asked("a == 1", "a", lambda a: a == 1),
    asked("a != 1", "a", lambda a: a != 1),
    asked("1.5 < a", "a", lambda a: a > 1.5),
    asked("a >= b", "ab", lambda a, b: a >= b),
    asked("a + b == 3", "ab", lambda a, b: a + b == 3),
    asked("a / b == 1", "ab", lambda a, b: None if b == 0 else int(a / b) == 1),
    asked("a IN (0, 2)", "a", lambda a: a in (0, 2)),
    asked("a IN (0, null)", "a", lambda a: True if a == 0 else None),
    asked('s LIKE "x*"', "s", lambda s: s.startswith("x")),
    asked('s RLIKE "x|y"', "s", lambda s: s in ("x", "y")),
    asked('s NOT IN ("x", "z")', "s", lambda s: s not in ("x", "z")),
    asked('STARTS_WITH(TO_UPPER(s), "X")', "s", lambda s: s.upper().startswith("X")),
    asked("NOT t", "t", lambda t: not t),
    asked("t == true", "t", lambda t: t),
    Condition("a IS NULL", lambda row: row["a"] is None),
    Condition("s IS NOT NULL", lambda row: row["s"] is not None),
    Condition("null", lambda _: None),
    Condition("true", lambda _: True),
    Condition("COALESCE(a, 1) == 1", lambda row: None if isinstance(row["a"], tuple) else row["a"] in (None, 1)),
    Condition('CASE(s == "x", true, t == true)', lambda row: True if single(row["s"]) == "x" else single(row["t"])),
    Condition("MV_COUNT(a) == 2", lambda row: None if row["a"] is None else isinstance(row["a"], tuple)),
)


def negation(part: Condition) -> Condition:
    def of(row: Row) -> Truth:
        value = part.of(row)
        return None if value is None else not value

    return Condition(f"NOT ({part.text})", of)


def unknown(part: Condition) -> Condition:
    return Condition(f"({part.text}) IS NULL", lambda row: part.of(row) is None)


def both(one: Condition, other: Condition) -> Condition:
    def of(row: Row) -> Truth:
        values = {one.of(row), other.of(row)}
        return False if False in values else None if None in values else True

    return Condition(f"({one.text}) AND ({other.text})", of)


def either(one: Condition, other: Condition) -> Condition:
    def of(row: Row) -> Truth:
        values = {one.of(row), other.of(row)}
        return True if True in values else None if None in values else False

    return Condition(f"({one.text}) OR ({other.text})", of)


def combined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(negation, parts),
        st.builds(unknown, parts),
        st.builds(both, parts, parts),
        st.builds(either, parts, parts),
    )


conditions = st.recursive(st.sampled_from(QUESTIONS), combined, max_leaves=8)
numbers = st.sampled_from([None, 0, 1, 2, (0, 1), (1, 2)])
texts = st.sampled_from([None, "x", "y", "xy", "", ("x", "y")])
truths = st.sampled_from([None, True, False, (False, True)])
tables = st.lists(st.fixed_dictionaries({"a": numbers, "b": numbers, "s": texts, "t": truths}), min_size=1, max_size=12)
quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(query: str, rows: list[Row], size: int = 1_000, multivalue: Multivalue = Multivalue.STRICT) -> list[Any]:
    compiled = compile_query(parse_esql(query), SCHEMA, multivalue=multivalue)
    numbered = [{**row, "n": number} for number, row in enumerate(rows)]
    pages = []
    for start in range(0, len(rows), size):
        part = numbered[start : start + size]
        pages.append(Page(len(part), {name: [row[name] for row in part] for name in ("a", "b", "s", "t")}))
    return compiled.run(pages, now=NOW, lineage=True).rows if "EVAL" in query else _numbers(compiled, pages)


def _numbers(compiled: Any, pages: list[Page]) -> list[int]:
    return [origin for (origin,) in compiled.run(pages, now=NOW, lineage=True).origins]


@quick
@given(conditions, tables)
def test_a_condition_is_what_logic_says(condition: Condition, rows: list[Row]) -> None:
    expected = [condition.of(row) for row in rows]
    assert [row[0] for row in run(f"FROM t | EVAL r = {condition.text} | KEEP r", rows)] == expected


@quick
@given(conditions, tables, st.integers(1, 5))
def test_where_keeps_what_is_true_however_rows_are_paged(condition: Condition, rows: list[Row], size: int) -> None:
    expected = [number for number, row in enumerate(rows) if condition.of(row) is True]
    assert run(f"FROM t | WHERE {condition.text}", rows, size) == expected


@quick
@given(conditions, tables)
def test_what_is_true_what_is_not_and_what_is_unknown_is_everything_once(condition: Condition, rows: list[Row]) -> None:
    text = condition.text
    parts = [run(f"FROM t | WHERE {asks}", rows) for asks in (text, f"NOT ({text})", f"({text}) IS NULL")]
    assert sorted(number for part in parts for number in part) == list(range(len(rows)))


@quick
@given(st.sampled_from(QUESTIONS[:14]), tables)
def test_any_match_changes_nothing_about_single_values_and_asks_each_of_several(
    question: Condition, rows: list[Row]
) -> None:
    found = run(f"FROM t | WHERE {question.text}", rows, multivalue=Multivalue.ANY)
    strict = run(f"FROM t | WHERE {question.text}", rows)
    assert set(strict) <= set(found)
    several = {number for number, row in enumerate(rows) if any(isinstance(value, tuple) for value in row.values())}
    assert set(found) - set(strict) <= several


@quick
@given(tables)
def test_any_match_of_an_equality_is_membership(rows: list[Row]) -> None:
    found = run('FROM t | WHERE a == 1 OR s == "x"', rows, multivalue=Multivalue.ANY)
    expected = [
        number
        for number, row in enumerate(rows)
        if 1 in (row["a"] if isinstance(row["a"], tuple) else [row["a"]])
        or "x" in (row["s"] if isinstance(row["s"], tuple) else [row["s"]])
    ]
    assert found == expected
