"""The group of an alert, counted again without the events that an exception takes out.

Only what is certain is said: the query is run over all events first, and has to come to the same alert again. Where
not all of its events were kept, only entries about what all events of the group have in common tell of the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property

from alerts.costs import budget
from alerts.exceptions.joined import KeptEvent
from alerts.facts import EsqlFacts
from alerts.identity import identity_of_joined
from alerts.models import Alert, Kind
from alerts.pipelines.groups import name_of_group
from alerts.pipelines.overlay import over
from alerts.pipelines.passing import metadata_of
from alerts.selectors.origin import events_team
from engine import Document, EngineError, Tree, matches
from engine.languages.esql.nodes import Command, Dissect, Enrich, Grok, Limit, LookupJoin, Stats, Where
from engine.pipelines.page import Page, source_text
from engine.pipelines.schema import METADATA
from engine.pipelines.types import Column
from engine.tree import And, Leaf, Or, children_of, fields_of
from rules.pipelines import Asked

MOST_ROWS = 100_000
_TEXTS = ("keyword", "text")
_SETS_FIELDS = (Grok, Dissect, Enrich, LookupJoin)


class Group:
    """An alert's group, and what comes of its events."""

    def __init__(self, alert: Alert, facts: EsqlFacts, asked: Asked, events: Sequence[KeptEvent]) -> None:
        self._alert = alert
        self._facts = facts
        self._asked = asked
        self._events = events

    @property
    def is_whole(self) -> bool:
        """Whether every event that went into it was kept."""
        return 0 < self._facts.count <= len(self._events)

    def surely_ends(self, left: Sequence[KeptEvent]) -> bool:
        """Whether it is certain that no row of the group comes of the events that are left. Milliseconds."""
        if not self.is_whole:
            return False
        if not left:
            return True
        if self._name is None or _hangs_on_others(self._asked):
            return False
        try:
            return self._name not in set(self._names(left))
        except EngineError:
            return False

    def all_meet(self, trees: Sequence[Tree]) -> bool:
        """Whether the entries are true of every event of the group, kept or not: they ask for values that are there
        in all of them, since the query groups by them."""
        if any(isinstance(command, _SETS_FIELDS) for command in _commands(self._asked)):
            return False
        shared = self._shared()
        if not all(_asks_what_is_there(tree) and fields_of(tree) <= shared.keys() for tree in trees):
            return False
        document = over(Document({}), shared)
        return all(matches(tree, document) for tree in trees)

    def _shared(self) -> dict[str, str]:
        """The texts that the query groups by as they are, by field."""
        fields = set(self._facts.by) - self._asked.made
        columns = (one for one in self._facts.columns if one.name in fields and one.of is None and one.type in _TEXTS)
        return {one.name: one.value for one in columns if isinstance(one.value, str)}

    @cached_property
    def _name(self) -> bytes | None:
        """The group's name; None where the query, run over all of its events, does not come to the same alert."""
        try:
            names = set(self._names(self._events))
        except EngineError:
            return None
        return self._among(names, self._alert.team_id) or self._among(names, events_team(self._alert))

    def _among(self, names: Iterable[bytes], team_id: int) -> bytes | None:
        """The name under which this alert was raised in this team. An alert may go to another team later."""
        last, identity = self._events[-1].ref.uid, bytes(self._alert.identity)
        same = (
            one for one in names if identity_of_joined(self._alert.rule_id, team_id, Kind.GROUP, one, last) == identity
        )
        return next(same, None)

    def _names(self, events: Sequence[KeptEvent]) -> Iterator[bytes]:
        """The groups that come of some events, as the alert's window ended."""
        page = Page(len(events), {name: _called(name, events) for name in METADATA}, [one.document for one in events])
        result = self._asked.query.run([page], now=self._end, budget=budget(MOST_ROWS), lineage=True)
        return (name_of_group(key) for key, origins in zip(result.keys or (), result.origins, strict=True) if origins)

    @property
    def _end(self) -> datetime:
        return datetime.fromisoformat(self._facts.window.end if self._facts.window else self._facts.end)


def _called(name: str, events: Sequence[KeptEvent]) -> Column:
    """What the events are called, as `METADATA` of a query asks."""
    if name == "_source":
        return [source_text(one.document.raw) for one in events]
    return [metadata_of(one.ref).get(name) for one in events]


def _commands(asked: Asked) -> Sequence[Command]:
    return asked.query.query.commands


def _hangs_on_others(asked: Asked) -> bool:
    """Whether a group may come of a query only because other groups' events are there, or are not.

    So with INLINE STATS, with LIMIT before the last STATS, and where groups of groups are chosen by their values.
    """
    commands = _commands(asked)
    stats = [at for at, one in enumerate(commands) if isinstance(one, Stats) and not one.inline]
    if not stats or any(isinstance(one, Stats) and one.inline for one in commands):
        return True
    between = commands[stats[0] : stats[-1]]
    return (
        any(isinstance(one, Limit) for one in commands[: stats[-1]])
        or any(isinstance(one, Where) for one in between)
        or (bool(between) and not asked.made.isdisjoint(asked.query.by))
    )


def _asks_what_is_there(tree: Tree) -> bool:
    """Whether further values of its fields cannot make it untrue."""
    if isinstance(tree, And | Or):
        return all(_asks_what_is_there(child) for child in children_of(tree))
    return isinstance(tree, Leaf)
