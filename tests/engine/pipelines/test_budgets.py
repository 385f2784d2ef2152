"""A query that would cost too much stops with words for who asked it; one that need not read on does not."""

import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from resource import RUSAGE_SELF, getrusage
from time import process_time

import pytest

from engine.errors import LanguageError
from engine.languages.esql import parse_esql
from engine.pipelines import Budget, BudgetExceeded, Page, compile_query

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SIZE = 100


def numbers(pages: int) -> Iterator[Page]:
    for page in range(pages):
        rows = range(page * SIZE, (page + 1) * SIZE)
        yield Page(SIZE, {"n": list(rows), "k": [f"k{row}" for row in rows], "few": [row % 3 for row in rows]})


def run(query: str, pages: int, budget: Budget, *, lineage: bool = False) -> int:
    compiled = compile_query(parse_esql(query))
    return len(compiled.run(numbers(pages), now=NOW, budget=budget, lineage=lineage).rows)


@pytest.mark.parametrize(
    "query",
    [
        "FROM a | STATS c = COUNT(*) BY k",
        "FROM a | STATS v = VALUES(k)",
        "FROM a | STATS c = COUNT_DISTINCT(k) BY few",
        "FROM a | STATS m = MEDIAN(n)",
        "FROM a | SORT n DESC | KEEP n",
        "FROM a | INLINE STATS c = COUNT(*) | KEEP n, c",
        "FROM a | KEEP k",
    ],
)
def test_a_query_that_holds_too_much_is_stopped(query: str) -> None:
    with pytest.raises(BudgetExceeded, match="more than 5,000 values at once"):
        run(query, 200, Budget(cells=5_000))
    assert run(query, 2, Budget(cells=5_000)) <= 2 * SIZE


@pytest.mark.parametrize(
    "query",
    [
        "FROM a | STATS c = COUNT(*), s = SUM(n), m = MAX(k) BY few",
        "FROM a | SORT n DESC | EVAL x = n + 1 | LIMIT 10 | KEEP x",
        "FROM a | WHERE n < 20 | KEEP k",
    ],
)
def test_a_query_that_holds_little_reads_as_much_as_there_is(query: str) -> None:
    assert run(query, 200, Budget(cells=7_000)) <= 20


def test_the_rows_behind_groups_are_held_too() -> None:
    with pytest.raises(BudgetExceeded):
        run("FROM a | STATS c = COUNT(*) BY few", 100, Budget(cells=5_000), lineage=True)


def test_a_result_with_too_many_rows_is_stopped() -> None:
    with pytest.raises(BudgetExceeded, match="more than 150 rows; add LIMIT"):
        run("FROM a | KEEP n", 2, Budget(rows=150))
    assert run("FROM a | KEEP n | LIMIT 150", 3, Budget(rows=150)) == 150


def test_a_query_that_takes_too_long_is_stopped() -> None:
    ticks = count()
    with pytest.raises(BudgetExceeded, match="longer than 10 seconds"):
        run("FROM a | STATS c = COUNT(*)", 1_000, Budget(seconds=10, clock=lambda: float(next(ticks))))


def test_values_that_multiply_are_stopped_in_time() -> None:
    many = tuple(range(1_000))
    pages = [Page(1, {"a": [many], "b": [many], "c": [many], "d": [many]})]
    query = compile_query(
        parse_esql("FROM x | MV_EXPAND a | MV_EXPAND b | MV_EXPAND c | MV_EXPAND d | STATS n = COUNT(*)")
    )
    with pytest.raises(BudgetExceeded):
        query.run(pages, now=NOW, budget=Budget(seconds=0.3))


def test_groups_of_keys_that_multiply_are_stopped_in_time() -> None:
    many = tuple(range(1_000))
    pages = [Page(1, {"a": [many], "b": [many], "c": [many]})]
    query = compile_query(parse_esql("FROM x | STATS n = COUNT(*) BY a, b, c"))
    with pytest.raises(BudgetExceeded):
        query.run(pages, now=NOW, budget=Budget(seconds=2, cells=100_000))


def test_limit_reads_no_further_than_it_must() -> None:
    read = []

    def pages() -> Iterator[Page]:
        for page in numbers(50):
            read.append(page)
            yield page

    result = compile_query(parse_esql("FROM a | WHERE n >= 150 | LIMIT 60 | KEEP n")).run(pages(), now=NOW)
    assert [row[0] for row in result.rows] == list(range(150, 210))
    assert len(read) == 3


def test_a_sort_with_a_limit_holds_little_of_a_million_rows() -> None:
    compiled = compile_query(parse_esql("FROM a | SORT few, n DESC | LIMIT 3 | KEEP n"))
    result = compiled.run(numbers(200), now=NOW, budget=Budget(cells=12_000))
    assert result.rows == [(19_998,), (19_995,), (19_992,)]


