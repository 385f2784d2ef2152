"""The searches of a step, filled with an alert's values, with the way to the page that shows all they find."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.http import QueryDict
from django.urls import reverse

from alerts.guides.seen import problem_of
from alerts.guides.values import Values
from engine import RuleDefinition, parse_kql
from engine.pivots import Pivot, Table, fill, searches_of, searches_of_guide
from engine.pivots.markup import Call
from events.searching import Window

KEYS = 9
JUST_AFTER = timedelta(seconds=1)  # windows are half-open, and the alert's own event belongs to its searches


@dataclass(frozen=True, slots=True)
class ShownPivot:
    """A search with its number in the guide, and the moment around which it looks."""

    number: int
    pivot: Pivot
    at: datetime

    @property
    def key(self) -> str:
        """The key that opens it, for the first nine."""
        return str(self.number) if self.number <= KEYS and self.can_be_asked else ""

    @property
    def can_be_asked(self) -> bool:
        """Whether there is something to search for."""
        return not self.pivot.problem and not self.pivot.note

    @property
    def window(self) -> Window:
        """The stretch of time that is looked at."""
        return Window(self.at - self.pivot.span.before, self.at + self.pivot.span.after + JUST_AFTER)

    @property
    def url(self) -> str:
        """The page that shows all that it finds: of events the search, of alerts the queue."""
        return self.url_with()

    def url_with(self, more: str = "") -> str:
        """The same, narrowed by one more clause."""
        query = f"({self.pivot.query}) and {more}" if more else self.pivot.query
        asked = QueryDict(mutable=True)
        asked["q"] = query
        if self.pivot.table is Table.ALERTS:
            # The queue asks when alerts were raised, which is after their events: so from the start on, without an end.
            asked["view"], asked["since"] = "all", self.window.start.strftime("%Y-%m-%dT%H:%M:%SZ")
            return f"{reverse('alerts:queue')}?{asked.urlencode()}"
        asked["from"], asked["to"] = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in self._whole_seconds())
        return f"{reverse('events:search')}?{asked.urlencode()}"

    def _whole_seconds(self) -> tuple[datetime, datetime]:
        return self.window.start, self.window.end + JUST_AFTER


def pivots_of(
    text: str, calls: Sequence[Call], definition: RuleDefinition, values: Values, numbers: Iterator[int]
) -> tuple[ShownPivot, ...]:
    """The searches of a step, or without text those that stand outside of steps; each question of them once."""
    if text:
        searches = searches_of(text, calls, definition.transform, values.has)
    else:
        searches = searches_of_guide(calls, definition.transform)
    filled: dict[object, Pivot] = {}
    for search in searches:
        pivot = _answerable(fill(search, values))
        filled.setdefault(pivot.asks if pivot.query else search, pivot)
    return tuple(ShownPivot(next(numbers), pivot, values.at) for pivot in filled.values())


def _answerable(pivot: Pivot) -> Pivot:
    """The search; with a problem where it asks how common something is of which that is never noted."""
    if pivot.table is not Table.SEEN or not pivot.query:
        return pivot
    problem = problem_of(parse_kql(pivot.query), pivot.by)
    return replace(pivot, query="", problem=problem) if problem else pivot
