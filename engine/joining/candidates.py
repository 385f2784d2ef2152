"""What is kept of an event that a part of a rule let in: enough to join it with others, and no more."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from engine.document import Document
from engine.joining.keys import Key, combinations, texts_of
from engine.plan import EVENT, UNTIL, Indicators, Joining, JoinKey, MappingEntry, Sample, Step, Threshold
from engine.plan import Sequence as SequencePlan
from engine.tree import Scalar

Check: TypeAlias = Callable[[], None]
Order: TypeAlias = tuple[object, ...]

CHECK_EVERY = 1_024


class Candidate(NamedTuple):
    """An event let in by the part of a rule named `part`, once for each of its keys.

    `at` is its timestamp. `order` is its place among all events (see `order_of`): the same for all candidates of one
    event, different for any two events. `ref` is how the caller knows the event. `value` holds what else the plan
    asks of the event: the values whose variety a threshold counts; for indicators the number of the mapping item,
    then what negated entries compare.
    """

    part: str
    key: Hashable
    at: datetime
    order: Order
    ref: Hashable
    value: tuple[str, ...] = ()


def order_of(at: datetime, tiebreaker: Scalar | None, arrival: Hashable) -> Order:
    """An event's place in time: timestamp, then tiebreaker (numbers, texts, events without one last), then arrival.

    Source: Elasticsearch reference, EQL search, "tiebreaker_field".
    """
    seconds = at.timestamp()  # a float tells microseconds apart, and sorts in a fraction of the time
    if tiebreaker is None:
        return (seconds, 2, 0, arrival)
    return (seconds, 1, tiebreaker, arrival) if isinstance(tiebreaker, str) else (seconds, 0, tiebreaker, arrival)


def candidates_of(
    plan: Joining, part: str, document: Document, *, at: datetime, order: Order, ref: Hashable
) -> list[Candidate]:
    """The candidates of an event that this part of the rule let in; arrays in key fields make several.

    None at all when it lacks a key field that is not optional. At most MAX_COMBINATIONS for each mapping item or step.
    """
    match plan:
        case SequencePlan() | Sample():
            keys = _step_keys(_step(plan, part).by, document)
            return [Candidate(part, key, at, order, ref) for key in keys]
        case Threshold(fields, _, counted):
            keys = combinations([texts_of(field, document.values(field)) for field in fields])
            value = texts_of(counted, document.values(counted)) if counted else ()
            return [Candidate(part, key, at, order, ref, value) for key in keys]
        case Indicators(items):
            return [
                Candidate(part, key, at, order, ref, value)
                for number, item in enumerate(items)
                for key, value in _mapped(number, item, part, document)
            ]


def fields_of(plan: Joining) -> set[str]:
    """The fields of events that the plan's keys and counted values are made of."""
    match plan:
        case SequencePlan(steps, _, until):
            return {key.field for step in (*steps, *([until] if until else [])) for key in step.by}
        case Sample(steps):
            return {key.field for step in steps for key in step.by}
        case Threshold(fields, _, counted):
            return {*fields, *([counted] if counted else [])}
        case Indicators(items):
            return {entry.field for item in items for entry in item}


def _step(plan: SequencePlan | Sample, part: str) -> Step:
    if part == UNTIL and isinstance(plan, SequencePlan) and plan.until:
        return plan.until
    return plan.steps[int(part) - 1]


def _step_keys(by: Sequence[JoinKey], document: Document) -> Iterable[Key]:
    choices = [_choices(key, document) for key in by]
    if any(len(some) != 1 for some in choices):
        return combinations(choices)
    return [tuple([value for (value,) in choices])]


def _choices(key: JoinKey, document: Document) -> tuple[str | None, ...]:
    texts = texts_of(key.field, document.values(key.field))
    return texts or ((None,) if key.optional else ())


def _mapped(
    number: int, item: Sequence[MappingEntry], part: str, document: Document
) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """The keys of one item of an indicator mapping. Of an indicator that must agree in several fields at once each
    field needs exactly one value, since it is not known which of several belong together."""
    asked = [entry for entry in item if not entry.negated]
    choices = [_entry_texts(entry, part, document) for entry in asked]
    if part != EVENT and len(asked) > 1 and any(len(texts) > 1 for texts in choices):
        return
    excluded = [
        f"{at}:{text}" for at, entry in enumerate(item) if entry.negated for text in _entry_texts(entry, part, document)
    ]
    name = str(number)
    for key in combinations(choices):
        yield (name, *key), (name, *excluded)


def _entry_texts(entry: MappingEntry, part: str, document: Document) -> tuple[str, ...]:
    """Both sides are read as the event's field is, so that an address is an address on both."""
    return texts_of(entry.field, document.values(entry.field if part == EVENT else entry.value))


def checked(candidates: Iterable[Candidate], check: Check | None) -> Iterator[Candidate]:
    """The candidates, with a call of `check` now and then."""
    if check is None:
        yield from candidates
        return
    for number, candidate in enumerate(candidates):
        if number % CHECK_EVERY == 0:
            check()
        yield candidate
