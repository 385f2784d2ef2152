"""Saving exceptions: items, epoch, record and the alerts they close, in one transaction, as one group of the record."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_change
from alerts import bulk_covered
from alerts.errors import AlertNotFound, AlreadyExcepted, ReasonNeeded, ScopeRefused
from alerts.exceptions.closing import Closed, Closing, Covering, Place, close_all
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.entries import Entries, field_of, told
from alerts.exceptions.groups import MOST_GROUPS, EntryGroups, parse_groups
from alerts.exceptions.guard import check_guard
from alerts.exceptions.scope import Scope, check_unchanged, need_to_save_on, scope_of
from alerts.models import Alert, BulkAct, Reason, Status
from alerts.retrying import retry_conflicts
from alerts.triage import checked_text, locked
from alerts.workflow import OBJECT_TYPE
from rules import epoch
from rules.exceptions import NewItem, create_items
from rules.models import ExceptionItem, Rule, SharedList
from rules.shared import add_item

MAX_NAME = 200
MOST_COPIES = 2_000
"""So many exceptions are made by one saving: its groups of conditions, on each of its rules."""
CLOSED_AT_ONCE = 200
"""More alerts than that are closed by a worker, under the same undo."""
LOOKED_AT = 2_000
"""So many open alerts are looked at while alerting stands still, some 100 ms; of more a worker finds the covered."""


@dataclass(frozen=True, slots=True)
class Added:
    """The new exception, the alerts it closed, the group to undo all of it by, and what the record says besides.

    `items`: every exception that was made, `item` among them: one for each group of conditions and each rule.
    `left_open` are the alerts that it covers and that were not closed, since they also stand for hits that were counted
    at them: whether it covers those too nobody knows. `act`: what closes them, where they are too many to wait for.
    """

    item: ExceptionItem
    closed: list[int]
    group: UUID
    note: str = ""
    left_open: list[int] = field(default_factory=list)
    items: list[ExceptionItem] = field(default_factory=list)
    act: BulkAct | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be put in force: groups of entries (OR) on the rules of a scope, and what becomes of what they cover.

    Each group on each rule is an exception of its own.
    """

    groups: EntryGroups
    scope: Scope
    reason: str
    name: str = ""
    expires_at: datetime | None = None
    review_at: datetime | None = None
    close_matching: str | None = None
    close_note: str = ""
    override: str = ""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, for whom, when, through which door. `told` goes into the alert's record; where that is another
    team's by now (`on_alert` False), the caller writes the note of the answer where it belongs."""

    actor: User
    owner: User
    now: datetime
    team_ids: Sequence[int]
    door: Change.Door
    told: str = ""
    on_alert: bool = True


