"""What people save under a name: views of the queue, and searches. For oneself, or shared with a team.

Both are a page's address and are kept, changed, shared, deleted and brought back alike, so there is one set of services
for both; each app has its own table (`kind`), because a view belongs to alerts and a search to events, which lie on
different layers. Only who saved something changes it. What is deleted can be brought back for ten minutes, out of the
record.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet, prefetch_related_objects

from accounts.access import need
from accounts.errors import NotRestorable, SavedNotFound, SavedRefused
from accounts.models import Change, SavedQuery, Team, User
from accounts.record import UNDO_WINDOW, record_change
from accounts.roles import Permission
from soc.web.numbers import whole

T = TypeVar("T", bound=SavedQuery)
OBJECT_TYPES = {"view": "saved_view", "search": "saved_search"}
MOST = 20
MOST_SHOWN = 40
MOST_NAME = 60
MOST_QUERY = 6_000
# Written out: every queue asks it.
_SEEN = """
SELECT * FROM {table} WHERE owner_id = %s OR team_id = ANY(%s)
ORDER BY owner_id <> %s, position, name, id LIMIT %s
"""


def seen(kind: type[T], user: User, team_ids: Sequence[int]) -> list[T]:
    """A person's own in his order, then what others share with his teams. One query; one or two more for the names of
    people and teams, where something is shared.
    """
    statement = _SEEN.format(table=kind._meta.db_table)  # noqa: SLF001  (an abstract model has no table of its own)
    rows = list(_rows(kind).raw(statement, [user.pk, list(team_ids), user.pk, MOST_SHOWN]))
    prefetch_related_objects([row for row in rows if row.owner_id != user.pk], "owner")
    prefetch_related_objects([row for row in rows if row.team_id is not None], "team")
    return rows


def create(
    kind: type[T], *, name: str, query: str, team: Team | None, actor: User, now: datetime, team_ids: Sequence[int]
) -> T:
    """Save this (a canonical query string) behind the person's others.

    Raises: NotAllowed, SavedRefused.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine = _locked(kind, actor)
        _need_room(kind, mine)
        row = kind(owner=actor, created_at=now, position=max((one.position for one in mine), default=-1) + 1)
        row.name, row.query, row.team = _name(kind, name, mine), _query(query), _team(team, team_ids)
        row.save()
        _record("create", row, {}, actor, now)
    return row


def change(
    kind: type[T],
    *,
    saved_id: int,
    name: str,
    query: str | None,
    team: Team | None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
) -> T:
    """Give it another name, another query (None: as it is), and share it with a team or with nobody.

    Raises: NotAllowed, SavedNotFound, SavedRefused.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine = _locked(kind, actor)
        row = _own(kind, saved_id, mine)
        before = _state(row)
        row.name = _name(kind, name, [one for one in mine if one.pk != saved_id])
        row.query = row.query if query is None else _query(query)
        row.team = _team(team, team_ids)
        if _state(row) != before:
            row.version += 1
            row.save()
            _record("change", row, before, actor, now)
    return row


def move(kind: type[T], *, saved_id: int, by: int, actor: User, now: datetime) -> T:
    """Put it one place to the left (-1) or to the right (1); at the end it stays.

    Raises: NotAllowed, SavedNotFound.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine = _locked(kind, actor)
        row = _own(kind, saved_id, mine)
        at = mine.index(row)
        to = min(max(at + by, 0), len(mine) - 1)
        mine.insert(to, mine.pop(at))
        for position, one in enumerate(mine):
            if one.position != position:
                _place(one, position, actor, now)
    return row


def remove(kind: type[SavedQuery], *, saved_id: int, actor: User, now: datetime) -> UUID:
    """Delete it; returns the name of the act, by which `restore` brings it back.

    Raises: NotAllowed, SavedNotFound.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        row, group = _own(kind, saved_id, _locked(kind, actor)), uuid4()
        record_change(
            at=now, actor=actor, door=Change.Door.PAGE, verb="delete", object_type=OBJECT_TYPES[kind.noun],
            object_id=row.pk, before=_state(row), team=row.team, group=group,
        )  # fmt: skip
        row.delete()
    return group


def restore(kind: type[T], *, group: UUID, actor: User, now: datetime, team_ids: Sequence[int]) -> T:
    """Bring back what this act deleted, under its old number.

    Raises: NotAllowed, NotRestorable, SavedRefused.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine, deleted = _locked(kind, actor), deletion(kind, group, actor)
        if deleted is None or _rows(kind).filter(pk=int(deleted.object_id)).exists():
            raise NotRestorable("There is nothing to undo here: it was undone already, or cannot be undone.")
        if now - deleted.at > UNDO_WINDOW:
            raise NotRestorable(f"It was deleted more than ten minutes ago. Save the {kind.noun} anew.")
        _need_room(kind, mine)
        row = _from(kind, deleted.before, actor, team_ids)
        row.pk, row.name, row.created_at = int(deleted.object_id), _name(kind, row.name, mine), now
        row.save(force_insert=True)
        _record("restore", row, {}, actor, now, undoes=deleted)
    return row


