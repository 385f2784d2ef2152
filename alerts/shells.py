"""What a hit comes to as an alert: which events it rests on, and what these have in common.

The alert of one event has that event's fields, with the columns over them that a pipeline made of it. The alert of a
sequence or sample is a shell: it has the fields that all of its events share, and each event is a building block of its
own beside it. A count or group has what its events share.
Source: Kibana builds its shell alerts by the same intersection: equal values stay, arrays keep what both have.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, reduce
from typing import Any

import orjson

from alerts.hits import Hit, Judged, Member
from alerts.kept import INDICATOR, SOURCE
from alerts.lineage import depth_of, sources_of
from alerts.models import Kind
from alerts.overriding import Said, overridden
from alerts.pipelines.overlay import over
from engine import Document

MOST_EVENTS = 100
"""So many events are kept with an alert: of a count the last ones; facts tell how many there were."""
MOST_INDICATORS = 20
_SHELLS = (Kind.SEQUENCE, Kind.SAMPLE)


@dataclass(frozen=True)
class Finding:
    """A hit that is no alert yet, and what its alert would say."""

    hit: Hit
    identity: bytes
    sources: list[Judged] = field(default_factory=list)

    @classmethod
    def of(cls, hit: Hit, identity: bytes) -> "Finding":
        """The finding of a hit."""
        return cls(hit, identity, sources_of(hit))

    @property
    def kind(self) -> Kind:
        """What the alert rests on."""
        if self.hit.joined is not None:
            return Kind(self.hit.joined.kind)
        return Kind.NEW_TERMS if self.hit.terms is not None else Kind.EVENT

    @property
    def is_shell(self) -> bool:
        """Whether each event becomes a building block beside the alert."""
        return self.kind in _SHELLS

    @property
    def is_joined(self) -> bool:
        """Whether the alert is about several events rather than one."""
        return self.is_shell or self.kind in (Kind.THRESHOLD, Kind.GROUP)

    @property
    def arrived(self) -> datetime:
        """When its last event came in: caps and suppression count in this time."""
        return self.hit.event.ingested

    @property
    def time(self) -> datetime:
        """When it happened: the time of the event that completed it, of a sample of the last one."""
        if self.kind is Kind.SAMPLE:
            return max(source.event.time for source in self.sources)
        return self.hit.event.time

    @property
    def depth(self) -> int:
        """How many levels of alerts it stands on, itself included."""
        return depth_of(self.sources)

    @cached_property
    def document(self) -> Document:
        """The alert's own fields: those of its event, or those that all of its events share; a row over them."""
        if not self.is_joined or len(self.sources) == 1:
            document = self.hit.document
        else:
            document = Document.of(shared(source.document.raw for source in self.sources[-MOST_EVENTS:]))
        return document if self.hit.row is None else over(document, self.hit.row)

    @cached_property
    def said(self) -> Said:
        """Severity, risk score and name, with the word that the alert's fields have in them."""
        return overridden(self.hit.rule.definition, self.document)

    @property
    def kept(self) -> list[tuple[str, Judged]]:
        """The events to keep with the alert, with their roles, in the order of their positions."""
        joined = self.hit.joined
        if joined is None or not self.is_joined:
            members = joined.members if joined else ()
            indicators = [(member.role, member.judged) for member in members if member.role == INDICATOR]
            return [(SOURCE, self.sources[0]), *indicators[:MOST_INDICATORS]]
        if self.is_shell:
            return [(member.role, member.judged) for member in self.members]
        return [(member.role, member.judged) for member in self.members[-MOST_EVENTS:]]

    @property
    def members(self) -> Sequence[Member]:
        """The events of a sequence, sample or count that are kept, in order: of a very long sequence the first ones
        and the last."""
        if self.hit.joined is None:
            return ()
        members = self.hit.joined.members or (Member("event", self.sources[0]),)
        if self.is_shell and len(members) > MOST_EVENTS:
            return (*members[: MOST_EVENTS - 1], members[-1])
        return members


def shared(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The fields that all documents have with the same value; of arrays the elements that all have."""
    return reduce(_intersection, documents)


def _intersection(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Calls itself as deep as documents may be nested, which is twenty levels."""
    both: dict[str, Any] = {}
    for name, value in one.items():
        if name not in other:
            continue
        same = _same(value, other[name])
        if same is not None and same not in ({}, []):
            both[name] = same
    return both


def _same(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return _intersection(one, other)
    if isinstance(one, list) or isinstance(other, list):
        return _common(one if isinstance(one, list) else [one], other if isinstance(other, list) else [other])
    return one if type(one) is type(other) and one == other else None


def _common(one: list[Any], other: list[Any]) -> list[Any]:
    there = {orjson.dumps(element) for element in other}
    return [element for element in one if orjson.dumps(element) in there]
