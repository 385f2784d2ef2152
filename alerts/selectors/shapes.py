"""What the alert pages are given: plain frozen values, so that a template never causes a query."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from alerts.models import Alert, Fault, Reason, Status
from alerts.targets import Due
from alerts.terms_told import TermsTold
from engine import Clause, Document, RuleDefinition
from engine.guide import Guide
from events.process_tree import ProcessTree
from rules.changes import KeyChange
from rules.models import RuleRevision
from soc.web.counts import Count

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from alerts.selectors.alike import Alike
    from alerts.selectors.commonness import CommonValues
    from alerts.selectors.earlier import Earlier
    from alerts.selectors.joined_shapes import Composition, KeptEvent

FEW_VERDICTS = 10
NEWEST_VERDICTS = 500
"""So many verdicts of a rule say what usually happens; what was found long ago says little."""


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What the queue is narrowed to; every part is optional.

    `assignee` is "me", "nobody", the id of a user or "". `kql` is judged over the source event and kibana.alert.*.
    """

    statuses: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    rule_id: str = ""
    technique: str = ""
    host: str = ""
    user_name: str = ""
    lacks: str = ""  # only what has no "host", no "user" or neither ("both")
    assignee: str = ""
    tag: str = ""
    since: datetime | None = None
    until: datetime | None = None
    closed_since: datetime | None = None
    kql: str = ""
    building_blocks: bool = False
    team_id: int | None = None  # one of the person's teams; of all of them without
    past_target: bool = False  # only what is open longer than the target of its severity
    snoozed: str = ""  # "out": nothing that sleeps; "only": nothing else; else as it comes
    fold: bytes = b""  # only the alerts of this fold
    folded: bool = False  # alerts of a fold as one row
    sort: str = "urgent"  # urgent | newest | oldest
    up_to_id: int | None = None  # only what there was when somebody saw the list


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How the closed alerts of a rule were judged."""

    true_positive: int = 0
    benign_positive: int = 0
    false_positive: int = 0
    duplicate: int = 0
    other: int = 0
    newest: bool = False  # these are the newest alone: there are older ones, which were not counted

    @classmethod
    def of(cls, counts: Mapping[str, int], *, newest: bool = False) -> "Verdicts":
        """From counts by reason; unknown reasons are left out."""
        return cls(**{reason: counts.get(reason, 0) for reason in Reason.values}, newest=newest)

    @property
    def total(self) -> int:
        """All that were closed by people, duplicates and others too."""
        return self.judged + self.uncounted

    @property
    def judged(self) -> int:
        """The verdicts: closings that say what the alert was, as docs/figures.md has it. A duplicate is counted once,
        at its original; "other" says nothing."""
        return self.true_positive + self.benign_positive + self.false_positive

    @property
    def uncounted(self) -> int:
        """What was closed by people without a verdict."""
        return self.duplicate + self.other

    @property
    def few(self) -> bool:
        """Whether there are too few to say what usually happens."""
        return self.judged < FEW_VERDICTS


@dataclass(frozen=True, slots=True)
class Faults:
    """A rule's false positives by why they are: the three together are all of them."""

    rule_logic: int = 0
    data_wrong: int = 0
    unsaid: int = 0

    @classmethod
    def of(cls, said: Mapping[str, int], false_positives: int) -> "Faults":
        """From counts by fault, of so many false positives, which may have been counted a moment before."""
        logic, data = said.get(Fault.RULE_LOGIC, 0), said.get(Fault.DATA_WRONG, 0)
        return cls(logic, data, max(false_positives - logic - data, 0))

    @property
    def total(self) -> int:
        """All of them."""
        return self.rule_logic + self.data_wrong + self.unsaid


@dataclass(frozen=True, slots=True)
class Prior:
    """What was found in alerts of a rule before: on the same "host", by the same "user", or of the "rule" anywhere."""

    verdicts: Verdicts
    of: str


