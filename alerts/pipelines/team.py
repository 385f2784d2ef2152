"""What settling a pipeline works on for one team, and what comes of it: the ground that rows and groups are told on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.hits import Excepted, Hit
from alerts.joins.room import MOST_MATCHES
from alerts.joins.work import Events, Work
from alerts.known import Known
from alerts.pipelines.kept import Kept, Row
from engine import Document
from engine.pipelines.schema import ResultColumn
from events.store import EventRef
from rules import marks
from rules.marks import Mark, Span
from rules.pipelines import Asked
from rules.schedule import interval


class Dropped(Exception):  # noqa: N818
    """Events turned out to count no more: begin again without them."""


@dataclass(slots=True)
class Answer:
    """What one try at a team's windows found.

    `joined`: how many of the new events all windows were run for. `over`: how many rows were beyond what is told.
    `until`: where windows were left that groups waited for, up to when all were run.
    """

    hits: list[Hit] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    excepted: dict[tuple[EventRef, int], Excepted] = field(default_factory=dict)
    next_at: datetime | None = None
    until: datetime | None = None
    joined: int = 0
    over: int = 0
    members: int = 0
    windows: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A window that was run, both ends included, and its rows."""

    start: datetime
    end: datetime
    columns: Sequence[ResultColumn]
    rows: list[Row]

    @property
    def stretch(self) -> tuple[datetime, datetime]:
        """From when to when, as facts keep it."""
        return self.start, self.end


class Team:
    """One team's events, read when they are told, and what is known of its alerts."""

    def __init__(self, work: Work, asked: Asked, team_id: int, kept: Kept, new: Iterable[EventRef]) -> None:
        self.work = work
        self.asked = asked
        self.kept = kept
        self.events = Events(work)
        self.known = Known()
        self._id = team_id
        self._new = frozenset(new)
        self._spans: dict[bytes, list[Span]] = {}

    @property
    def most_told(self) -> int:
        """So many rows of one window may become alerts; the others are counted as over the maximum."""
        return max(self.work.rule.definition.max_signals, MOST_MATCHES)

    def begin(self) -> None:
        """A new try: what the last one counted was not told."""
        self._spans = {}

    def is_new(self, number: int) -> bool:
        """Whether the event came since the last settling."""
        return self.kept.ref(number) in self._new

    def read(self, refs: Iterable[EventRef]) -> None:
        """Read events.

        Raises: Dropped when one of them counts no more.
        """
        if not self.events.read(refs):
            raise Dropped

    def is_excepted(self, document: Document, ref: EventRef, row: Row, answer: Answer) -> bool:
        """Whether an exception about what the query makes covers the row; noted where the row has something new."""
        rule = self.work.rule
        item_id = rule.row_excepted_by(document) if rule.exceptions else None
        if item_id is None:
            return False
        if any(map(self.is_new, row.events)):
            answer.excepted[ref, item_id] = Excepted(rule, self.events.judged[ref].event, item_id)
        return True

    def spans_of(self, names: Iterable[bytes]) -> dict[bytes, list[Span]]:
        """What alerts of these groups have counted. One query for those that were not asked for."""
        unknown = set(names) - self._spans.keys()
        if unknown:
            stored = marks.spans_of(
                rule_id=self.work.rule.id,
                logic_hash=self.work.rule.logic_hash,
                team_id=self._id,
                groups=unknown,
                since=self.kept.times[0] - interval(self.work.rule.definition),
            )
            self._spans |= {name: stored.get(name, []) for name in unknown}
        return self._spans

    def count(self, group: bytes, span: Span, answer: Answer) -> None:
        """Keep what an alert of a group counts from now on."""
        answer.marks.append(Mark(self.work.rule.logic_hash, self._id, group, span))
        self._spans[group] = sorted([*self._spans[group], span])
