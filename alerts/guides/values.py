"""The values of an alert that searches are filled with: those of its event, and the processes around its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from alerts.exceptions.rows import fields_of_alert
from alerts.kept import Evidence, events_of, source_of
from alerts.models import Alert, Kind
from engine import Document
from engine.pivots.template import ANCESTORS, TREE
from engine.tree import text_of
from events.relatives import above, started_by

_SHARED = frozenset({Kind.THRESHOLD, Kind.GROUP, Kind.ROW})
_PLACES = {TREE: "process.entity_id", ANCESTORS: "process.parent.entity_id"}
"""The field without which there is nothing to put into a place that is looked up."""
MOST_VALUES = 11  # one more than a query may list, so that it can say that there are too many


@dataclass
class Values(Mapping[str, Sequence[str]]):
    """Field to values, as text. Of an alert on a count of events what all of them share; of a sequence the last's.

    `tree` and `ancestors` are looked up when they are first asked for: one query each.
    """

    document: Document
    at: datetime
    team_ids: Sequence[int]
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Sequence[str]:
        if name == TREE:
            return self._tree
        if name == ANCESTORS:
            return self._ancestors
        if name not in self._known:
            self._known[name] = tuple(text_of(one) for one in self.document.values(name)[:MOST_VALUES])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.document.flat)

    def __len__(self) -> int:
        return len(self.document.flat)

    def has(self, name: str) -> bool:
        """Whether there is a value for the place; costs no query."""
        return bool(self[_PLACES.get(name, name)])

    @cached_property
    def _tree(self) -> tuple[str, ...]:
        own = self["process.entity_id"]
        if not own:
            return ()
        near = timedelta(days=1)
        started = started_by(own[:1], team_ids=self.team_ids, start=self.at - near, end=self.at + near)
        return tuple(dict.fromkeys([*own, *self["process.parent.entity_id"], *started]))[: MOST_VALUES - 1]

    @cached_property
    def _ancestors(self) -> tuple[str, ...]:
        parents = self["process.parent.entity_id"]
        if not parents:
            return ()
        week, day = timedelta(days=7), timedelta(days=1)
        return tuple(above(parents[0], team_ids=self.team_ids, start=self.at - week, end=self.at + day))


def values_of(alert: Alert, team_ids: Sequence[int], document: Document | None = None) -> Values:
    """The values of an alert. One query, or two; none where the `document` of its only event is at hand."""
    return Values(_document(alert) if document is None else document, alert.event_time, team_ids)


def _document(alert: Alert) -> Document:
    if alert.kind in _SHARED:
        return fields_of_alert(alert, [Evidence(*one) for one in events_of(alert)])
    event = source_of(alert)
    return event.document() if event else Document({})
