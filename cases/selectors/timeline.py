"""What happened to a case, newest first: what people wrote and what the record says, as one list.

Paged by (time, source, number), so that neither source hides behind the other at the same instant.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db.models import Count as CountOf
from django.db.models import Q, QuerySet

from accounts.models import Change, User
from alerts.models import Alert
from alerts.selectors.briefs import briefs
from alerts.selectors.shapes import AlertBrief
from cases.models import Case, Entry
from cases.selectors.shapes import Moment
from cases.selectors.words import changes_told, words_of
from cases.workflow import CHANGE, CLOSE, JOIN, LEAVE, OBJECT_TYPE, OPEN, REOPEN, TASK_ADD, TASK_CHANGE
from soc.web.evidence import plain
from soc.web.paging import KeyPage, read_key, sign_key

SALT = "timeline"
LINES = 10  # alerts of one act that are shown by their line
KINDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "all": (
        (Entry.Kind.COMMENT, Entry.Kind.NOTE),
        (OPEN, CHANGE, JOIN, LEAVE, CLOSE, REOPEN, TASK_ADD, TASK_CHANGE),
    ),
    "notes": ((Entry.Kind.NOTE,), ()),
    "comments": ((Entry.Kind.COMMENT,), ()),
    "alerts": ((), (OPEN, JOIN, LEAVE)),
    "changes": ((), (OPEN, CHANGE, CLOSE, REOPEN)),
    "tasks": ((), (TASK_ADD, TASK_CHANGE)),
}
"""Which kinds of entries and which verbs of the record each filter shows."""
_ENTRY, _CHANGE = 0, 1


def timeline(case: Case, *, kind: str = "all", before: str | None = None, limit: int = 50) -> list[Moment]:
    """The newest moments, or those before the one whose `key` is given. Up to four queries."""
    return timeline_page(case, kind=kind, before=before, limit=limit).items


def timeline_page(case: Case, *, kind: str = "all", before: str | None = None, limit: int = 50) -> KeyPage[Moment]:
    """The same, with the token of what came earlier, if there is more; an unknown kind shows everything."""
    kinds, verbs = KINDS.get(kind, KINDS["all"])
    start = read_key(before, f"{SALT}:{case.pk}")
    place = _place(start.values)
    found: list[_Found] = []
    if kinds:
        entries = Entry.objects.filter(_before(place, _ENTRY), case=case, kind__in=kinds).select_related("author")
        found += [_Found(one.at, _ENTRY, one.pk, one) for one in entries.order_by("-at", "-pk")[: limit + 1]]
    if verbs:
        changes = _changes(case, verbs, kind).filter(_before(place, _CHANGE)).order_by("-at", "-pk")
        found += [_Found(one.at, _CHANGE, one.pk, one) for one in changes[: limit + 1]]
    found.sort(key=lambda one: (one.at, one.source, one.pk), reverse=True)
    shown, more = found[:limit], len(found) > limit
    moments = _moments(case, shown)
    return KeyPage(moments, moments[-1].key if more and moments else None, start.notice)


def timeline_counts(case: Case) -> dict[str, int]:
    """How many moments each filter shows. Two queries."""
    entries = dict(Entry.objects.filter(case=case).order_by().values_list("kind").annotate(CountOf("pk")))
    record = _of_case(case).order_by()
    verbs: Counter[str] = Counter(dict(record.values_list("verb").annotate(CountOf("pk"))))
    empty_openings = verbs[OPEN] - _changes(case, (OPEN,), "alerts").count() if verbs[OPEN] else 0
    return {
        kind: sum(entries.get(one, 0) for one in kinds)
        + sum(verbs[verb] for verb in shown)
        - (empty_openings if kind == "alerts" else 0)
        for kind, (kinds, shown) in KINDS.items()
    }


@dataclass(frozen=True, slots=True)
class _Found:
    at: datetime
    source: int
    pk: int
    row: Entry | Change


@dataclass(frozen=True, slots=True)
class _Known:
    """What the moments of one page need besides their own rows."""

    people: Mapping[int, str]
    alerts: Mapping[int, AlertBrief]


def _of_case(case: Case) -> QuerySet[Change]:
    return Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(case.pk))


def _changes(case: Case, verbs: Sequence[str], kind: str) -> QuerySet[Change]:
    changes = _of_case(case).filter(verb__in=verbs)
    return changes.exclude(verb=OPEN, after__added=[]) if kind == "alerts" else changes


def _place(values: tuple[Any, ...] | None) -> tuple[datetime, int, int] | None:
    if values is None or len(values) != 3:
        return None
    at, source, pk = values
    return datetime.fromisoformat(at), source, pk


def _before(place: tuple[datetime, int, int] | None, source: int) -> Q:
    """The rows of this source that come after the place in a list that goes back in time."""
    if place is None:
        return Q()
    at, of_source, pk = place
    if source == of_source:
        return Q(at__lt=at) | Q(at=at, pk__lt=pk)
    return Q(at__lte=at) if source < of_source else Q(at__lt=at)


def _moments(case: Case, found: Iterable[_Found]) -> list[Moment]:
    found = list(found)
    changes = [one.row for one in found if isinstance(one.row, Change)]
    known = _Known(_people(changes), _alerts(case, changes))
    salt = f"{SALT}:{case.pk}"
    return [_moment(one, known, sign_key((one.at.isoformat(), one.source, one.pk), salt)) for one in found]


def _moment(one: _Found, known: _Known, key: str) -> Moment:
    row = one.row
    if isinstance(row, Entry):
        words = "added a note" if row.kind == Entry.Kind.NOTE else "commented"
        return Moment(key, row.at, str(row.author), row.author_id, row.kind, words, row.text, entry_id=row.pk)
    numbers = numbers_of(row)
    is_task = row.verb in (TASK_ADD, TASK_CHANGE)
    return Moment(
        key=key,
        at=row.at,
        actor=plain(row.actor_name),
        actor_id=row.actor_id,
        kind=row.verb,
        words=words_of(row, known.people),
        text=row.note,
        changes=changes_told(row, known.people),
        alerts=tuple(known.alerts[number] for number in numbers[:LINES] if number in known.alerts),
        alert_numbers=tuple(numbers),
        task=str(row.after.get("text", "")) if is_task else "",
        task_state=str(row.after.get("state", "")) if is_task else "",
        change_id=row.pk,
    )


def numbers_of(change: Change) -> list[int]:
    """The alerts that came or went with this change."""
    return [int(number) for name in ("added", "removed") for number in change.after.get(name) or []]


def _people(changes: Iterable[Change]) -> dict[int, str]:
    """The names of those whom the changes speak of. One query, none where nobody is spoken of."""
    owners = itemgetter("owner_id")
    states = [state for change in changes for state in (change.before, change.after) if "owner_id" in state]
    wanted = {owners(state) for state in states} - {None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=wanted)} if wanted else {}


def _alerts(case: Case, changes: Iterable[Change]) -> dict[int, AlertBrief]:
    """The alerts that the changes show by their line, those of the case's team. One query, none for none."""
    wanted = {number for change in changes for number in numbers_of(change)[:LINES]}
    if not wanted:
        return {}
    return {brief.id: brief for brief in briefs(Alert.objects.filter(pk__in=wanted, team_id=case.team_id))}
