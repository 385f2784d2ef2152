"""What a KQL text says about the host and user columns of alerts, as a query: a superset of what it matches.

An odd alert, whose event says more than the columns hold, passes whatever they say. The evaluator decides afterwards.
"""

from django.db.models import Q

from engine import Tree, prefilter
from engine.prefilter import AllOf, AnyOf, ColumnIn, ColumnPrefix, Narrowing, Nothing

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