@dataclass(frozen=True, slots=True)
class Folded:
    """The alerts behind a row: how many of the fold the filters let through, the newest of them, and how many of them
    are `fresh`: open, and nobody's.

    `spec` is what a form posts to act on all of them as they were seen.
    """

    key: str  # hexadecimal
    count: Count
    newest_id: int
    fresh: Count

    @property
    def spec(self) -> str:
        """The fold and the newest alert in it: what comes later was not seen."""
        return f"{self.key}:{self.newest_id}"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One row of the queue: an alert, or the first of those that fold into it."""

    alert: Alert
    found_before: Callable[[], Mapping[int, Prior]]  # by the number of the alert, for all rows of a page
    past_target: bool = False
    fold: Folded | None = None  # of several that say the same
    snoozed: bool = False

    @property
    def prior(self) -> Prior:
        """What was found in alerts like it before, and which these are."""
        return self.found_before()[self.alert.pk]

    @property
    def verdicts(self) -> Verdicts:
        """What was found in them."""
        return self.prior.verdicts

    @property
    def waits(self) -> bool:
        """Whether nobody has taken on the alert that is shown."""
        return self.alert.status == Status.OPEN and self.alert.assignee_id is None

    @property
    def hidden(self) -> Count | None:
        """How many open alerts that nobody owns stand behind one that somebody works on; None for none."""
        return None if self.fold is None or self.waits or not self.fold.fresh.number else self.fold.fresh


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many alerts a list has, up to one more than are counted; which rule has made most of those that were counted,
    and how many; and when the first of all was raised, None of a longer list.
    """

    total: int = 0
    loudest: tuple[str, int] | None = None
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """When the alerts of a list were raised, as far as reading the list has told it.

    `oldest`: the first of them; None where they were too many to look at all. Of a list with KQL `each` alert's time
    and severity, or the `alerts` as a query where columns tell which they are; neither, where the search did not end.
    """

    oldest: datetime | None = None
    each: Sequence[tuple[datetime, int]] | None = None
    alerts: "QuerySet[Alert] | None" = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, the way to the next one, and how many there are in all.

    `stopped` says that a KQL search ended at its budget of alerts, or of seconds (`late`): the rows and `total` are
    then what was found so far. `begins_with`: the alert of the first row, where those before it are left out.
    """

    rows: list[QueueRow]
    next_key: str | None
    total: Count
    stopped: bool = False
    late: bool = False
    examined: int = 0
    bad_key: bool = False
    targets: Mapping[int, timedelta] = field(default_factory=dict)  # by severity, as they were read for the order
    loudest: tuple[str, int] | None = None  # the rule with most of them, as far as they were counted
    spread: Spread = Spread()
    begins_with: int | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Alerts per bucket of time, each bucket as (low, medium, high, critical); `to_now`: the last one is not over;
    `judged`: they are what the filters' KQL lets through, if there is any.
    """

    start: datetime
    seconds: int
    counts: list[tuple[int, int, int, int]]
    to_now: bool = True
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the summary sentence; names and values are strong."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class AlertBrief:
    """An alert in one line, where another one names it."""

    id: int
    name: str
    severity: int
    status: str
    reason: str
    fault: str
    event_time: datetime
    created_at: datetime
    host_name: str | None
    user_name: str | None
    evidence: str
    tactics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherBranch:
    """An alternative of the rule that did not hold: what it asks, and the clauses that it failed by."""

    asked: str
    failed: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """Why the rule fired, told by the clauses of the tree that judged the event.

    `asked`: held and telling · `also`: held and nearly constant, folded · `exclusions`: negated, none applied ·
    `branches_not_held`: alternatives of an "or" that did not hold. `problem` says why there is no explanation.
    """

    asked: list[Clause] = field(default_factory=list)
    also: list[Clause] = field(default_factory=list)
    exclusions: list[Clause] = field(default_factory=list)
    branches_not_held: int = 0
    problem: str = ""
    branches: tuple[OtherBranch, ...] = ()  # the first of those that did not hold

    @property
    def branches_untold(self) -> int:
        """How many alternatives did not hold beside those that are told."""
        return max(self.branches_not_held - len(self.branches), 0)


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What was new, and against which history.

    `earlier` and `later` are when the same values were seen outside the history (None: never, as far as known). `told`
    is what is said of them beside the alert's host and user.
    """

    fields: tuple[str, ...]
    values: tuple[str, ...]
    history_start: datetime
    history_end: datetime
    history: str
    told: TermsTold
    earlier: datetime | None = None
    later: datetime | None = None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of the source event with its values as text."""

    name: str
    values: tuple[str, ...]
    highlighted: bool = False


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that belong together on the page; `event` is the uid of the one of several events that has them."""

    title: str
    fields: list[FieldRow]
    event: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the activity: what somebody did, or what he wrote."""

    at: datetime
    who: str
    verb: str
    text: str
    note: str = ""
    group: UUID | None = None
    undoable: bool = False
    with_exception: bool = False  # an act that added an exception, and closed what it covers
    part_of: str = ""  # the case whose closing did it, which is undone there
    is_comment: bool = False
    called: frozenset[str] = frozenset()  # the user names in a comment that call somebody


