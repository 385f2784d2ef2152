"""Which alerts stand no longer as a person knows them who acts on a list that was drawn a while ago.

What others did since is to be looked at first. What the person did since is known to him, also where the list still
shows it as it was: of a list that was read on, an act draws anew only so many rows (alerts/views/queue.py). But whoever
has judged an alert since, or taken that back, or given it to another team, is asked again before an older list, such as
one in another tab, judges it anew.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Change
from alerts.models import Status
from alerts.workflow import OBJECT_TYPE

COMMITTED = timedelta(seconds=30)
"""A change tells when it was asked for, and may be seen only so much later, when its transaction ends."""


def moved_on(
    listed: Mapping[int, int | None],
    *,
    person_id: int,
    drawn: datetime,
    asked: datetime,
    act: UUID | None = None,
) -> set[int]:
    """Those of the alerts that moved on since the list was `drawn`, beyond what the person knew when he `asked` for an
    act on them. What the `act` itself has done does not count. One query.

    `listed` says which version of an alert that has another one by now was listed: what came later is told by it. Where
    it says None, as of rows that stand for several alerts, it is told by time, and what a colleague began shortly
    before the list was drawn may have been over only afterwards: it counts.
    """
    if not listed:
        return set()
    since: dict[int, list[Change]] = defaultdict(list)
    for change in _moves(listed, drawn).exclude(group=act) if act else _moves(listed, drawn):
        number = int(change.object_id)
        if _is_later(change, listed[number], person_id, drawn):
            since[number].append(change)
    versioned = {number for number, version in listed.items() if version is not None}
    return {number for number in versioned | since.keys() if not _is_known(since[number], person_id, asked)}


def _moves(listed: Mapping[int, int | None], drawn: datetime) -> QuerySet[Change]:
    names = [str(number) for number in listed]
    versioned = [str(number) for number, version in listed.items() if version is not None]
    moves = Change.objects.filter(object_type=OBJECT_TYPE, object_id__in=names, inverse__has_key="workflow")
    moves = moves.filter(Q(at__gt=drawn - COMMITTED) | Q(object_id__in=versioned))
    return moves.only("object_id", "actor_id", "at", "after", "inverse")


def _is_later(change: Change, version: int | None, person_id: int, drawn: datetime) -> bool:
    if version is not None:
        return _version_after(change) > version
    by_colleague = change.actor_id not in (None, person_id)
    return change.at > (drawn - COMMITTED if by_colleague else drawn)


def _is_known(changes: Sequence[Change], person_id: int, asked: datetime) -> bool:
    """Whether the person did all of this himself before, and it comes to no other judgement than was listed."""
    if not changes or any(change.actor_id != person_id or change.at > asked for change in changes):
        return False
    first, last = min(changes, key=_version_after), max(changes, key=_version_after)
    return _judged((first.inverse or {})["workflow"]) == _judged(last.after)


def _judged(workflow: Mapping[str, Any]) -> tuple[bool, str, str, int | None]:
    """What is lost where it is overwritten: that an alert is closed, as what, and who is to work on it."""
    closed = workflow["status"] == Status.CLOSED
    return closed, workflow["reason"], workflow.get("fault", ""), workflow.get("team_id")


def _version_after(change: Change) -> int:
    return int((change.inverse or {})["version"])
