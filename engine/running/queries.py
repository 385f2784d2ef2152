"""One query over events in memory, as Elasticsearch answers it, without a limit on the number of results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.joining import join
from engine.joining.sequences import END_OF_TIME
from engine.languages.eql import parse_eql
from engine.languages.kql import parse_kql
from engine.plan import parts_of
from engine.running.events import Event
from engine.running.joined import Place, candidates_in, place_of
from engine.running.passing import let_in

Lines = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class EventFields:
    """The names of the fields that an EQL search goes by."""

    category: str = "event.category"
    timestamp: str = "@timestamp"
    tiebreaker: str | None = None


def run_kql(text: str, events: Sequence[Event]) -> list[Lines]:
    """The events that a KQL query is true of, in the order of their lines.

    Raises: LanguageError, PatternError.
    """
    found = let_in([("query", parse_kql(text), ())], events)
    return [(event.line,) for event in found.get("query", ())]


def run_eql(text: str, events: Sequence[Event], fields: EventFields | None = None) -> list[Lines]:
    """The answers of an EQL query: events in order of time, sequences in the order in which they were completed,
    samples by their keys.

    Time ends after the last event, so an event that is missing up to then is missing.
    Raises: LanguageError, PatternError.
    Source: Elasticsearch reference, EQL search API.
    """
    fields = fields or EventFields()
    query = parse_eql(
        text, category_field=fields.category, timestamp_field=fields.timestamp, tiebreaker_field=fields.tiebreaker
    )
    parts = [(part.name, part.tree, part.indices) for part in parts_of(query.tree, query.plan, ())]
    found = let_in(parts, events)
    if query.plan is None:
        lines: list[Lines] = [(event.line,) for event in _by_time(found.get("event", ()), fields)]
    else:
        candidates = [
            candidate
            for name, _, _ in parts
            for candidate in candidates_in(
                query.plan, name, found.get(name, ()), (fields.timestamp,), fields.tiebreaker
            )
        ]
        matches = join(query.plan, candidates, until=END_OF_TIME)
        lines = [tuple(ref if isinstance(ref, int) else None for ref in match.refs) for match in matches]
    for pipe in query.pipes:
        lines = lines[: pipe.count] if pipe.name == "head" else lines[max(len(lines) - pipe.count, 0) :]
    return lines


def _by_time(events: Iterable[Event], fields: EventFields) -> list[Event]:
    """In order of time; events without a time come last."""

    def place(event: Event) -> tuple[bool, Place]:
        moment = event.moment(fields.timestamp)
        return (True, (event.line,)) if moment is None else (False, place_of(event, moment, fields.tiebreaker))

    return sorted(events, key=place)