@dataclass(frozen=True, slots=True)
class Related:
    """Alerts that may belong to the same story; never the alert itself. `counted` says how many where only that was
    asked."""

    same_host: list[AlertBrief]  # 24 hours either side
    same_user: list[AlertBrief]  # 7 days either side
    same_hash: list[AlertBrief]  # 7 days either side
    same_tree: list[AlertBrief] = field(default_factory=list)  # the process, its ancestors, what they started
    same_address: list[AlertBrief] = field(default_factory=list)  # 7 days either side
    counted: int | None = None

    @property
    def number(self) -> int:
        """How many there are; each stands in one group only."""
        if self.counted is not None:
            return self.counted
        groups = (self.same_tree, self.same_host, self.same_user, self.same_hash, self.same_address)
        return sum(map(len, groups))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The alerts before and after this one in the queue it was opened from; its `place` among the `total` rows there,
    None where it is far from the top or shown there no more."""

    previous_id: int | None
    next_id: int | None
    place: int | None = None
    total: Count | None = None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Which alert this one was closed as a duplicate of, and which ones as duplicates of it; those one may see."""

    original: int | None = None
    numbers: tuple[int, ...] = ()  # the oldest, one more than are ever told

    MOST: ClassVar[int] = 100

    @property
    def shown(self) -> tuple[int, ...]:
        """Those that are told."""
        return self.numbers[: self.MOST]

    @property
    def linked(self) -> tuple[int, ...]:
        """Those for which a page has room."""
        return self.numbers[:5]

    @property
    def more(self) -> bool:
        """Whether there are more than are told."""
        return len(self.numbers) > self.MOST


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Everything the alert page shows."""

    alert: Alert
    definition: RuleDefinition
    revision: RuleRevision
    current_revision: RuleRevision | None
    sentence: tuple[Part, ...]
    why: Why
    new_terms: NewTerms | None
    process_tree: ProcessTree | None
    event_stored: bool  # false: the source event left storage, what was kept with the alert is shown
    fields: list[FieldGroup]
    all_fields: list[FieldRow]
    raw: str
    activity: list[Entry]
    guide: Guide
    verdicts: Verdicts
    related: Related
    neighbours: Neighbours
    due: Due | None = None  # None for one that is closed, or whose severity has no target
    events_of: str = ""  # the team whose events these are, where the person does not see it
    composition: "Composition | None" = None  # what stands behind it beside the event
    events: "tuple[KeptEvent, ...]" = ()  # of joined events all that were kept, in order
    common: "CommonValues" = field(default_factory=dict)  # how common here is what met the clauses
    earlier: "Earlier | None" = None  # what was found in alerts like it before, and what differs this time
    exceptions_checked: int = 0  # of the rule, when the alert was raised
    changed: tuple[KeyChange, ...] = ()  # what became of the rule since
    alike: "Alike | None" = None  # open alerts that say the same
    left_on: date | None = None  # when its event left storage, as far as retention says
    document: Document | None = None  # the event's, where the alert rests on one alone
    entries: int = 0  # how long the activity is, as far as it is shown
    ticked: int = 0  # how many steps of guides were done
    duplicates: Duplicates = Duplicates()

    @property
    def events_linked(self) -> bool:
        """Whether the events can be opened: they are stored, and the person sees the team that sent them."""
        return self.event_stored
