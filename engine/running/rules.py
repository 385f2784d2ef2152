"""A rule that is ready to run, and when its events count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.rule_types.eql import order_fields
from engine.rulefile import CompiledRule, RuleDefinition
from engine.running.events import Event
from engine.running.moments import Moment
from engine.times import lookback_of

TIMESTAMP = "@timestamp"
INGESTED = "event.ingested"
SEQUENCE = "event.sequence"
ANCIENT = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its file says it, compiled."""

    definition: RuleDefinition
    compiled: CompiledRule

    @property
    def time_fields(self) -> tuple[str, ...]:
        """The fields that say when an event counts: the rule's own if the event has it, else `@timestamp`."""
        override = self.definition.timestamp_override
        if override is None:
            return (TIMESTAMP, INGESTED)
        if self.definition.raw.get("timestamp_override_fallback_disabled") is True:
            return (override,)
        return (override, TIMESTAMP, INGESTED)

    @property
    def order_fields(self) -> tuple[tuple[str, ...], str | None]:
        """The fields that say where an event stands in a sequence, and the one that decides between equal times:
        the rule's, else the number that agents give their events."""
        timestamp, tiebreaker = order_fields(self.definition)
        return (timestamp, INGESTED), tiebreaker or SEQUENCE

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """The time from which and up to which events count, both included."""
        end = now if self.definition.to == "now" else _back(now, self.definition.to)
        return _back(now, self.definition.from_), end

    def history(self, now: datetime) -> datetime:
        """The time from which a new-terms rule remembers values."""
        return _back(now, self.definition.history_window_start or self.definition.from_)

    def counted(self, events: Sequence[Event], since: datetime, until: datetime) -> list[tuple[Moment, Event]]:
        """The events that count in a span of time, each with its time."""
        timed = ((event.moment(*self.time_fields), event) for event in events)
        return [(moment, event) for moment, event in timed if moment is not None and since <= moment.at <= until]


def _back(now: datetime, lookback: str) -> datetime:
    """The instant that a look-back reaches, or the beginning of time."""
    try:
        return now - lookback_of(lookback)
    except OverflowError:
        return ANCIENT