@pytest.mark.parametrize(
    "query",
    [
        "FROM x | " + " | ".join("KEEP " + ", ".join(f"a{number}*" for number in range(100)) for _ in range(3)),
        "FROM x | EVAL " + ", ".join(f"a{number} = 1" for number in range(4_000)) + " | KEEP "
        + ", ".join(f"a{number}*" for number in range(4_000)),
        "FROM x | RENAME " + ", ".join(f"a{number} AS b{number}" for number in range(5_000)),
        "FROM x | WHERE a IN (" + ", ".join(f'"a{number}"' for number in range(9_000)) + ")",
        "FROM x | STATS COUNT(*) BY " + ", ".join(f"a{number}" for number in range(5_000)),
    ],
    ids=["patterns over patterns", "patterns over columns", "names", "members", "groups"],
)  # fmt: skip
def test_no_query_takes_long_to_compile(query: str) -> None:
    parsed = parse_esql(query)
    began = process_time()
    with suppress(LanguageError):
        compile_query(parsed)
    assert process_time() - began < 3


REFILLED = [
    # Each makes gigabytes out of a thousand short rows, or takes minutes over them.
    'EVAL y = SPLIT(CONCAT(REPEAT("a,", 30000), k), ",") | STATS MAX(MV_COUNT(y))',
    "EVAL a = k | " + " | ".join(["EVAL a = MV_APPEND(a, a)"] * 16) + " | STATS COUNT(a)",
    'EVAL y = CONCAT(REPEAT("a", 900000), k) | WHERE y RLIKE ".*(a.*){20}z.*" | STATS COUNT(*)',
    'EVAL y = CONCAT(REPEAT("a", 900000), k) | EVAL z = REPLACE(y, "(a*)*b", "") | STATS MAX(LENGTH(z))',
    "EVAL a = CONCAT(k, \"0123456789\") | " + " | ".join(["EVAL a = CONCAT(a, a)"] * 14) + " | EVAL "
    + ", ".join(f'b{n} = CONCAT(a, "{n}")' for n in range(60))
    + " | STATS m = MAX(" + " + ".join(f"LENGTH(b{n})" for n in range(60)) + ")",
    "STATS m = MAX(LENGTH(" + "CONCAT(" * 30 + "k" + ', REPEAT("q", 900000))' * 30 + "))",
]  # fmt: skip


@pytest.mark.parametrize("query", REFILLED, ids=["split", "append", "rlike", "replace", "many columns", "nested"])
def test_time_is_up_in_the_middle_of_a_page_and_little_is_held_by_then(query: str) -> None:
    page = Page(1_000, {"k": [f"k{row}" for row in range(1_000)]})
    compiled = compile_query(parse_esql(f"FROM a | {query}"))
    began, peak = process_time(), getrusage(RUSAGE_SELF).ru_maxrss
    with suppress(BudgetExceeded):
        compiled.run([page], now=NOW, budget=Budget(seconds=0.5, cells=1_000_000, clock=process_time))
    assert process_time() - began < 1.5
    assert getrusage(RUSAGE_SELF).ru_maxrss - peak < 400 * 1024  # kilobytes


@pytest.mark.parametrize(
    "end", ["SORT a", "STATS VALUES(a)", "STATS COUNT(*) BY a", "INLINE STATS COUNT(*)", "LIMIT 500"]
)
def test_long_texts_count_as_the_many_values_that_they_could_be(end: str) -> None:
    with pytest.raises(BudgetExceeded, match="more than 300,000 values at once"):
        run(f'FROM a | EVAL a = CONCAT(k, REPEAT("b", 100000)) | {end}', 5, Budget(cells=300_000))


def test_a_heavy_page_gives_the_rows_and_warnings_that_it_gives_in_one() -> None:
    query = 'FROM a | EVAL a = CONCAT(k, REPEAT("b", 100000)), c = 1 / (n % 2) | STATS s = SUM(LENGTH(a)), COUNT(c)'
    page = Page(1_000, {"n": list(range(1_000)), "k": [f"k{row:03}" for row in range(1_000)]})
    result = compile_query(parse_esql(query)).run([page], now=NOW, lineage=True)
    assert result.rows == [(100_004_000, 500)]
    assert result.origins == [tuple(range(1_000))]
    assert list(result.warnings.values()) == [500]


def test_a_want_of_memory_is_a_cost_like_any_other() -> None:
    def pages() -> Iterator[Page]:
        yield from numbers(1)
        raise MemoryError

    with pytest.raises(BudgetExceeded, match="more memory than there is") as stopped:
        compile_query(parse_esql("FROM a | KEEP n")).run(pages(), now=NOW)
    assert stopped.value.__context__ is None  # it would hold on to all that was held


def test_a_field_that_expands_into_very_many_rows_comes_in_pages() -> None:
    page = Page(1, {"n": [tuple(range(60_000))]})
    result = compile_query(parse_esql("FROM a | MV_EXPAND n | STATS c = COUNT(*), s = SUM(n)")).run([page], now=NOW)
    assert result.rows == [(60_000, 1_799_970_000)]


def _left_by(run: Callable[[], object]) -> int:
    gc.collect()
    run()
    return gc.collect()


@pytest.mark.parametrize("command", ["STATS v = VALUES(a) BY n", "INLINE STATS c = COUNT(*) BY n | SORT c | LIMIT 2"])
def test_a_run_leaves_nothing_for_the_collector(command: str) -> None:
    compiled = compile_query(parse_esql(f"FROM x | {command}"))
    page = Page(500, {field: [f"{field} {row}" for row in range(500)] for field in compiled.fields})
    # The least of several: the first run imports, and other threads of the process leave things, too.
    assert min(_left_by(lambda: compiled.run([page], now=NOW, lineage=True)) for _ in range(4)) < 100
