"""What the page of an alert is given where several events, or more than one event, stand behind it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import orjson

from alerts.selectors.shapes import AlertBrief, Part, Why
from engine import Document
from events.store import StoredEvent

if TYPE_CHECKING:
    from alerts.selectors.row_shapes import MadeRow


@dataclass(frozen=True, slots=True)
class Pair:
    """A field and the value that the events share, or that an alert was grouped by; None: the field is missing."""

    field: str
    value: str | None


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event kept with an alert, by its role ("source", "step 2", "indicator") and place, decoded once."""

    role: str
    position: int
    event: StoredEvent
    document: Document
    deed: tuple[Part, ...] = ()

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.time

    @property
    def day(self) -> date:
        """The day it is stored under."""
        return self.event.day

    @property
    def hex(self) -> str:
        """Its uid as addresses write it."""
        return self.event.uid.hex()

    @property
    def raw(self) -> str:
        """The event as it was received."""
        return orjson.dumps(self.document.raw, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a sequence or sample.

    `title` numbers it ("2", or "2, 3 of 4" for a step that runs several times), `gap` is the time since the event
    before. A missing step has no event; `missing` says within what none came, and `asked` what was looked for.
    """

    number: int
    title: str
    event: KeptEvent | None
    gap: str = ""
    missing: str = ""
    asked: str = ""
    why: Why = field(default_factory=Why)
    block_id: int | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """The events of a sequence, in order, or of a sample, and what they share.

    `span` is the time between the first and the last, `allowed` how long it may be (empty: any), `until` says what
    would have ended the sequence before its time.
    """

    ordered: bool
    by: tuple[Pair, ...]
    rows: tuple[StepRow, ...]
    span: str = ""
    allowed: str = ""
    until: str = ""

    @property
    def events(self) -> int:
        """How many events there are: missing steps have none."""
        return sum(row.event is not None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How many different values a field had, and how many it takes."""

    field: str
    value: int
    needed: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A count of events that reached its threshold: the group, the count, when, and the events kept of it."""

    terms: tuple[Pair, ...]
    count: int
    needed: int
    cardinality: Cardinality | None
    first: datetime
    last: datetime
    span: str
    events: tuple[KeptEvent, ...]

    @property
    def not_kept(self) -> int:
        """How many of the events that counted were not kept with the alert."""
        return max(self.count - len(self.events), 0)


@dataclass(frozen=True, slots=True)
class MetIndicator:
    """A field of the event that had the value of an indicator, and what is known of the indicator."""

    field: str
    value: str
    indicator_field: str
    told: tuple[Pair, ...]
    event: KeptEvent | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A combination of new terms, by its values, when it was met, and the event's uid."""

    values: tuple[str, ...]
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class Learning:
    """New terms met while the rule was learning its history: how many, since when, and some of them."""

    since: datetime
    number: int
    fields: tuple[str, ...]
    examples: tuple[Example, ...]

    @property
    def more(self) -> int:
        """How many are not among the examples."""
        return max(self.number - len(self.examples), 0)

    @property
    def what(self) -> str:
        """What was new: "values of user.name", "combinations of host.name and user.name"."""
        *head, last = self.fields or ("its fields",)
        named = f"{', '.join(head)} and {last}" if head else last
        noun = "combination" if head else "value"
        return f"new {noun}{'' if self.number == 1 else 's'} of {named}"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Further hits that were counted at the alert instead of becoming alerts: times of the first and last of them."""

    number: int
    terms: tuple[Pair, ...]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Composition:
    """What stands behind an alert beside its event; each part only where it is so.

    `shell` is the sequence that a building block belongs to, and `step` which of its steps it is.
    """

    steps: Steps | None = None
    reached: Reached | None = None
    row: "MadeRow | None" = None
    indicators: tuple[MetIndicator, ...] = ()
    learning: Learning | None = None
    suppression: Suppression | None = None
    shell: AlertBrief | None = None
    step: str = ""
    blocks: tuple[AlertBrief, ...] = ()
