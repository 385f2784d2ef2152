"""A narrowing of the engine as SQL over the event table, values as parameters.

What it lets through is decided by the evaluator afterwards; what it drops is lost. So it follows `narrows_to`, and an
odd event passes whatever the columns say. Folding here is of ASCII letters only, which is why the C collation is named.
"""

from collections.abc import Sequence
from typing import Any

from engine.indices import may_be_behind_alerts, split_patterns
from engine.prefilter import (
    ARRAY_COLUMNS,
    COLUMNS,
    AllOf,
    AnyOf,
    ColumnIn,
    ColumnPrefix,
    Everything,
    Narrowing,
    Nothing,
)

Condition = tuple[str, list[Any]]
_ALWAYS: Condition = ("true", [])
_NEVER: Condition = ("false", [])
# The only column names that ever enter a statement.
_NAMES = frozenset(COLUMNS.values())


def condition_of(narrowing: Narrowing) -> Condition:
    """The WHERE condition of a narrowing, odd events included."""
    if isinstance(narrowing, Everything):
        return _ALWAYS
    if isinstance(narrowing, Nothing):
        return _NEVER
    text, values = _condition(narrowing)
    return f"(odd OR {text})", values


def said_by_columns(narrowing: Narrowing) -> Condition:
    """The same without odd events, for who looks at those by themselves."""
    return _ALWAYS if isinstance(narrowing, Everything) else _condition(narrowing)


def index_condition(patterns: Sequence[str]) -> Condition:
    """Rows whose index may be let in by the globs; exclusions are left to `index_matches`.

    An index behind a data stream is stored under the data stream's name (events/identity.py), so one name is enough;
    alerts have that of the alias, and are let in also where the index behind it may be meant.
    Names that begin with a dot are let in by patterns that do, or where no pattern says anything.
    """
    included = [pattern for pattern in split_patterns(patterns) if not pattern.startswith("-")]
    if not included:
        return _ALWAYS
    dotted = any(pattern.startswith(".") for pattern in included)
    parts: list[Condition] = [] if dotted else [("index NOT LIKE %s", [".%"])]
    if "_all" not in included and "*" not in included:
        behind = [".alerts-security.alerts-*"] if any(map(may_be_behind_alerts, included)) else []
        parts.append(("index LIKE ANY(%s)", [[_like(pattern) for pattern in (*included, *behind)]]))
    text = " AND ".join(text for text, _ in parts)
    return (f"({text})", [value for _, values in parts for value in values]) if parts else _ALWAYS


def _condition(narrowing: Narrowing) -> Condition:
    match narrowing:
        case AllOf(children):
            return _joined(" AND ", children)
        case AnyOf(children):
            return _joined(" OR ", children)
        case ColumnIn(column, values, folded):
            return _one_of(column, list(values), folded)
        case ColumnPrefix(column, prefix, folded):
            return _begins(column, prefix, folded)
        case Nothing():
            return _NEVER
    return _ALWAYS


def _joined(word: str, children: Sequence[Narrowing]) -> Condition:
    parts = [_condition(child) for child in children]
    return "(" + word.join(text for text, _ in parts) + ")", [value for _, values in parts for value in values]


def _one_of(column: str, values: list[str], folded: bool) -> Condition:
    _check(column)
    if not values:
        return _NEVER
    if column not in ARRAY_COLUMNS:
        return f"{_folded(column, folded)} = ANY(%s)", [values]
    if not folded:
        return f"{column} && %s::text[]", [values]
    return f"EXISTS (SELECT 1 FROM unnest({column}) v WHERE {_folded('v', folded)} = ANY(%s))", [values]  # noqa: S608


def _begins(column: str, prefix: str, folded: bool) -> Condition:
    _check(column)
    if column not in ARRAY_COLUMNS:
        return f"starts_with({_folded(column, folded)}, %s)", [prefix]
    return f"EXISTS (SELECT 1 FROM unnest({column}) v WHERE starts_with({_folded('v', folded)}, %s))", [prefix]  # noqa: S608


def _folded(name: str, folded: bool) -> str:
    return f'lower({name} COLLATE "C")' if folded else name


def _check(column: str) -> None:
    if column not in _NAMES:
        raise ValueError("a narrowing names a column that the event table does not have")


def _like(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
