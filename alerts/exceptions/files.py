"""Exceptions out to a file and in from one, by a person: what the file would change is told before it changes anything.

Reading, planning, writing and what becomes of each are in rules/importing and rules/exporting; here is who may, the
true-positive guard, and that what an exception lets go is raised.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from time import monotonic
from uuid import UUID, uuid4

import orjson
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Length

from accounts.access import need
from accounts.models import Change, User
from accounts.roles import Permission
from alerts.errors import GuardRefused, ReviewNeeded
from alerts.exceptions.allowed import drafts_only
from alerts.exceptions.groups import GroupError, parse_groups
from alerts.exceptions.guard import Hidden, check_hidden, hidden_by_each
from alerts.models import Alert, Reason, Status
from alerts.release import release_all
from alerts.retrying import retry_conflicts
from engine import Tree
from rules import epoch
from rules.errors import ImportRefused
from rules.exporting import exception_lines
from rules.importing import (
    Bounds,
    ExceptionsPlan,
    Found,
    ImportReport,
    Verdict,
    apply_exceptions,
    collect_export,
    plan_of_export,
)
from rules.models import ExceptionItem, Rule
from rules.selectors import visible_rules
from rules.storing import Origin
from rules.storing import Status as Became
from rules.value_lists import lists_named, stamps

MOST_BYTES, MOST_LINES = 2_000_000, 5_000
"""A file at a page or in the API; larger ones are imported where the server runs."""
MOST_WRITTEN = 2_000  # exceptions, each counted on each of its rules
MOST_WRITTEN_BYTES = 20_000_000  # of those, as they stand in the file
MOST_OUT, MOST_OUT_BYTES = 20_000, 50_000_000
MOST_SECONDS = 10  # for the guard
_OTHER = "This would do something else now than what you looked at. Look again, nothing was saved."


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that somebody sends: its bytes, and what it is called."""

    data: bytes
    name: str = "exceptions.ndjson"


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of a file, or became of it. `seen` stands for exactly this outcome; `group` is the act to undo;
    `raised`: how many events that exceptions held back are alerts now. `guarded`: how many of the refused would hide a
    true positive, and could be taken with a reason."""

    report: ImportReport
    seen: str
    group: UUID | None = None
    raised: int = 0
    guarded: int = 0

    @property
    def writes(self) -> int:
        """How many exceptions are new or changed."""
        return self.new + self.changed

    @property
    def new(self) -> int:
        """How many are new."""
        return _count(self.report, Became.NEW)

    @property
    def lists(self) -> int:
        """How many shared lists are new."""
        return self.report.count(Became.NEW, "exception list")

    @property
    def changed(self) -> int:
        """How many say something else."""
        return _count(self.report, Became.CHANGED)


def _count(report: ImportReport, status: Became) -> int:
    return sum(line.kind == "exception" and status in (line.status, line.stored) for line in report.lines)


def export(*, user: User, rule: str = "", items: Sequence[int] | None = None) -> Iterator[bytes]:
    """The lines of an export of the exceptions that the person sees: of a rule, of chosen ones (of a shared list with
    its copies on other rules), or of all. Raises: ImportRefused, when they are too many or too long for a page.
    """
    found = ExceptionItem.objects.filter(rule__in=visible_rules(user))
    if rule:
        found = found.filter(rule=rule)
    if items is not None:
        found = _with_copies(found, items)
    if len(found.order_by().values_list("pk")[: MOST_OUT + 1]) > MOST_OUT:
        raise ImportRefused(f"These are over {MOST_OUT:,} exceptions. Export those of a rule, or some of them.")
    size = sum((Coalesce(Length(Cast(column, TextField())), 0) for column in ("imported", "entries")), Value(0))
    if (found.aggregate(size=Sum(size))["size"] or 0) > MOST_OUT_BYTES:
        most = f"{MOST_OUT_BYTES // 1_000_000} MB"
        raise ImportRefused(f"These are over {most} of exceptions. Export those of a rule, or some of them.")
    return exception_lines(found)


def _with_copies(found: QuerySet[ExceptionItem], items: Sequence[int]) -> QuerySet[ExceptionItem]:
    chosen = Q(pk__in=items)
    for list_id, item_id in found.filter(chosen).exclude(item_id="").values_list("list_id", "item_id"):
        chosen |= Q(list_id=list_id, item_id=item_id)
    return found.filter(chosen)


def look(*, sent: Sent, actor: User, now: datetime, team_ids: Sequence[int]) -> Taken:
    """What importing the file would do; nothing is stored.

    Raises: NotAllowed, ReviewNeeded, ImportRefused.
    """
    _need(actor)
    guard = _Guard(actor, team_ids)
    planned = _plan(_objects(sent), guard, now)
    return Taken(ImportReport(planned.lines, dry_run=True), _outcome(sent, planned), guarded=guard.refused)


@retry_conflicts
@transaction.atomic
def take(
    *,
    sent: Sent,
    seen: str | None,
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Taken:
    """Import the file, as one act. `seen` is the outcome that the person looked at: where it would be another by now,
    nothing is imported; None asks for none. What changed exceptions cover no longer is raised.

    The guard looks before the epoch is held, and under it only at rules whose true positives are others by then, and
    at exceptions that ask for a value list which has changed.
    Raises: NotAllowed, ReviewNeeded, ImportRefused, RuleFailed.
    """
    _need(actor)
    found, guard = _objects(sent), _Guard(actor, team_ids)
    expected = _plan(found, guard, now)
    if seen is not None and _outcome(sent, expected) != seen:
        raise ImportRefused(_OTHER)
    if override_guard_reason:
        guard.override = override_guard_reason
        expected = _plan(found, guard, now)
    epoch.bump()
    guard.look_again()
    planned = _plan(found, guard, now)
    if seen is not None and _outcome(sent, planned) != _outcome(sent, expected):
        raise ImportRefused(_OTHER)
    origin = Origin(sent.name, actor, now, door=door, group=uuid4())
    apply_exceptions(planned, origin)
    edited = Change.objects.filter(group=origin.group, object_type="exception", verb="edit").values_list("object_id")
    changed = list(ExceptionItem.objects.filter(pk__in=[int(number) for (number,) in edited]))
    raised = release_all(changed, now).alerts
    return Taken(
        ImportReport(planned.lines),
        _outcome(sent, planned),
        origin.group if Change.objects.filter(group=origin.group).exists() else None,
        raised,
        guard.refused,
    )


def _need(actor: User) -> None:
    """Raises: NotAllowed, ReviewNeeded."""
    need(actor, Permission.EXCEPT)
    need(actor, Permission.MANAGE_RULES)
    if drafts_only(actor):
        raise ReviewNeeded


def _objects(sent: Sent) -> list[Found]:
    """What stands in the file. Raises: ImportRefused."""
    if len(sent.data) > MOST_BYTES:
        raise ImportRefused(f"A file has up to {MOST_BYTES // 1_000_000} MB here. Import larger ones at the server.")
    if sent.data.count(b"\n") > MOST_LINES:
        raise ImportRefused(f"A file has up to {MOST_LINES:,} lines here. Import longer ones at the server.")
    return collect_export(sent.data, sent.name)


def _plan(found: Sequence[Found], guard: "_Guard", now: datetime) -> ExceptionsPlan:
    bounds = Bounds(guard.rules, guard.judge, MOST_WRITTEN, MOST_WRITTEN_BYTES, once=True)
    return plan_of_export(found, now=now, bounds=bounds)


class _Guard:
    """The true-positive guard for one import, as for each exception that is saved by itself; `rules` are those that
    the person may write on. The true positives of a rule are read once for a hundred exceptions, and what each hides
    is found once. It looks for some seconds, at most."""

    def __init__(self, actor: User, team_ids: Sequence[int]) -> None:
        self.rules = frozenset(visible_rules(actor).values_list("pk", flat=True))
        self.override, self.refused = "", 0
        self._actor, self._team_ids = actor, team_ids
        self._until = monotonic() + MOST_SECONDS
        self._closed = self._count()
        self._known: dict[tuple[str, bytes], Hidden | str] = {}

    def look_again(self) -> None:
        """Forget what is known of rules whose true positives are others by now. One query."""
        was, self._closed = self._closed, self._count()
        self._known = {key: one for key, one in self._known.items() if was.get(key[0]) == self._closed.get(key[0])}
        self._until = monotonic() + MOST_SECONDS

    def judge(self, items: Sequence[ExceptionItem]) -> list[Verdict]:
        """Whether each may come into force. Raises: ImportRefused, when they take too long."""
        said = _said(items)
        asked = [(item.rule_id, one) for item, one in zip(items, said, strict=True)]
        missing: dict[str, dict[bytes, ExceptionItem]] = defaultdict(dict)
        for key, item in zip(asked, items, strict=True):
            if item.rule_id in self._closed and key not in self._known:
                missing[item.rule_id][key[1]] = item
        for rule_id, of_rule in missing.items():
            self._look(rule_id, of_rule)
        verdicts = [self._verdict(self._known.get(key, Hidden())) for key in asked]
        self.refused = sum(bool(one.refused) for one in verdicts)
        return verdicts

    def _count(self) -> dict[str, tuple[int, ...]]:
        """The rules that have true positives, with what is another number once these are others."""
        closed = Alert.objects.filter(rule__in=self.rules, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
        counted = closed.order_by().values_list("rule_id").annotate(Count("pk"), Max("pk"), Sum("pk"))
        return {rule_id: tuple(map(int, numbers)) for rule_id, *numbers in counted}

    def _look(self, rule_id: str, of_rule: Mapping[bytes, ExceptionItem]) -> None:
        parsed: dict[bytes, Sequence[Tree]] = {}
        for key, item in of_rule.items():
            self._check_time()
            try:
                (parsed[key],) = parse_groups([item.entries])
            except GroupError as error:
                self._known[rule_id, key] = f"Condition {error.index + 1}: {error.key} {error.message}"
        found = hidden_by_each(Rule(pk=rule_id), list(parsed.values()), self._team_ids, self._check_time)
        self._known |= {(rule_id, key): hidden for key, hidden in zip(parsed, found, strict=True)}

    def _check_time(self) -> None:
        if monotonic() > self._until:
            raise ImportRefused(
                f"To see which true positives these would hide takes over {MOST_SECONDS} seconds. Split the file."
            )

    def _verdict(self, hidden: Hidden | str) -> Verdict:
        if isinstance(hidden, str):
            return Verdict(hidden)
        try:
            return Verdict(note=check_hidden(hidden, actor=self._actor, override=self.override))
        except GuardRefused as refused:
            return Verdict(refused.message)


def _said(items: Sequence[ExceptionItem]) -> list[bytes]:
    """What tells what each says from all else: its conditions, and in which state the value lists are that these ask
    for. One query where any does."""
    named = [sorted(set(lists_named(item.entries))) for item in items]
    wanted = set[str]().union(*named)
    there = stamps(wanted) if wanted else {}
    states = [[str(there.get(name)) for name in names] for names in named]
    return [orjson.dumps([item.entries, state]) for item, state in zip(items, states, strict=True)]


def _outcome(sent: Sent, plan: ExceptionsPlan) -> str:
    """What a file would do, as one word that is another one as soon as it would do anything else."""
    told = [(line.path, line.status, line.stored, line.kind, line.id, line.name, line.message) for line in plan.lines]
    return sha256(sent.data + repr(told).encode()).hexdigest()
