"""What a KQL text says about the host and user columns of alerts, as a query.

`narrowed` is a superset of what the text matches: an odd alert, whose event says more than the columns hold, passes
whatever they say, and the evaluator decides afterwards. `told` is what it matches, for a text that asks for nothing but
what the columns say: of alerts that are not odd they are the answer, and no document has to be read.
"""

from functools import reduce
from operator import and_, or_

from django.db.models import Q

from engine import Tree, prefilter
from engine.patterns import Wild, parse_pattern
from engine.prefilter import COLUMNS, LONGEST_COLUMN_VALUE, AllOf, AnyOf, ColumnIn, ColumnPrefix, Narrowing, Nothing
from engine.tree import And, Leaf, Not, Op, Or

_COLUMNS = frozenset({"host_name", "user_name"})


def narrowed(tree: Tree) -> Q:
    """The alerts that the tree may be true of."""
    said = _said(prefilter(tree))
    return Q() if said is None else said | Q(odd=True)


def _said(narrowing: Narrowing) -> Q | None:
    """What the columns have to be; None when they do not matter."""
    match narrowing:
        case AllOf(children):
            parts = [said for child in children if (said := _said(child)) is not None]
            return _all(parts)
        case AnyOf(children):
            alternatives = [_said(child) for child in children]
            return None if None in alternatives else _any([said for said in alternatives if said is not None])
        case ColumnIn(column, values, folded=False) if column in _COLUMNS:
            return Q(**{f"{column}__in": list(values)})
        case ColumnPrefix(column, prefix, folded=False) if column in _COLUMNS:
            return Q(**{f"{column}__startswith": prefix})
        case Nothing():
            return Q(pk__in=[])
    return None


def _all(parts: list[Q]) -> Q | None:
    if not parts:
        return None
    joined = parts[0]
    for part in parts[1:]:
        joined &= part
    return joined


def _any(parts: list[Q]) -> Q:
    joined = Q(pk__in=[])
    for part in parts:
        joined |= part
    return joined


def told(tree: Tree) -> Q | None:
    """Which of the alerts that are not odd the tree is true of; None where the columns do not decide it."""
    match tree:
        case And(children) | Or(children):
            parts = [told(child) for child in children]
            known = [part for part in parts if part is not None]
            return reduce(and_ if isinstance(tree, And) else or_, known) if len(known) == len(parts) else None
        case Not(child):
            part = told(child)
            return None if part is None else ~part
        case Leaf(field=field, fold=False, wild_field=False) if COLUMNS.get(field) in _COLUMNS:
            return _leaf(tree, COLUMNS[field])
    return None


def _leaf(leaf: Leaf, column: str) -> Q | None:
    values = [str(value) for value in leaf.values]
    if any("\x00" in value for value in values):
        return None
    if leaf.op in (Op.IS, Op.PHRASE):
        return Q(**{f"{column}__in": values})
    if leaf.op is not Op.WILDCARD:
        return None
    parts = [_pattern(column, value) for value in values]
    known = [part for part in parts if part is not None]
    return reduce(or_, known) if len(known) == len(parts) else None


def _pattern(column: str, text: str) -> Q | None:
    """A pattern with `*` at its ends alone; any other is left to the evaluator."""
    parts = parse_pattern(text).parts
    literal = [part for part in parts if isinstance(part, str)]
    if len(literal) != 1 or Wild.ONE in parts or len(literal[0]) > LONGEST_COLUMN_VALUE:
        return None
    first, last = parts[0] is Wild.RUN, parts[-1] is Wild.RUN
    how = {(False, False): "exact", (False, True): "startswith", (True, False): "endswith"}.get(
        (first, last), "contains"
    )
    return Q(**{f"{column}__{how}": literal[0]})
