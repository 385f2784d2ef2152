"""Trees as SQL, for the database that the engine is compared with: as far as SQL can say what a tree means.

A field is a column of text, or of a list of texts where the sample's events have several values. What SQL cannot say
exactly (words of text, networks, dates, patterns over field names, nested objects, functions) raises
UnsayableError, and the rule is left out of the comparison.
"""

from collections.abc import Callable, Mapping, Sequence

from engine import FieldType, Tree, field_type, fold
from engine.fields import NUMBER_TYPES, is_caseless
from engine.indices import split_patterns
from engine.tree import And, Leaf, MatchAll, MatchNone, Not, Op, Or

_TEXTUAL = frozenset({FieldType.KEYWORD, FieldType.CONSTANT_KEYWORD, FieldType.WILDCARD, FieldType.UNKNOWN})
_EQUAL = frozenset({Op.IS, Op.PHRASE})
_SIGNS = {Op.GT: ">", Op.GTE: ">=", Op.LT: "<", Op.LTE: "<="}


class UnsayableError(Exception):
    """SQL has no words for it; the message says for what."""


class Translator:
    """Makes conditions over one table; `several` names the fields that are columns of lists."""

    def __init__(self, several: frozenset[str], known: frozenset[str]) -> None:
        self._several = several
        self._known = known

    def rule(self, tree: Tree, indices: Sequence[str]) -> str:
        """The condition of a filter and its index patterns.

        Raises: UnsayableError.
        """
        return f"({_indices(indices)}) AND ({self.condition(tree)})"

    def condition(self, tree: Tree) -> str:
        """A condition that is true or false, never null.

        Raises: UnsayableError.
        """
        match tree:
            case And(children):
                return "(" + " AND ".join(map(self.condition, children)) + ")"
            case Or(children):
                return "(" + " OR ".join(map(self.condition, children)) + ")"
            case Not(child):
                return f"NOT ({self.condition(child)})"
            case Leaf():
                return self._leaf(tree)
            case MatchAll():
                return "true"
            case MatchNone():
                return "false"
        raise UnsayableError(type(tree).__name__.lower())

    def _leaf(self, leaf: Leaf) -> str:
        if leaf.wild_field:
            raise UnsayableError("a pattern over field names")
        if leaf.op is Op.EXISTS:
            return self._exists(leaf.field)
        test = _test_of(leaf)
        if leaf.field not in self._known:
            return "false"
        if leaf.field in self._several:
            return f"len(list_filter({_name(leaf.field)}, lambda x: {test('x')})) > 0"
        return f"coalesce({test(_name(leaf.field))}, false)"

    def _exists(self, field: str) -> str:
        if field in self._known:
            return f"({_name(field)} IS NOT NULL)"
        inside = [name for name in sorted(self._known) if name.startswith(field + ".")]
        return "(" + (" OR ".join(f"{_name(name)} IS NOT NULL" for name in inside) or "false") + ")"


def _test_of(leaf: Leaf) -> Callable[[str], str]:
    """The question for one value, as SQL about the expression that holds it."""
    kind = field_type(leaf.field)
    if kind in _TEXTUAL:
        return _text_test(leaf)
    if kind in NUMBER_TYPES and leaf.op in _EQUAL | _SIGNS.keys():
        numbers = ", ".join(str(float(str(value))) for value in leaf.values)
        sign = f"{_SIGNS[leaf.op]} {numbers}" if leaf.op in _SIGNS else f"IN ({numbers})"
        return lambda value: f"(TRY_CAST({value} AS DOUBLE) {sign})"
    if kind is FieldType.BOOLEAN and leaf.op in _EQUAL:
        return lambda value: f"({value} IN ({_texts(leaf.values)}))"
    if kind is FieldType.IP and leaf.op in _EQUAL and not any("/" in str(value) for value in leaf.values):
        return lambda value: f"({value} IN ({_texts(leaf.values)}))"
    raise UnsayableError(f"{leaf.op.value} on {kind.value}")


def _text_test(leaf: Leaf) -> Callable[[str], str]:
    folded = leaf.fold or is_caseless(leaf.field)
    if leaf.op is Op.WILDCARD:
        like = "ILIKE" if folded else "LIKE"
        patterns = [_quoted(_like(str(value))) for value in leaf.values]
        return lambda value: "(" + " OR ".join(f"{value} {like} {one} ESCAPE '!'" for one in patterns) + ")"
    if leaf.op in _EQUAL and not _is_odd(leaf):
        values = _texts([fold(str(value)) for value in leaf.values] if folded else leaf.values)
        return lambda value: f"({f'lower({value})' if folded else value} IN ({values}))"
    raise UnsayableError(f"{leaf.op.value} on text")


def _is_odd(leaf: Leaf) -> bool:
    """On fields that the table does not know, what looks like a network means one."""
    unknown = field_type(leaf.field) is FieldType.UNKNOWN
    return unknown and any("/" in str(value) or ":" in str(value) for value in leaf.values)


def _like(pattern: str) -> str:
    """The pattern in SQL's notation, with `!` to take a character literally."""
    sql, waiting = "", iter(pattern)
    for sign in waiting:
        if sign in "*?":
            sql += "%" if sign == "*" else "_"
        else:
            plain = next(waiting, "\\") if sign == "\\" else sign
            sql += f"!{plain}" if plain in "%_!" else plain
    return sql


def _indices(patterns: Sequence[str]) -> str:
    """The index patterns, in their order: what a later one says of an index holds."""
    if not patterns:
        return "true"
    said = "false"
    for pattern in split_patterns(patterns):
        like = f"_index LIKE {_quoted(_like(pattern.removeprefix('-').replace('?', chr(92) + '?')))} ESCAPE '!'"
        said = f"({said}) AND NOT ({like})" if pattern.startswith("-") else f"({said}) OR ({like})"
    return said


def _texts(values: Sequence[object]) -> str:
    return ", ".join(_quoted(str(value)) for value in values)


def _quoted(text: str) -> str:
    if "\x00" in text:
        raise UnsayableError("a NUL character")
    return "'" + text.replace("'", "''") + "'"


def _name(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def columns_of(rows: Sequence[Mapping[str, Sequence[object]]], fields: frozenset[str]) -> dict[str, bool]:
    """The fields that the sample has a value of, and whether some event has several."""
    found: dict[str, bool] = {}
    for row in rows:
        for field in fields & row.keys():
            found[field] = found.get(field, False) or len(row[field]) > 1
    return found
