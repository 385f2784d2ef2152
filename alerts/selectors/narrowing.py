"""What a KQL text says about columns of alerts, as a query: about their events' host and user, and about themselves.

`narrowed` is a superset of what the text matches: an odd alert, whose event says more than the columns hold, passes
whatever host and user say, and the evaluator decides afterwards. `told` is what it matches, for a text that asks for
nothing but what the columns say: of alerts that are not odd they are the answer, and no document has to be read. Where
it asks for nothing of events (`asks_events`), that is so of odd alerts, too. A tree is gone through once for all three.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.db.models import Q

from alerts.selectors.own_columns import EVERYTHING, NOTHING, holdable, said_of_itself
from engine import Tree, prefilter
from engine.patterns import Wild, parse_pattern
from engine.prefilter import COLUMNS, LONGEST_COLUMN_VALUE, AnyOf, ColumnIn, ColumnPrefix, Narrowing
from engine.tree import And, Leaf, MatchAll, MatchNone, Not, Op, Or

_COLUMNS = frozenset({"host_name", "user_name"})


@dataclass(frozen=True, slots=True)
class Said:
    """What has to be so of an alert that the tree is true of: by its own columns, and where it is not odd by those of
    its event besides; None where that does not matter. `whole`: the tree is true of all of which it is so.
    """

    own: Q | None = None
    of_event: Q | None = None
    whole: bool = False

    @property
    def both(self) -> Q | None:
        """What has to be so of one that is not odd."""
        return _all([self.own, self.of_event])

    @property
    def narrowed(self) -> Q:
        """The alerts that the tree may be true of."""
        of_event = None if self.of_event is None else self.of_event | Q(odd=True)
        return _all([self.own, of_event]) or Q()

    @property
    def told(self) -> Q | None:
        """Which of the alerts that are not odd the tree is true of; None where the columns do not decide it."""
        return self.both if self.whole else None

    @property
    def asks_events(self) -> bool:
        """Whether a tree that columns tell asks for something of events, so that odd alerts may say more than these."""
        return self.of_event is not None


_NOTHING_KNOWN = Said()


def columns_say(tree: Tree, *, yes: bool = True) -> Said:
    """What the tree says, or where it is not to be true (`yes`) its negation: a "not" is carried down to the leaves."""
    match tree:
        case Not(child):
            return columns_say(child, yes=not yes)
        case And(children) | Or(children):
            parts = [columns_say(child, yes=yes) for child in children]
            return _of_all(parts) if isinstance(tree, And) is yes else _of_any(parts)
        case MatchAll() | MatchNone():
            return Said(own=EVERYTHING if isinstance(tree, MatchAll) is yes else NOTHING, whole=True)
        case Leaf() if holdable(tree):
            return _of_leaf(tree, yes=yes)
    return _NOTHING_KNOWN


def _of_all(parts: Sequence[Said]) -> Said:
    own, of_event = _all([part.own for part in parts]), _all([part.of_event for part in parts])
    return Said(own, of_event, all(part.whole for part in parts))


def _of_any(parts: Sequence[Said]) -> Said:
    """What an alternative asks of the alert itself is said once more beside what it asks of the event: true is either
    one alternative as a whole or another."""
    asks_event = any(part.of_event is not None for part in parts)
    of_event = _any([part.both for part in parts]) if asks_event else None
    return Said(_any([part.own for part in parts]), of_event, all(part.whole for part in parts))


def _all(parts: Sequence[Q | None]) -> Q | None:
    """What has to be so where all of this has."""
    known = [part for part in parts if part is not None]
    return reduce(and_, known) if known else None


def _any(parts: Sequence[Q | None]) -> Q | None:
    """What has to be so where one of this has; nothing, if one of it does not matter."""
    known = [part for part in parts if part is not None]
    return reduce(or_, known) if len(known) == len(parts) else None


def _of_leaf(leaf: Leaf, *, yes: bool) -> Said:
    if (own := said_of_itself(leaf)) is not None:
        return Said(own=own if yes else ~own, whole=True)
    column = None if leaf.wild_field else COLUMNS.get(leaf.field)
    if column not in _COLUMNS:
        return _NOTHING_KNOWN
    if (of_event := _exactly(leaf, column)) is not None:
        return Said(of_event=of_event if yes else ~of_event, whole=True)
    return Said(of_event=_about(prefilter(leaf))) if yes else _NOTHING_KNOWN


def _about(narrowing: Narrowing) -> Q | None:
    """What a column has to be for a leaf; None when it does not matter."""
    match narrowing:
        case AnyOf(children):
            return _any([_about(child) for child in children])
        case ColumnIn(column, values, folded=False):
            return Q(**{f"{column}__in": list(values)})
        case ColumnPrefix(column, prefix, folded=False):
            return Q(**{f"{column}__startswith": prefix})
    return None


def _exactly(leaf: Leaf, column: str) -> Q | None:
    """The values of the column that the leaf is true of; None where the database would not say the same."""
    values = [str(value) for value in leaf.values]
    if leaf.fold:
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
