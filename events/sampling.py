"""What the fields of some events hold: a bounded look at the newest events that match, counted by field and value.

The list of fields beside a search and the completion of queries are made of it; both say how many events were looked
at. An event counts once for each of a field's values.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.tree import Scalar, text_of
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
    counts = _Counts()
    for event in walk:
        if counts.number == most:
            return counts.made(all_of_them=False)
        counts.add(event.document().flat)
    return counts.made(all_of_them=not walk.stopped)


def sample_of(rows: Iterable[Mapping[str, Sequence[Scalar]]], *, all_of_them: bool) -> Sample:
    """The same of events, or of other rows with named values, that were read already."""
    counts = _Counts()
    for row in rows:
        counts.add(row)
    return counts.made(all_of_them=all_of_them)


class _Counts:
    """What was counted by field and value."""

    def __init__(self) -> None:
        self.number = 0
        self._values: dict[str, Counter[str]] = {}
        self._have: Counter[str] = Counter()

    def add(self, fields: Mapping[str, Sequence[Scalar]]) -> None:
        """Count one more."""
        self.number += 1
        for name, values in fields.items():
            if name not in self._values and len(self._values) >= _MOST_FIELDS:
                continue
            self._have[name] += 1
            counted = self._values.setdefault(name, Counter())
            if len(counted) < _MOST_DIFFERENT:
                counted.update({text_of(value)[:_LONGEST] for value in values})

    def made(self, *, all_of_them: bool) -> Sample:
        """The counts so far."""
        fields = {
            name: FieldSeen(name, self._have[name], counted.most_common(MOST_VALUES), len(counted))
            for name, counted in self._values.items()
        }
        return Sample(self.number, all_of_them, fields)
