"""Aggregates: the cases of tests/cases/esql/aggregates.toml, in one page and row by row, and what they hold."""

import json
import random
import statistics
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.pipelines.aggregates import AGGREGATES
from engine.pipelines.places import place_of
from engine.pipelines.problems import TypeProblem
from engine.pipelines.reading import to_json
from engine.pipelines.types import Address, Type, Value
from engine.pipelines.versions import version_key
from engine.scalars import address_of, instant_of

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "esql" / "aggregates.toml").read_text())
PEOPLE = ["Ana", "Rosa", "Mona", "Adam", "Otto"]


def named(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def typed(value: Any, kind: Type) -> Value:
    if isinstance(value, list):
        return tuple(typed(one, kind) for one in value)  # type: ignore[misc]
    if value is None:
        return None
    if kind is Type.IP:
        return Address(address_of(value) or 0)
    if kind is Type.GEO_POINT:
        return place_of(value)
    return instant_of(value) if kind is Type.DATETIME else value


def types_of(case: dict[str, Any]) -> list[Type]:
    columns = [Type(name) for name in case.get("types", [case["type"]] if "type" in case else [])]
    return columns + [Type.KEYWORD if isinstance(one, str) else Type.INTEGER for one in case.get("constants", ())]


def answer(case: dict[str, Any], *, at_once: bool) -> Any:
    types, rows = types_of(case), json.loads(case["rows"])
    accumulator = AGGREGATES[case["call"]].start(types, tuple(case.get("constants", ())))
    for page in [rows] if at_once else [[row] for row in rows]:
        kinds = types[: len(page[0]) - 1]
        columns = [[typed(row[at + 1], kind) for row in page] for at, kind in enumerate(kinds)]
        accumulator.add([row[0] for row in page], columns)
    groups = max(row[0] for row in rows) + 1
    return [to_json(value) for value in accumulator.result(groups)]


@named(CASES["case"])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_aggregate_answers(case: dict[str, Any], at_once: bool) -> None:
    found = answer(case, at_once=at_once)
    assert found == json.loads(case["expect"])
    assert [type(value) for value in found] == [type(value) for value in json.loads(case["expect"])]


@named([case for case in CASES["case"] if "result" in case])
def test_an_aggregate_says_its_type(case: dict[str, Any]) -> None:
    assert AGGREGATES[case["call"]].result(types_of(case)) is Type(case["result"])


def ask(case: dict[str, Any]) -> None:
    function, types = AGGREGATES[case["call"]], types_of(case)
    function.result(types)
    function.start(types, tuple(case.get("constants", ())))


@named(CASES["refused"])
def test_what_an_aggregate_does_not_take_is_said(case: dict[str, Any]) -> None:
    with pytest.raises(TypeProblem) as raised:
        ask(case)
    assert (raised.value.message, raised.value.argument) == (case["message"], case["argument"])


@pytest.mark.parametrize("name", sorted(AGGREGATES))
def test_unknown_and_null_columns_are_taken_everywhere(name: str) -> None:
    function = AGGREGATES[name]
    constants: dict[str, tuple[Value, ...]] = {"percentile": (50,), "top": (2, "asc")}
    for kind in (Type.UNKNOWN, Type.NULL):
        types = [kind] * max(function.columns, function.least)
        function.result(types)
        accumulator = function.start(types, constants.get(name, ()))
        accumulator.add([0, 1], [[None, None]] * function.columns)
        assert len(accumulator.result(3)) == 3


@pytest.mark.parametrize("name", sorted(AGGREGATES))
def test_a_page_without_rows_and_no_page_at_all_change_nothing(name: str) -> None:
    function = AGGREGATES[name]
    constants: dict[str, tuple[Value, ...]] = {"percentile": (50,), "top": (2, "asc")}
    accumulator = function.start([Type.LONG] * max(function.columns, function.least), constants.get(name, ()))
    accumulator.add([], [[]] * function.columns)
    assert accumulator.cells == 0
    assert set(accumulator.result(2)) <= {None, 0, True}


def test_the_order_of_rows_does_not_show() -> None:
    random.seed(5)
    rows = [(random.randrange(7), random.choice(PEOPLE)) for _ in range(300)]
    answers = set()
    for _ in range(3):
        random.shuffle(rows)
        accumulator = AGGREGATES["values"].start([Type.KEYWORD], ())
        accumulator.add([group for group, _ in rows], [[value for _, value in rows]])
        answers.add(tuple(accumulator.result(7)))
    assert len(answers) == 1


def test_deviations_agree_with_a_second_way_to_work_them_out() -> None:
    random.seed(6)
    rows = [(random.randrange(5), random.uniform(-1e6, 1e6)) for _ in range(1_000)]
    for name, other in (("std_dev", statistics.pstdev), ("median", statistics.median), ("avg", statistics.fmean)):
        accumulator = AGGREGATES[name].start([Type.DOUBLE], ())
        accumulator.add([group for group, _ in rows], [[value for _, value in rows]])
        expected = [other([value for group, value in rows if group == wanted]) for wanted in range(5)]
        assert accumulator.result(5) == pytest.approx(expected)


def test_distinct_values_are_cells_of_the_budget() -> None:
    accumulator = AGGREGATES["values"].start([Type.KEYWORD], ())
    accumulator.add([0, 0, 0, 1, 1], [["a", "b", "a", "a", None]])
    assert accumulator.cells == 3


def test_the_top_few_of_many_hold_few() -> None:
    accumulator = AGGREGATES["top"].start([Type.LONG, Type.INTEGER, Type.KEYWORD], (5, "desc"))
    for start in range(0, 10_000, 100):
        accumulator.add([0] * 100, [list(range(start, start + 100))])
    assert accumulator.cells < 50
    assert accumulator.result(1) == [(9_999, 9_998, 9_997, 9_996, 9_995)]


def test_versions_compare_as_their_readers_expect() -> None:
    rising = ["0.9", "1", "1.0", "1.0.1-alpha", "1.0.1-alpha.1", "1.0.1-beta", "1.0.1", "1.2.0", "1.11.0", "10.0", "x"]
    assert sorted(sorted(rising), key=version_key) == rising


def test_every_aggregate_and_no_other_is_told_of() -> None:
    document = Path(__file__).parents[3] / "docs" / "languages" / "esql-aggregates.md"
    section = document.read_text().partition("## GROK")[0]
    told = {line.split("`")[1].partition("(")[0] for line in section.splitlines() if line.startswith("| `")}
    assert told == set(AGGREGATES)


@pytest.mark.parametrize(("kind", "large"), [(Type.LONG, 2**62), (Type.DOUBLE, 1e308)])
def test_a_sum_that_is_too_large_is_counted(kind: Type, large: float) -> None:
    accumulator = AGGREGATES["sum"].start([kind], ())
    accumulator.add([0, 0, 1, 2], [[large, large, large, None]])
    assert accumulator.result(4) == [None, large, None, None]
    assert getattr(accumulator, "too_large", 0) == 1
