"""Working off acts on all that match: a portion of at most 500 alerts is one transaction, and then the next one.

Where the act has come to is stored with the portion, so a worker that is killed loses nothing and doubles nothing: its
lease runs out and another one goes on. The person's rights and teams are asked for again at every portion. An alert
that moved on since the person saw the list is passed over and counted, but for verbs that move nothing, as notes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.access import need
from accounts.errors import NotAllowed
from accounts.models import Change, User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.bulk import MOST, UNKNOWN, candidates, changes_left, filters_of, teams_for
from alerts.bulk_verbs import VERBS, Next, Portion
from alerts.errors import AlertError
from alerts.models import Alert, BulkAct
from alerts.moved_on import moved_on
from alerts.restoring import restore
from alerts.selectors.narrowing import columns_say
from alerts.selectors.queue_page import tree_of
from alerts.selectors.searching import found

log = structlog.get_logger(__name__)
PORTION = 500
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
NEVER_CAME_BACK = "Workers that did this did not come back, several times in a row. What was done can be undone."
NOT_ALLOWED = "Your rights changed meanwhile. What was done before can be undone."
UNDO_NEVER_CAME_BACK = "Workers that undid this did not come back, several times in a row. Undo goes on with the rest."
UNDO_NOT_ALLOWED = "Your rights changed meanwhile. Who has them can undo the rest."


def work_portion(*, now: datetime, worker: UUID) -> bool:
    """Do one portion of the act that waits longest; False when there is none to do."""
    act = _claim(now, worker)
    if act is None:
        return False
    if act.attempts > MOST_ATTEMPTS:
        _fail(act, UNDO_NEVER_CAME_BACK if act.undoing else NEVER_CAME_BACK, now)
        return True
    try:
        with transaction.atomic():
            held = BulkAct.objects.select_for_update().filter(pk=act.pk, state=BulkAct.State.RUNNING, lease_by=worker)
            if mine := held.first():
                _portion(mine, now)
    except NotAllowed:
        _fail(act, UNDO_NOT_ALLOWED if act.undoing else NOT_ALLOWED, now)
    except AlertError as refused:
        _fail(act, refused.message, now)
    return True


def _claim(now: datetime, worker: UUID) -> BulkAct | None:
    """Take the oldest act that nobody holds; what it may take is a lease."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    with transaction.atomic():
        waiting = BulkAct.objects.select_for_update(skip_locked=True).filter(free, state=BulkAct.State.RUNNING)
        act = waiting.order_by("created_at").first()
        if act is not None:
            act.lease_by, act.lease_until, act.attempts = worker, now + LEASE, act.attempts + 1
            act.save(update_fields=["lease_by", "lease_until", "attempts"])
    return act


def _portion(act: BulkAct, now: datetime) -> None:
    """One portion, with where it has come to; part of the caller's transaction."""
    ended = _put_back(act, now) if act.undoing else _act(act, now)
    act.lease_by, act.lease_until, act.attempts = None, None, 0
    if ended:
        act.state, act.done_at = BulkAct.State.DONE, now
        if act.total == UNKNOWN:
            act.total = act.done + act.skipped
        act.skipped = max(act.skipped, act.total - act.done)  # those that left the filters before their turn, too
    act.save()


# ---------- the act ----------


def _act(act: BulkAct, now: datetime) -> bool:
    actor, verb = User.objects.get(pk=act.actor_id), VERBS[act.verb]
    need(actor, verb.permission)
    numbers, last, ended = verb.find(act, actor, PORTION) if verb.find else _next(act, actor)
    teams = teams_for(act, actor)
    alerts = _locked(numbers, teams)
    reached = _as_known(alerts, act) if verb.moves else alerts
    changed = verb.do(Portion(reached, actor, now, act.pk, teams), act.arguments) if reached else []
    act.done += len(changed)
    act.skipped += len(numbers) - len(changed)
    act.last_key = last
    return ended or act.done >= MOST


def _next(act: BulkAct, actor: User) -> Next:
    """What the act's filters let through."""
    filters = filters_of(act)
    rest = candidates(act, filters, actor).filter(pk__gt=act.last_key or 0)
    tree = tree_of(filters, act.as_of)
    if tree is None:
        numbers = list(rest.values_list("pk", flat=True)[:PORTION])
        return Next(numbers, numbers[-1] if numbers else act.up_to_id, len(numbers) < PORTION)
    loaded = rest.filter(columns_say(tree).narrowed).select_related("assignee", "rule", "revision")
    chunk = list(loaded.defer("revision__definition", "revision__source_text", "revision__tree")[:PORTION])
    numbers = [alert.pk for alert in found(chunk, tree, lambda: True)]
    return Next(numbers, chunk[-1].pk if chunk else act.up_to_id, len(chunk) < PORTION)


def _locked(numbers: Sequence[int], team_ids: Sequence[int]) -> list[Alert]:
    rows = Alert.objects.select_for_update(of=("self",)).filter(pk__in=numbers, team_id__in=team_ids)
    return list(rows.select_related("team").order_by("pk"))


def _as_known(alerts: Sequence[Alert], act: BulkAct) -> list[Alert]:
    """Those of the locked alerts that stand as the person knew them when he asked for the act. One query."""
    listed = dict.fromkeys(alert.pk for alert in alerts)
    moved = moved_on(listed, person_id=act.actor_id, drawn=act.as_of, asked=act.created_at, act=act.pk)
    return [alert for alert in alerts if alert.pk not in moved]


# ---------- its undo ----------


def _put_back(act: BulkAct, now: datetime) -> bool:
    """Put the next alerts back to where they stood; one that moved on since is left as it is, and counted."""
    actor, verb = User.objects.get(pk=act.arguments["undo_by"]), VERBS[act.verb]
    need(actor, Permission.TRIAGE)
    need(actor, verb.permission)
    group, teams = uuid5(act.pk, "undo"), teams_of(actor)
    if verb.undo is not None and act.last_key is None:
        verb.undo(act, actor=actor, now=now, team_ids=teams, undo=group)
    changes = list(changes_left(act).filter(pk__gt=act.last_key or 0).order_by("pk")[:PORTION])
    by: dict[str, Any] = {"actor": actor, "now": now, "door": Change.Door.PAGE, "group": group}
    back = restore(changes, team_ids=teams, skip_moved=True, **by)
    act.done += len(back)
    act.skipped += len(changes) - len(back)
    act.last_key = changes[-1].pk if changes else 0
    return len(changes) < PORTION


def _fail(act: BulkAct, why: str, now: datetime) -> None:
    log.warning("an act on all that match failed", act=str(act.pk), why=why)
    failed = BulkAct.objects.filter(pk=act.pk, state=BulkAct.State.RUNNING)
    failed.update(state=BulkAct.State.FAILED, error=why, done_at=now, lease_by=None, lease_until=None)