def deletion(kind: type[SavedQuery], group: UUID, actor: User) -> Change | None:
    """The record of a deletion that the person did and has not taken back."""
    found = Change.objects.filter(group=group, object_type=OBJECT_TYPES[kind.noun], verb="delete", actor=actor)
    return found.filter(undone_by=None).first()


def deleted_lately(kind: type[SavedQuery], actor: User, now: datetime) -> list[Change]:
    """The records of what the person deleted and can bring back, the newest first. One query."""
    found = Change.objects.filter(actor=actor, at__gte=now - UNDO_WINDOW, verb="delete", undone_by=None)
    return list(found.filter(object_type=OBJECT_TYPES[kind.noun]).order_by("-at", "-pk")[:MOST])


def team_to_share(team_ids: Sequence[int], chosen: str) -> Team | None:
    """The team that a form names; None for nobody, and for one that the person is not in. At most one query."""
    number = whole(chosen)
    return Team.objects.filter(pk=number).first() if number is not None and number in team_ids else None


def _rows(kind: type[T]) -> QuerySet[T]:
    return kind._default_manager.all()  # noqa: SLF001  (an abstract model has no `objects` of its own)


def _locked(kind: type[T], actor: User) -> list[T]:
    """The person's own in their order; whoever else changes them waits."""
    User.objects.select_for_update().get(pk=actor.pk)
    return list(_rows(kind).filter(owner=actor).select_related("team").order_by("position", "pk"))


def _own(kind: type[T], saved_id: int, mine: Sequence[T]) -> T:
    found = next((row for row in mine if row.pk == saved_id), None)
    if found is None:
        raise SavedNotFound(f"There is no such {kind.noun} of yours.")
    return found


def _need_room(kind: type[SavedQuery], mine: Sequence[SavedQuery]) -> None:
    if len(mine) >= MOST:
        raise SavedRefused(f"You have {MOST} saved {_many(kind)}. Delete one first.")


def _many(kind: type[SavedQuery]) -> str:
    return "searches" if kind.noun == "search" else f"{kind.noun}s"


def _name(kind: type[SavedQuery], name: str, others: Sequence[SavedQuery]) -> str:
    name = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    if not name:
        raise SavedRefused(f"Give the {kind.noun} a name.")
    if len(name) > MOST_NAME:
        raise SavedRefused(f"The name is {len(name)} characters long; at most {MOST_NAME} are kept.")
    if any(one.name.casefold() == name.casefold() for one in others):
        raise SavedRefused(f"You have a {kind.noun} called “{name}” already.")
    return name


def _query(query: str) -> str:
    if len(query) > MOST_QUERY:
        raise SavedRefused("This is too long to be saved.")
    return query


def _team(team: Team | None, team_ids: Sequence[int]) -> Team | None:
    if team is not None and team.pk not in team_ids:
        raise SavedRefused("You are not in that team.")
    return team


def _state(row: SavedQuery) -> dict[str, Any]:
    """All of it, as the record keeps it."""
    return {
        "name": row.name,
        "query": row.query,
        "team_id": row.team_id,
        "owner_id": row.owner_id,
        "position": row.position,
        "version": row.version,
    }


def _from(kind: type[T], state: Mapping[str, Any], actor: User, team_ids: Sequence[int]) -> T:
    """One out of the record; with a team that the person has left, his own again."""
    team_id = state["team_id"] if state["team_id"] in team_ids else None
    return kind(
        owner=actor, team_id=team_id, name=state["name"], query=state["query"], position=state["position"],
        version=state["version"] + 1,
    )  # fmt: skip


def _place(row: SavedQuery, position: int, actor: User, now: datetime) -> None:
    before = _state(row)
    row.position, row.version = position, row.version + 1
    row.save(update_fields=["position", "version"])
    _record("move", row, before, actor, now)


def _record(
    verb: str, row: SavedQuery, before: Mapping[str, Any], actor: User, now: datetime, undoes: Change | None = None
) -> None:
    record_change(
        at=now, actor=actor, door=Change.Door.PAGE, verb=verb, object_type=OBJECT_TYPES[row.noun], object_id=row.pk,
        before=before, after=_state(row), team=row.team, undoes=undoes,
    )  # fmt: skip
