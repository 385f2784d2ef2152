"""Looking again at what exceptions held back, when the values of a list they ask for change.

An exception may have held back tens of thousands of events, and a feed may change a list every few minutes. So a change
looks at a few hundred at once and leaves the rest to a worker (`work_portion`). How far it has come is stored with each
portion: a worker that is killed loses nothing and raises nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, Max

from alerts.blame import RuleFailed
from alerts.models import ReleaseDue
from alerts.release import release_held
from engine import matches
from events.store import EventRef, get_many
from rules import epoch
from rules.exceptions import HeldEvent
from rules.models import ExceptionItem, HeldBack
from rules.ruleset import ActiveException, ActiveRule, RuleSet, current, forget

log = structlog.get_logger(__name__)
PORTION = 500
AGAIN_AFTER = timedelta(minutes=1)
MOST_PATIENCE = 60
_WAITING = """
SELECT count(*) FROM alerts_releasedue due
JOIN rules_heldback held ON held.item_id = due.item_id AND held.id > due.done_to AND held.id <= due.up_to
WHERE due.item_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """How many held-back events became alerts, and how many are still to be looked at."""

    alerts: int = 0
    waiting: int = 0


def look_again(items: Sequence[ExceptionItem], now: datetime) -> Looked:
    """Raise what these exceptions cover no longer of what they held back: the first of it at once, the rest soon.

    Part of the transaction that changed the list: it holds the epoch, so nothing is held back behind it.
    """
    due = _note(items, now)
    if not due:
        return Looked()
    try:
        with transaction.atomic():
            alerts = _first(due, now)
    except RuleFailed as failed:  # no reason to keep the list as it was: the worker will try again
        log.warning("held-back events could not be judged again at once", rule=failed.rule_id)
        alerts = 0
    finally:
        # The rule set was read inside a transaction that may yet be rolled back; the process must not keep it.
        forget()
    return Looked(alerts, _waiting(items))


def work_portion(*, now: datetime) -> bool:
    """Look at one portion of what waits longest; False when there is nothing to do."""
    waiting = ReleaseDue.objects.filter(not_before__lte=now).order_by("not_before", "pk")
    if not waiting.exists():
        return False
    try:
        with transaction.atomic():
            epoch.share_lock()  # first, as everywhere
            due = waiting.select_related("item").select_for_update(skip_locked=True, of=("self",)).first()
            if due is None:
                return False
            _portion(due, current(), now, PORTION)
    except RuleFailed as failed:
        _put_off(failed.rule_id, now)
    return True


def _note(items: Sequence[ExceptionItem], now: datetime) -> list[ReleaseDue]:
    """Note, for each that held something back, up to where it is to be looked at; from the first on again where an
    earlier look has not come to its end. Two statements."""
    known = {item.pk: item for item in items}
    last = HeldBack.objects.filter(item__in=known).values_list("item").annotate(last=Max("pk"))
    due = [ReleaseDue(item=known[item_id], up_to=up_to, done_to=0, not_before=now) for item_id, up_to in last]
    fields = ["up_to", "done_to", "not_before"]
    ReleaseDue.objects.bulk_create(due, update_conflicts=True, unique_fields=["item"], update_fields=fields)
    return sorted(due, key=lambda one: one.item_id)


def _first(due: Sequence[ReleaseDue], now: datetime) -> int:
    """What is looked at while the person waits."""
    ruleset, room, alerts = current(), PORTION, 0
    for one in due:
        while room > 0 and one.pk is not None:
            looked, raised = _portion(one, ruleset, now, room)
            room, alerts = room - max(looked, 1), alerts + raised
    return alerts


def _portion(due: ReleaseDue, ruleset: RuleSet, now: datetime, most: int) -> tuple[int, int]:
    """Look at the next rows: how many, and how many alerts they became. Part of the caller's transaction."""
    rule, rows = ruleset.rules.get(due.item.rule_id), _next(due, most)
    if rule is None:
        _leave_to_look_back(due, now)
    elif rows and (exception := _active(rule, due.item_id)) is not None:
        alerts = _raise_uncovered(rule, exception, ruleset, rows, now)
        due.done_to, due.attempts, due.not_before = rows[-1].pk, 0, now
        due.save(update_fields=["done_to", "attempts", "not_before"])
        return len(rows), alerts
    due.delete()
    return 0, 0


def _next(due: ReleaseDue, most: int) -> list[HeldBack]:
    rows = HeldBack.objects.filter(item=due.item_id, pk__gt=due.done_to, pk__lte=due.up_to)
    return list(rows.order_by("pk")[:most])


def _waiting(items: Sequence[ExceptionItem]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [[item.pk for item in items]])
        return int(cursor.fetchone()[0])


def _active(rule: ActiveRule, item_id: int) -> ActiveException | None:
    """The exception as it is in force. One that ended since raised what it held back then, or expired with it."""
    return next((one for one in rule.exceptions if one.id == item_id), None)


def _leave_to_look_back(due: ReleaseDue, now: datetime) -> None:
    """A rule that is off raises what its exceptions let go when it is switched on (rules/exceptions/held_back.py):
    those whose exception changed since."""
    ExceptionItem.objects.filter(pk=due.item_id).update(updated_at=now)


def _raise_uncovered(
    rule: ActiveRule, exception: ActiveException, ruleset: RuleSet, rows: Sequence[HeldBack], now: datetime
) -> int:
    """Judge anew what the exception covers no longer; of one about a query's rows, everything."""
    held = {row.pk: _held(row) for row in rows}
    if not exception.on_row:
        stored = get_many(map(_ref, held.values()))
        open_again = {ref for ref, event in stored.items() if not matches(exception.tree, event.document())}
        held = {pk: one for pk, one in held.items() if _ref(one) in open_again}
    if not held:
        return 0
    HeldBack.objects.filter(pk__in=list(held)).delete()
    return release_held(rule=rule, held=list(held.values()), ruleset=ruleset, now=now).alerts


def _held(row: HeldBack) -> HeldEvent:
    return HeldEvent(row.rule_id, row.item_id, row.team_id, row.day, row.index, bytes(row.uid), row.time)


def _ref(held: HeldEvent) -> EventRef:
    return EventRef(held.team_id, held.day, held.index, held.uid)


def _put_off(rule_id: str, now: datetime) -> None:
    """Try the rule's again later, each time later, so that the others have their turn."""
    log.warning("held-back events could not be judged again", rule=rule_id)
    of_rule = ReleaseDue.objects.filter(item__rule=rule_id)
    for due in of_rule:
        wait = AGAIN_AFTER * min(due.attempts + 1, MOST_PATIENCE)
        ReleaseDue.objects.filter(pk=due.pk).update(not_before=now + wait, attempts=F("attempts") + 1)
