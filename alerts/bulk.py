"""Acts on everything that filters let through: ten thousand alerts closed by one press, and taken back by another.

The act is a row (BulkAct) that a worker works off in portions (alerts/bulk_work.py). Its filters are kept as they were
understood, with the moment at which the person saw the list: what came or changed later is left alone. Its number is
the group under which everything it does is recorded, so it is taken back as one act.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from accounts.access import need
from accounts.models import Change, User
from accounts.record import UNDO_WINDOW, record_change
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.bulk_filters import from_json, to_json
from alerts.bulk_verbs import NOTE, check
from alerts.errors import (
    ActKind,
    ActNotFound,
    NothingMatches,
    NothingToUndo,
    SomebodyElsesNote,
    TooLate,
    TooManyMatch,
    UndoNotWhole,
)
from alerts.models import Alert, BulkAct, Status
from alerts.seen import Seen
from alerts.selectors.filtering import filtered
from alerts.selectors.queue_page import tree_of
from alerts.selectors.searching import found as matches_of
from alerts.selectors.shapes import QueueFilters
from alerts.workflow import OBJECT_TYPE as ALERT

MOST = 100_000
UNKNOWN = -1  # a total that is known at the end: what a KQL text is true of is found on the way
OBJECT_TYPE = "bulk act"
TEAMS = "teams"
"""The argument that keeps an act to some of its person's teams: those of the key with which it was asked for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an act has come; `share` is None while the total is not known."""

    act: BulkAct
    undoable: bool

    @property
    def seen(self) -> int:
        """Alerts that it has changed or passed over."""
        return self.act.done + self.act.skipped

    @property
    def share(self) -> int | None:
        """Hundredths of the whole."""
        return min(100, 100 * self.seen // self.act.total) if self.act.total > 0 else None

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self.act.state == BulkAct.State.RUNNING


def start(
    *,
    verb: str,
    arguments: dict[str, Any],
    filters: QueueFilters,
    folds: Sequence[bytes] = (),
    also: Sequence[int] = (),
    query: str,
    seen: Seen | None = None,
    actor: User,
    now: datetime,
) -> BulkAct:
    """Ask for an act on everything the filters let through, of what there was when the list was `seen` (without it:
    now); with `folds` on the open members of these alone, and on the alerts of the numbers `also`.

    The work is a worker's. Raises: NotAllowed, ReasonNeeded, NoteNeeded, AssigneeRefused, NothingMatches, TooManyMatch,
    LookAgain, LanguageError for KQL that cannot be read.
    """
    act = prepared(
        verb=verb,
        arguments=arguments,
        filters=filters,
        folds=folds,
        also=also,
        query=query,
        seen=seen,
        actor=actor,
        now=now,
    )
    with transaction.atomic():
        act.save(force_insert=True)
        _record(act, "started", actor, now, {"verb": verb, "query": query, "total": act.total})
    return act


def prepared(
    *,
    verb: str,
    arguments: dict[str, Any],
    filters: QueueFilters,
    folds: Sequence[bytes] = (),
    also: Sequence[int] = (),
    query: str,
    seen: Seen | None = None,
    actor: User,
    now: datetime,
) -> BulkAct:
    """Such an act before it is asked for, with how many it would be on. Raises: as start."""
    need(actor, Permission.TRIAGE)
    check(verb, arguments, actor)
    as_of = seen.checked(now) if seen else Seen(newest(), now)
    kept = arguments | {"filters": to_json(filters), "folds": [fold.hex() for fold in folds], "also": list(also)}
    act = BulkAct(id=uuid4(), actor=actor, verb=verb, arguments=kept, query=query, created_at=now)
    act.as_of, act.up_to_id = as_of.at, as_of.up_to_id
    act.total = _total(act, filters)
    return act


def teams_for(act: BulkAct, actor: User) -> list[int]:
    """The teams to whose alerts the act may be done: the person's own as they are now, of those it was asked for."""
    mine, kept = teams_of(actor), act.arguments.get(TEAMS)
    return [team for team in mine if kept is None or team in kept]


def stop(*, act_id: UUID, actor: User, now: datetime) -> BulkAct:
    """Leave off after the portion at hand; what was done stays done and can be undone. Raises: ActNotFound."""
    with transaction.atomic():
        act = act_of(act_id, actor, lock=True)
        if act.state == BulkAct.State.RUNNING and not act.undoing:
            act.state, act.done_at = BulkAct.State.STOPPED, now
            act.save(update_fields=["state", "done_at"])
            _record(act, "stopped", actor, now, {"done": act.done})
    return act


def take_back(*, act_id: UUID, actor: User, now: datetime, team_ids: Sequence[int]) -> BulkAct:
    """Have everything that the act did put back, in portions like the act itself; a running one is stopped by it.

    Where that failed before all was put back it goes on where it had come to.

    Raises: NotAllowed, ActNotFound, NothingToUndo, TooLate, SomebodyElsesNote, UndoNotWhole.
    """
    need(actor, Permission.TRIAGE)
    with transaction.atomic():
        act = BulkAct.objects.select_for_update().filter(pk=act_id).first()
        if act is None:
            raise ActNotFound
        _check_undoable(act, now)
        if act.verb == NOTE and act.actor_id != actor.pk:
            raise SomebodyElsesNote(str(act.actor))
        changes = Change.objects.filter(group=act.pk, object_type=ALERT)
        _check_whole(changes, team_ids, "note" if act.verb == NOTE else "change")
        if not _undo_failed(act):
            act.arguments |= {"undo_total": act.done}
            act.total, act.done, act.skipped, act.last_key = act.done, 0, 0, None
        act.arguments |= {"undo_by": actor.pk}
        act.undoing, act.state, act.done_at, act.attempts, act.error = True, BulkAct.State.RUNNING, None, 0, ""
        act.save()
        _record(act, "undoing", actor, now, {"total": act.total, "done": act.done})
    return act


def open_again(
    *, group: UUID, items: Sequence[int], taken: UUID, actor: User, now: datetime, team_ids: Sequence[int]
) -> BulkAct | None:
    """Have what some of an act's exceptions closed put back by an act of its own; None where they closed nothing yet,
    or that is too long ago.

    Part of the transaction that took these exceptions back, under the group `taken`. The portion at hand ends first,
    and no later one closes anything by them. Raises: UndoNotWhole.
    """
    kept = {"undo_of": str(group), "items": list(items), "undo_by": actor.pk}
    closing = BulkAct.objects.select_for_update().get(pk=group)
    if not _is_young(closing, now):
        return None
    act = BulkAct(
        id=_opening_of(taken), actor=actor, verb=closing.verb, arguments=kept, query="", created_at=now, undoing=True
    )
    act.as_of, act.up_to_id = now, closing.up_to_id
    closed = changes_left(act)
    _check_whole(closed, team_ids, "exception")
    act.total = closed.count()
    if not act.total:
        return None
    act.save(force_insert=True)
    _record(act, "undoing", actor, now, {"total": act.total, "of": str(group)})
    return act


def opened_by_workers(groups: Collection[UUID]) -> set[UUID]:
    """Those of the groups under which exceptions were taken back whose alerts a worker opens again. A query or none."""
    acts = {_opening_of(group): group for group in groups}
    found = BulkAct.objects.filter(pk__in=acts).values_list("pk", flat=True) if acts else ()
    return {acts[number] for number in found}


def _opening_of(taken: UUID) -> UUID:
    return uuid5(taken, "open again")


def changes_left(act: BulkAct) -> QuerySet[Change]:
    """What an act has done to alerts and is not undone yet; of one that opens again, what its exceptions closed."""
    group, items = act.arguments.get("undo_of", act.pk), act.arguments.get("items")
    undone = Exists(Change.objects.filter(undoes=OuterRef("pk")))
    changes = Change.objects.filter(~undone, group=group, object_type=ALERT, inverse__isnull=False)
    return changes.filter(after__closed_by_exception_id__in=items) if "undo_of" in act.arguments else changes


def act_of(act_id: UUID, user: User, *, lock: bool = False) -> BulkAct:
    """An act of this person's, or of anybody's for who is asked to take it back. Raises: ActNotFound."""
    acts = BulkAct.objects.select_for_update(of=("self",)) if lock else BulkAct.objects.all()
    act = acts.select_related("actor").filter(pk=act_id).first()
    if act is None or user.pk not in (act.actor_id, act.arguments.get("undo_by")):
        raise ActNotFound
    return act


def progress_of(act: BulkAct, now: datetime) -> Progress:
    """How far it has come, and whether it may be taken back."""
    return Progress(act, undoable=_undoable(act, now))


def candidates(act: BulkAct, filters: QueueFilters, actor: User) -> QuerySet[Alert]:
    """What the act's filters let through now, of the alerts that were there when it was asked for, by number."""
    found = filtered(actor, filters, act.as_of).filter(pk__lte=act.up_to_id)
    if act.arguments["folds"]:
        folds = [bytes.fromhex(fold) for fold in act.arguments["folds"]]
        found = found.filter(in_folds(folds) | Q(pk__in=act.arguments["also"]))
    return found.order_by("pk")


def in_folds(folds: Sequence[bytes]) -> Q:
    """The open members of folds."""
    return Q(fold__in=list(folds)) & ~Q(status=Status.CLOSED)


def members(
    *,
    folds: Sequence[bytes],
    filters: QueueFilters,
    seen: Seen | None = None,
    user: User,
    now: datetime,
    limit: int,
) -> list[int]:
    """The numbers of the folds' open alerts that the person sees and the filters let through, of what there was when
    the list was `seen`; at most `limit`.

    Raises: LanguageError, LookAgain.
    """
    tree = tree_of(filters, now)
    found = filtered(user, filters, now).filter(in_folds(folds)).order_by("pk")
    if seen is not None:
        found = found.filter(pk__lte=seen.checked(now).up_to_id)
    if tree is None:
        return list(found.values_list("pk", flat=True)[:limit])
    loaded = found.select_related("assignee", "rule", "revision")
    return [alert.pk for alert in matches_of(list(loaded[:limit]), tree, lambda: True)]


def newest() -> int:
    """The number of the newest alert of all, or 0."""
    return Alert.objects.aggregate(newest=Max("pk"))["newest"] or 0


def filters_of(act: BulkAct) -> QueueFilters:
    """The filters as they were understood."""
    return from_json(act.arguments["filters"])


def _total(act: BulkAct, filters: QueueFilters) -> int:
    if tree_of(filters, act.as_of) is not None:
        return UNKNOWN
    total = candidates(act, filters, act.actor).order_by()[: MOST + 1].count()
    if not total:
        raise NothingMatches
    if total > MOST:
        raise TooManyMatch(MOST)
    return total


def _undoable(act: BulkAct, now: datetime) -> bool:
    return _is_young(act, now) and _left_to_undo(act)


def _is_young(act: BulkAct, now: datetime) -> bool:
    return act.done_at is None or now - act.done_at <= UNDO_WINDOW


def _left_to_undo(act: BulkAct) -> bool:
    """Whether anything may be put back; while it is being put back nobody has to ask for it again. An act that belongs
    to more than alerts (exceptions that were added) is taken back with it also before it has changed any."""
    if _undo_failed(act):
        return act.total - act.done - act.skipped > 0
    return not act.undoing and (act.done > 0 or bool(act.arguments.get("along")))


def _undo_failed(act: BulkAct) -> bool:
    return act.undoing and act.state == BulkAct.State.FAILED


def _check_undoable(act: BulkAct, now: datetime) -> None:
    if not _left_to_undo(act):
        raise NothingToUndo
    if not _is_young(act, now):
        raise TooLate


def _check_whole(changes: QuerySet[Change], team_ids: Sequence[int], act: ActKind = "change") -> None:
    elsewhere = changes.exclude(team_id__in=team_ids)
    if number := elsewhere.order_by()[:MOST].count():
        raise UndoNotWhole(number, act)


def _record(act: BulkAct, verb: str, actor: User, now: datetime, after: dict[str, Any]) -> None:
    """The act itself is an entry of its own: with a group it would stand among what is taken back."""
    record_change(
        at=now,
        actor=actor,
        door=Change.Door.PAGE,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=act.pk,
        after=after,
    )


def is_act(group: UUID) -> bool:
    """Whether a group in the record is of an act on all that match. One query."""
    return BulkAct.objects.filter(pk=group).exists()
