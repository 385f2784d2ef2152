"""Views of the queue that people save under a name: filters as they stand in the address, for oneself or for a team.

Only who saved a view changes it. What is deleted can be brought back for ten minutes, out of the record.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, Team, User
from accounts.record import record_change
from accounts.roles import Permission
from alerts.errors import NothingToUndo, TooLate, ViewNotFound, ViewRefused
from alerts.models import SavedView
from alerts.workflow import UNDO_WINDOW

OBJECT_TYPE = "saved_view"
MOST = 20
MOST_NAME = 60
MOST_QUERY = 6_000


def create(
    *, name: str, query: str, team: Team | None, actor: User, now: datetime, team_ids: Sequence[int]
) -> SavedView:
    """Save these filters (a canonical query string) behind the person's other views.

    Raises: NotAllowed, ViewRefused.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine = _locked(actor)
        if len(mine) >= MOST:
            raise ViewRefused(f"You have {MOST} views. Delete one first.")
        view = SavedView(owner=actor, created_at=now, position=max((one.position for one in mine), default=-1) + 1)
        view.name, view.query, view.team = _name(name, mine), _query(query), _team(team, team_ids)
        view.save()
        _record("create", view, {}, actor, now)
    return view


def change(
    *,
    view_id: int,
    name: str,
    query: str | None,
    team: Team | None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
) -> SavedView:
    """Give a view another name, other filters (None: as they are), and share it with a team or with nobody.

    Raises: NotAllowed, ViewNotFound, ViewRefused.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine = _locked(actor)
        view = _own(view_id, mine)
        before = _state(view)
        view.name = _name(name, [one for one in mine if one.pk != view_id])
        view.query = view.query if query is None else _query(query)
        view.team = _team(team, team_ids)
        if _state(view) != before:
            view.version += 1
            view.save()
            _record("change", view, before, actor, now)
    return view


def move(*, view_id: int, by: int, actor: User, now: datetime) -> SavedView:
    """Put a view one place to the left (-1) or to the right (1); at the end it stays.

    Raises: NotAllowed, ViewNotFound.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine = _locked(actor)
        view = _own(view_id, mine)
        at = mine.index(view)
        to = min(max(at + by, 0), len(mine) - 1)
        mine.insert(to, mine.pop(at))
        for position, one in enumerate(mine):
            if one.position != position:
                _place(one, position, actor, now)
    return view


def remove(*, view_id: int, actor: User, now: datetime) -> UUID:
    """Delete a view; returns the name of the act, by which `restore` brings it back.

    Raises: NotAllowed, ViewNotFound.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        view, group = _own(view_id, _locked(actor)), uuid4()
        record_change(
            at=now, actor=actor, door=Change.Door.PAGE, verb="delete", object_type=OBJECT_TYPE, object_id=view.pk,
            before=_state(view), team=view.team, group=group,
        )  # fmt: skip
        view.delete()
    return group


def restore(*, group: UUID, actor: User, now: datetime, team_ids: Sequence[int]) -> SavedView:
    """Bring back the view that this act deleted, under its old number.

    Raises: NotAllowed, NothingToUndo, TooLate, ViewRefused.
    """
    need(actor, Permission.VIEW)
    with transaction.atomic():
        mine, deleted = _locked(actor), deletion(group, actor)
        if deleted is None or SavedView.objects.filter(pk=int(deleted.object_id)).exists():
            raise NothingToUndo
        if now - deleted.at > UNDO_WINDOW:
            raise TooLate
        view = _from(deleted.before, actor, team_ids)
        view.pk, view.name, view.created_at = int(deleted.object_id), _name(view.name, mine), now
        view.save(force_insert=True)
        _record("restore", view, {}, actor, now, undoes=deleted)
    return view


def deletion(group: UUID, actor: User) -> Change | None:
    """The record of a deletion that the person did and has not taken back."""
    found = Change.objects.filter(group=group, object_type=OBJECT_TYPE, verb="delete", actor=actor)
    return found.filter(undone_by=None).first()


def _locked(actor: User) -> list[SavedView]:
    """The person's views in their order; whoever else changes them waits."""
    User.objects.select_for_update().get(pk=actor.pk)
    return list(SavedView.objects.filter(owner=actor).select_related("team").order_by("position", "pk"))


def _own(view_id: int, mine: Sequence[SavedView]) -> SavedView:
    found = next((view for view in mine if view.pk == view_id), None)
    if found is None:
        raise ViewNotFound
    return found


def _name(name: str, others: Sequence[SavedView]) -> str:
    name = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    if not name:
        raise ViewRefused("Give the view a name.")
    if len(name) > MOST_NAME:
        raise ViewRefused(f"The name is {len(name)} characters long; at most {MOST_NAME} are kept.")
    if any(one.name.casefold() == name.casefold() for one in others):
        raise ViewRefused(f"You have a view called “{name}” already.")
    return name


def _query(query: str) -> str:
    if len(query) > MOST_QUERY:
        raise ViewRefused("These filters are too long to be saved.")
    return query


def _team(team: Team | None, team_ids: Sequence[int]) -> Team | None:
    if team is not None and team.pk not in team_ids:
        raise ViewRefused("You are not in that team.")
    return team


def _state(view: SavedView) -> dict[str, Any]:
    """All of a view, as the record keeps it."""
    return {
        "name": view.name,
        "query": view.query,
        "team_id": view.team_id,
        "owner_id": view.owner_id,
        "position": view.position,
        "version": view.version,
    }


def _from(state: Mapping[str, Any], actor: User, team_ids: Sequence[int]) -> SavedView:
    """A view out of the record; with a team that the person has left, his own again."""
    team_id = state["team_id"] if state["team_id"] in team_ids else None
    return SavedView(
        owner=actor, team_id=team_id, name=state["name"], query=state["query"], position=state["position"],
        version=state["version"] + 1,
    )  # fmt: skip


def _place(view: SavedView, position: int, actor: User, now: datetime) -> None:
    before = _state(view)
    view.position, view.version = position, view.version + 1
    view.save(update_fields=["position", "version"])
    _record("move", view, before, actor, now)


def _record(
    verb: str, view: SavedView, before: Mapping[str, Any], actor: User, now: datetime, undoes: Change | None = None
) -> None:
    record_change(
        at=now, actor=actor, door=Change.Door.PAGE, verb=verb, object_type=OBJECT_TYPE, object_id=view.pk,
        before=before, after=_state(view), team=view.team, undoes=undoes,
    )  # fmt: skip