@retry_conflicts
@transaction.atomic
def add(
    *,
    entries: Entries,
    reason: str,
    alert: Alert | None = None,
    rule: Rule | None = None,
    more: EntryGroups = (),
    rule_ids: Sequence[str] = (),
    list_id: str = "",
    name: str = "",
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    close_matching: str | None = None,
    close_note: str = "",
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Added:
    """Save exceptions on the alert's rule (or on `rule`, without an alert), and close the person's open alerts that
    they cover with `close_matching`. `more` are further groups of entries; `rule_ids` further rules; with `list_id`
    it is saved in that shared list instead.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, AlertNotFound, GuardRefused, AlreadyExcepted, ReasonNeeded,
    ScopeRefused, ExceptionEntryError, ExceptionRefused, TextRefused.
    """
    scope = scope_of(rule_for(alert, rule), rule_ids, list_id)
    need_to_save_on(actor, scope)
    if alert is not None and alert.team_id not in team_ids:
        raise AlertNotFound(alert.pk)
    wanted = Wanted(
        groups=[entries, *more],
        scope=scope,
        reason=reason,
        name=name,
        expires_at=expires_at,
        review_at=review_at,
        close_matching=close_matching,
        close_note=close_note,
        override=override_guard_reason,
    )
    return put_in_force(wanted, By(actor, actor, now, team_ids, door), alert)


def rule_for(alert: Alert | None, rule: Rule | None) -> Rule:
    """The rule that an exception is written on."""
    if alert is not None:
        return alert.rule
    if rule is None:
        raise ScopeRefused("Choose the rule that this is an exception from.")
    return rule


def put_in_force(wanted: Wanted, by: By, alert: Alert | None) -> Added:
    """What adding and approving come to, in the caller's transaction, once it has asked whether they may.

    The epoch is held exclusively from before the guard looks until the commit: a worker that is about to raise alerts
    either has committed them, and they are closed, or sees the exception first.
    """
    check_count(wanted.groups, wanted.scope)
    groups = parse_groups(wanted.groups)
    check_closing(wanted.close_matching)
    epoch.bump()
    check_unchanged(wanted.scope)
    known = check_not_there(wanted.scope.rules, wanted.groups)
    guard_note = check_guard(
        rules=wanted.scope.rules, groups=groups, team_ids=by.team_ids, actor=by.actor, override=wanted.override
    )
    group = uuid4()
    made = _create_all(wanted, known, by, alert, group, guard_note)
    items, note = list(made.values()), " ".join(filter(None, (by.told, guard_note)))
    if alert is not None and by.on_alert:
        _record_on_alert(alert, items, note, by, group)
    if not wanted.close_matching:
        return Added(items[0], [], group, note, [], items)
    how = Closing(wanted.close_matching, checked_text(wanted.close_note, "note"), by.actor, by.now, by.door, group)
    done, act = close_covered(wanted.scope.rules, Covering(groups, known | made), by.team_ids, how)
    return Added(items[0], done.closed, group, note, done.left_open, items, act)


def check_closing(reason: str | None) -> None:
    """Refuse to close what an exception covers for a reason that is none; None closes nothing. Raises: ReasonNeeded."""
    if reason is not None and reason not in Reason.values:
        raise ReasonNeeded


def check_count(groups: EntryGroups, scope: Scope | None = None) -> None:
    """Refuse more groups than a person can look through, and more exceptions than are made at once.

    Raises: ScopeRefused.
    """
    if len(groups) > MOST_GROUPS:
        raise ScopeRefused(f"At most {MOST_GROUPS} groups are saved together. Save some of them first.")
    rules = len(scope.rules) if scope else 1
    if len(groups) * rules > MOST_COPIES:
        raise ScopeRefused(
            f"That would be {len(groups) * rules:,} exceptions, {len(groups)} groups of conditions on each of "
            f"{rules:,} rules. At most {MOST_COPIES:,} are saved together: save fewer groups at a time."
        )


def check_not_there(rules: Sequence[Rule], groups: EntryGroups) -> dict[Place, ExceptionItem]:
    """What some of the rules have already; refused where nothing would be left to save. One query.

    Raises: AlreadyExcepted.
    """
    in_force = ExceptionItem.objects.filter(rule__in=rules, enabled=True, expired=False, removed_at=None)
    plain = [[dict(entry) for entry in entries] for entries in groups]
    known = {
        (item.rule_id, at): item for item in in_force.filter(entries__in=plain) for at in _places(plain, item.entries)
    }
    if len(known) == len(rules) * len(groups):
        first = next(iter(known.values()))
        raise AlreadyExcepted(item_id=first.pk, name=first.name)
    return known


def _places(groups: EntryGroups, entries: Entries) -> list[int]:
    return [at for at, one in enumerate(groups) if list(one) == list(entries)]


def _create_all(
    wanted: Wanted, known: dict[Place, ExceptionItem], by: By, alert: Alert | None, group: UUID, guard_note: str
) -> dict[Place, ExceptionItem]:
    """An exception for each group on each rule that does not have it; in a shared list on all of its rules, whose
    record does not say why the guard was passed: it is read by people who do not see all of them.
    """
    if wanted.scope.shared is not None:
        return _create_in_list(wanted, wanted.scope.shared, by, alert, group)
    made: dict[Place, ExceptionItem] = {}
    for at in range(len(wanted.groups)):
        rules = [rule for rule in wanted.scope.rules if (rule.pk, at) not in known]
        new = _new(wanted, at, by, alert, group)
        new["note"] = guard_note
        items = create_items(rules=rules, **new)
        made |= {(item.rule_id, at): item for item in items}
    return made


def _create_in_list(
    wanted: Wanted, shared: SharedList, by: By, alert: Alert | None, group: UUID
) -> dict[Place, ExceptionItem]:
    """An item of the list for each group, with a copy on every rule."""
    made: dict[Place, ExceptionItem] = {}
    for at in range(len(wanted.groups)):
        copies = add_item(list_id=shared.pk, **_new(wanted, at, by, alert, group))
        made |= {(item.rule_id, at): item for item in copies.items}
    return made


def _new(wanted: Wanted, at: int, by: By, alert: Alert | None, group: UUID) -> NewItem:
    """The exception for one of the groups of entries."""
    return {
        "entries": wanted.groups[at],
        "reason": wanted.reason,
        "name": _name(wanted, at),
        "expires_at": wanted.expires_at,
        "review_at": wanted.review_at,
        "owner": by.owner,
        "from_alert": alert.pk if alert is not None else None,
        "actor": by.actor,
        "now": by.now,
        "door": by.door,
        "group": group,
    }


def _name(wanted: Wanted, at: int) -> str:
    """The name that was given, with a number where several groups share it; else one made of the conditions."""
    given = wanted.name.strip()
    if not given:
        return named_after(wanted.groups[at])
    return given if len(wanted.groups) == 1 else f"{given[: MAX_NAME - 5]} ({at + 1})"


def close_covered(
    rules: Sequence[Rule], covering: Covering, team_ids: Sequence[int], how: Closing
) -> tuple[Closed, BulkAct | None]:
    """Close what they cover at once, or have a worker do it where that is a lot: alerting stands still meanwhile. Part
    of the transaction that puts them in force."""
    waiting = alerts_of(rules, team_ids).exclude(status=Status.CLOSED)
    some = list(waiting.values_list("pk", "team_id")[: LOOKED_AT + 1])
    covered = covering.of(some, CLOSED_AT_ONCE) if len(some) <= LOOKED_AT else {}
    if len(some) > LOOKED_AT or len(covered) > CLOSED_AT_ONCE:
        return Closed(), bulk_covered.start(covering.items.values(), how, team_ids)
    return close_all(locked(list(covered), team_ids=team_ids), covered, covering, how), None


def _record_on_alert(alert: Alert, items: Sequence[ExceptionItem], note: str, by: By, group: UUID) -> None:
    first = items[0]
    more = {"exceptions": [item.pk for item in items]} if len(items) > 1 else {}
    record_change(
        at=by.now,
        actor=by.actor,
        door=by.door,
        verb="added an exception",
        object_type=OBJECT_TYPE,
        object_id=alert.pk,
        after={"exception": first.pk, "name": first.name, **more},
        team=alert.team,
        note=note or first.reason,
        group=group,
    )


def named_after(entries: Entries) -> str:
    """A name from the conditions, for whoever gives none."""
    told_all = " and ".join(f"{field_of(entry)} {told(entry)}" for entry in entries)
    return told_all if len(told_all) <= MAX_NAME else f"{told_all[: MAX_NAME - 1]}…"
