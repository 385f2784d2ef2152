"""Exceptions out to a file and in from one, by a person: what the file would change is told before it changes anything.

Reading, writing and what becomes of each are in rules/importing and rules/exporting; here is who may, the true-positive
guard, and that what an exception lets go is raised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.access import need
from accounts.models import Change, User
from accounts.roles import Permission
from alerts.errors import GuardRefused, ReviewNeeded
from alerts.exceptions.allowed import drafts_only
from alerts.exceptions.groups import parse_groups
from alerts.exceptions.guard import check_guard
from alerts.models import Alert, Reason, Status
from alerts.release import release_all
from alerts.retrying import retry_conflicts
from rules import epoch
from rules.errors import ImportRefused
from rules.exporting import exception_lines
from rules.importing import Bounds, ImportReport, Verdict, run_exceptions_import
from rules.models import ExceptionItem, Rule
from rules.selectors import visible_rules
from rules.storing import Origin
from rules.storing import Status as Became

MOST_BYTES, MOST_LINES = 2_000_000, 5_000
"""A file at a page or in the API; larger ones are imported where the server runs."""
MOST_WRITTEN = 2_000  # exceptions, each counted on each of its rules
MOST_WRITTEN_BYTES = 20_000_000  # of those, as they stand in the file
MOST_OUT = 20_000


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
    its copies on other rules), or of all. Raises: ImportRefused, when they are too many for a page.
    """
    found = ExceptionItem.objects.filter(rule__in=visible_rules(user))
    if rule:
        found = found.filter(rule=rule)
    if items is not None:
        found = _with_copies(found, items)
    if len(found.order_by().values_list("pk")[: MOST_OUT + 1]) > MOST_OUT:
        raise ImportRefused(f"These are over {MOST_OUT:,} exceptions. Export those of a rule, or some of them.")
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
    report = _run(sent, Origin(sent.name, actor, now), guard, dry_run=True)
    return Taken(report, _outcome(sent, report), guarded=guard.refused)


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

    The epoch is held while the guard looks, so that no alert slips past.
    Raises: NotAllowed, ReviewNeeded, ImportRefused, RuleFailed.
    """
    _need(actor)
    epoch.bump()
    if seen is not None and look(sent=sent, actor=actor, now=now, team_ids=team_ids).seen != seen:
        raise ImportRefused("This would do something else now than what you looked at. Look again, nothing was saved.")
    origin = Origin(sent.name, actor, now, door=door, group=uuid4())
    guard = _Guard(actor, team_ids, override_guard_reason)
    report = _run(sent, origin, guard, dry_run=False)
    edited = Change.objects.filter(group=origin.group, object_type="exception", verb="edit").values_list("object_id")
    changed = list(ExceptionItem.objects.filter(pk__in=[int(number) for (number,) in edited]))
    made = any(line.kind == "exception" and Became.NEW in (line.status, line.stored) for line in report.lines)
    raised = release_all(changed, now).alerts
    return Taken(report, _outcome(sent, report), origin.group if made else None, raised, guard.refused)


def _need(actor: User) -> None:
    """Raises: NotAllowed, ReviewNeeded."""
    need(actor, Permission.EXCEPT)
    need(actor, Permission.MANAGE_RULES)
    if drafts_only(actor):
        raise ReviewNeeded


def _run(sent: Sent, origin: Origin, guard: "_Guard", *, dry_run: bool) -> ImportReport:
    if len(sent.data) > MOST_BYTES:
        raise ImportRefused(f"A file has up to {MOST_BYTES // 1_000_000} MB here. Import larger ones at the server.")
    if sent.data.count(b"\n") > MOST_LINES:
        raise ImportRefused(f"A file has up to {MOST_LINES:,} lines here. Import longer ones at the server.")
    bounds = Bounds(guard.rules, guard.judge, MOST_WRITTEN, MOST_WRITTEN_BYTES)
    return run_exceptions_import(data=sent.data, name=sent.name, origin=origin, bounds=bounds, dry_run=dry_run)


class _Guard:
    """The true-positive guard for one import, as for each exception that is saved by itself; `rules` are those that
    the person may write on. Two queries, and then some for each exception of a rule that has true positives."""

    def __init__(self, actor: User, team_ids: Sequence[int], override: str = "") -> None:
        self.rules = frozenset(visible_rules(actor).values_list("pk", flat=True))
        closed = Alert.objects.filter(rule__in=self.rules, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
        self._guarded = frozenset(closed.order_by().values_list("rule_id", flat=True).distinct())
        self._by: dict[str, Any] = {"actor": actor, "team_ids": team_ids, "override": override}
        self.refused = 0

    def judge(self, item: ExceptionItem) -> Verdict:
        """Whether it may come into force."""
        if item.rule_id not in self._guarded:
            return Verdict()
        try:
            rule = Rule(pk=item.rule_id)
            return Verdict(note=check_guard(rules=rule, groups=parse_groups([item.entries]), **self._by))
        except GuardRefused as refused:
            self.refused += 1
            return Verdict(refused.message)


def _outcome(sent: Sent, report: ImportReport) -> str:
    """What a file would do, as one word that is another one as soon as it would do anything else."""
    told = [(line.path, line.status, line.stored, line.kind, line.id, line.name, line.message) for line in report.lines]
    return sha256(sent.data + repr(told).encode()).hexdigest()
