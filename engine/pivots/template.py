"""A search before an alert's values are put in."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

PLACE = re.compile(r"\{([A-Za-z_@][A-Za-z0-9_@.-]*)\}")
"""`{user.name}`: where the alert's value goes. A group in braces, `field:{ … }`, has a colon or a blank and is none."""
TREE = "tree"
"""The place for the entity ids of the alert's process, of its parent and of what it started: `{tree}`."""
ANCESTORS = "ancestors"
"""The place for the entity ids of the processes above the alert's, from its parent up: `{ancestors}`."""


class Table(StrEnum):
    """What is searched. SEEN: of how many hosts the values that the query names are known, or with `by` which values
    of that field among its events few hosts had; both from what was noted of thirty days, without a search of them."""

    EVENTS = "events"
    ALERTS = "alerts"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Span:
    """How far before and after the alert is looked. "24h" both ways, "-7d" before, "+1h" after."""

    before: timedelta
    after: timedelta

    def __str__(self) -> str:
        if self.before == self.after:
            return f"± {_short(self.before)}"
        parts = [f"{_short(self.before)} before"] if self.before else []
        return ", ".join([*parts, *([f"{_short(self.after)} after"] if self.after else [])])


DAY = Span(timedelta(hours=24), timedelta(hours=24))
WEEK = Span(timedelta(days=7), timedelta(days=7))
LONGEST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Search:
    """A label and a query with places, over a span of time around the alert.

    `by` counts the values of a field instead of events. `together`: all values of a place must be met, else one of
    them. `problem` says why it cannot be asked; `note` is text shown instead of a search (osquery).
    """

    label: str
    query: str
    span: Span = DAY
    table: Table = Table.EVENTS
    by: str = ""
    together: bool = False
    problem: str = ""
    note: str = ""

    @property
    def places(self) -> tuple[str, ...]:
        """The fields whose values the query needs, each once."""
        return tuple(dict.fromkeys(PLACE.findall(self.query)))

    def named(self, label: str) -> "Search":
        """The same search under another label."""
        return replace(self, label=label)


def _short(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0 and not (unit == "d" and seconds == size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
