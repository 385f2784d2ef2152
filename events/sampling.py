"""What the fields of some events hold: a bounded look at the newest events that match, counted by field and value.

The list of fields beside a search and the completion of queries are made of it; both say how many events were looked
at. An event counts once for each of a field's values.
"""

from collections import Counter
from dataclasses import dataclass, field

from engine.tree import text_of
from events.searching import Pass, Question

MOST_EVENTS = 2_000
MOST_VALUES = 30
"""Of each field the most frequent so many values are kept."""
_LONGEST = 300
_MOST_DIFFERENT = 5_000
_MOST_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """A field: how many events have it, its most frequent values, and how many different ones it has."""

    name: str
    events: int
    values: list[tuple[str, int]]
    different: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What was looked at. `all_of_them`: there are no more events that match than these."""

    events: int = 0
    all_of_them: bool = True
    fields: dict[str, FieldSeen] = field(default_factory=dict)


def sample(question: Question, *, most: int = MOST_EVENTS, seconds: float = 1.0) -> Sample:
    """Count the newest `most` events that match. Costs some 60 µs an event, and `seconds` at most."""
    walk = Pass(question, budget_seconds=seconds, first_rows=min(most, 500) + 1)
    counts: dict[str, Counter[str]] = {}
    have: Counter[str] = Counter()
    number = 0
    for event in walk:
        if number == most:
            return _made(number, False, have, counts)
        number += 1
        for name, values in event.document().flat.items():
            if name not in counts and len(counts) >= _MOST_FIELDS:
                continue
            have[name] += 1
            counted = counts.setdefault(name, Counter())
            if len(counted) < _MOST_DIFFERENT:
                counted.update({text_of(value)[:_LONGEST] for value in values})
    return _made(number, not walk.stopped, have, counts)


def _made(number: int, all_of_them: bool, have: Counter[str], counts: dict[str, Counter[str]]) -> Sample:
    fields = {
        name: FieldSeen(name, have[name], counted.most_common(MOST_VALUES), len(counted))
        for name, counted in counts.items()
    }
    return Sample(number, all_of_them, fields)
