"""Pipelines of ES|QL at random: commands in any order, over odd events, of every function with any arguments.

Most of them are refused for their types; what is left runs, and nothing of it may fail but for its budget.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from engine.document import Document
from engine.errors import LanguageError, PatternError
from engine.languages.esql import parse_esql
from engine.pipelines import Budget, BudgetExceeded, CompiledQuery, compile_query, pages_of
from engine.pipelines.aggregates import AGGREGATES
from engine.pipelines.functions import SCALAR
from engine.pipelines.reading import to_json
from tests.fuzz.seeds import COLUMNS, LITERALS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BUDGET = Budget(seconds=2, cells=100_000, rows=5_000)
REFUSALS = (LanguageError, PatternError, BudgetExceeded)
_DEEPEST = 3

Chance = random.Random
Piece = Callable[[Chance, int], str]


def pipeline(chance: Chance) -> str:
    """A query of up to six commands, which may or may not mean anything."""
    first = "FROM a METADATA _id, _index" if chance.random() < 0.8 else f"ROW a = {_value(chance, 0)}"
    rest = (chance.choice(_COMMANDS)(chance, 0) for _ in range(chance.choice((1, 1, 2, 2, 3, 5))))
    return " | ".join((first, *rest))


def run_pipeline(text: str, documents: list[Document]) -> str:
    """Run a query over events, in one page and in several, and make JSON of its rows; says what became of it.

    Raises: whatever a pipeline must not raise.
    """
    try:
        compiled = compile_query(parse_esql(text))
        whole, paged = (_rows(compiled, documents, size) for size in (1_000, 2))
    except REFUSALS:
        return "refused"
    assert whole == paged, f"{whole!r} in one page, {paged!r} in several"
    return "read"


def _rows(compiled: CompiledQuery, documents: list[Document], size: int) -> list[bytes]:
    pages = pages_of(documents, compiled.fields, size=size)
    result = compiled.run(pages, now=NOW, budget=BUDGET, lineage=True)
    assert len(result.origins) == len(result.rows)
    return [orjson.dumps([to_json(value) for value in row]) for row in result.rows]


def _value(chance: Chance, depth: int) -> str:
    if depth >= _DEEPEST or chance.random() < 0.45:
        return chance.choice(COLUMNS if chance.random() < 0.75 else LITERALS)
    return chance.choice(_VALUES)(chance, depth + 1)


def _call(chance: Chance, depth: int) -> str:
    function = SCALAR[chance.choice(_NAMES)]
    most = function.least + 3 if function.most is None else function.most
    arguments = [_value(chance, depth) for _ in range(chance.randint(function.least, most))]
    return f"{function.name}({', '.join(arguments)})"


def _operation(chance: Chance, depth: int) -> str:
    return f"({_value(chance, depth)} {chance.choice(_OPERATORS)} {_value(chance, depth)})"


def _test(chance: Chance, depth: int) -> str:
    return f"({_value(chance, depth)} {chance.choice(_TESTS)})"


def _cast(chance: Chance, depth: int) -> str:
    return f"({_value(chance, depth)})::{chance.choice(_TYPES)}"


def _condition(chance: Chance, depth: int) -> str:
    return chance.choice((_test, _operation, _call))(chance, depth + 1)


def _where(chance: Chance, depth: int) -> str:
    return f"WHERE {_condition(chance, depth)}"


def _eval(chance: Chance, depth: int) -> str:
    return f"EVAL {chance.choice(COLUMNS)} = {_value(chance, depth)}"


def _stats(chance: Chance, depth: int) -> str:
    name = chance.choice(sorted(AGGREGATES))
    more = f", {chance.choice(LITERALS)}" if chance.random() < 0.3 else ""
    arguments = (_value(chance, depth) if chance.random() < 0.3 else chance.choice(COLUMNS)) + more
    where = f" WHERE {_condition(chance, depth)}" if chance.random() < 0.3 else ""
    by = f" BY {_value(chance, depth)}" if chance.random() < 0.7 else ""
    return f"{chance.choice(('STATS', 'STATS', 'INLINE STATS'))} a = {name}({arguments}){where}{by}"


def _sort(chance: Chance, depth: int) -> str:
    return f"SORT {_value(chance, depth)}{chance.choice(('', ' DESC', ' NULLS FIRST'))}"


def _other(chance: Chance, depth: int) -> str:
    return chance.choice(_OTHERS).format(chance.choice(COLUMNS), chance.choice(COLUMNS))


_NAMES = sorted(SCALAR)
_OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "AND", "OR")
_TESTS = ('IN (1, "a", null)', "IS NULL", "IS NOT NULL", 'LIKE "*a*"', 'NOT RLIKE ".*[0-9]"', "NOT IN (a, b)")
_TYPES = ("boolean", "date", "double", "integer", "ip", "keyword", "long", "unsigned_long", "version", "geo_point")
_OTHERS = (
    "LIMIT 3", "MV_EXPAND {0}", "KEEP {0}, {1}, p*", "DROP {0}", "RENAME {0} AS {1}",
    'GROK {0} "%{{WORD:a}} %{{GREEDYDATA:b}}"', 'DISSECT {0} "%{{a}} %{{b}}"',
)  # fmt: skip
_VALUES: tuple[Piece, ...] = (_call, _call, _call, _operation, _test, _cast)
_COMMANDS: tuple[Piece, ...] = (_where, _eval, _eval, _stats, _sort, _other)
