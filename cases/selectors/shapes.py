"""What the pages of cases are given: plain frozen values, so that a template never causes a query."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.selectors.shapes import AlertBrief
from cases.models import Case, Status
from soc.web.counts import Count


@dataclass(frozen=True, slots=True)
class CaseFilters:
    """What the list is narrowed to; every part is optional.

    Without `statuses` it holds everything in hand and what was closed within the last seven days, or since
    `closed_since`. `owner` is "me", "nobody", the id of a user or "". `text` is looked for in titles; a number finds
    the case of that number too.
    """

    statuses: tuple[str, ...] = ()
    owner: str = ""
    severities: tuple[int, ...] = ()
    tag: str = ""
    phase: str = ""
    overdue: bool = False
    text: str = ""
    team_id: int | None = None
    closed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in the list. `line` says what it is about, or what it waits for, in one line."""

    case: Case
    line: str
    tasks_done: int
    tasks_total: int  # without those not needed
    alerts: int

    @property
    def open_for(self) -> timedelta | None:
        """How long a closed case was open."""
        return self.case.closed_at - self.case.opened_at if self.case.closed_at else None


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases that want attention at the same time: `key` is overdue, today, later, undated, on_hold or closed."""

    key: str
    title: str
    total: Count
    rows: list[CaseRow]


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of the list, its groups in the order of urgency, without the empty ones.

    `counts` says how many stand in each tab whatever the other filters: current, mine, on_hold, overdue, closed.
    """

    groups: list[CaseGroup]
    next_key: str | None
    total: Count
    counts: dict[str, Count]
    notice: str = ""

    @property
    def rows(self) -> list[CaseRow]:
        """All rows of the page."""
        return [row for group in self.groups for row in group.rows]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What a change did to one field, in words; empty: nothing there."""

    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a case.

    `kind` is comment, note, open, change, join, leave, close, reopen, task_add or task_change. `words` go on a sentence
    that begins with `actor`. `text` is Markdown in the person's own words. `key` leads to what came before it.
    """

    key: str
    at: datetime
    actor: str
    actor_id: int | None
    kind: str
    words: str
    text: str = ""
    changes: tuple[FieldChange, ...] = ()
    alerts: tuple[AlertBrief, ...] = ()
    alert_numbers: tuple[int, ...] = ()  # all of them, also those whose lines are not shown
    task: str = ""
    task_state: str = ""
    entry_id: int | None = None
    change_id: int | None = None

    @property
    def more_alerts(self) -> int:
        """How many alerts are not shown by their line."""
        return len(self.alert_numbers) - len(self.alerts)


@dataclass(frozen=True, slots=True)
class Entity:
    """A host, user, address or hash, in how many of the case's alerts it stands, and when it was seen."""

    value: str
    alerts: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Entities:
    """What the case is about. Addresses and hashes come from the kept events of the first `read` of `total` alerts."""

    hosts: list[Entity] = field(default_factory=list)
    users: list[Entity] = field(default_factory=list)
    addresses: list[Entity] = field(default_factory=list)
    hashes: list[Entity] = field(default_factory=list)
    total: int = 0
    read: int = 0

    @property
    def capped(self) -> bool:
        """Whether there are alerts whose events were not read."""
        return self.read < self.total


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A tactic, the number of alerts whose rules name it, and when it was first seen."""

    tactic_id: str
    name: str
    alerts: int
    first: datetime


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert in a case. One that was escalated to another team since says only where it went."""

    alert_id: int
    added_at: datetime
    brief: AlertBrief | None
    moved_to: str = ""

    @property
    def open(self) -> bool:
        """Whether closing the case would give it its verdict."""
        return self.brief is not None and self.brief.status != Status.CLOSED
