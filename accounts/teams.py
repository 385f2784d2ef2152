"""What administrators do with teams. A team is never deleted: events, alerts, keys and the record belong to it.

Who is in a team is a property of the person, so that a person's record alone tells what the person could see, at any
time; hence adding and removing members is written in the records of the members.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts import people
from accounts.access import need
from accounts.errors import TeamRefused
from accounts.models import Change, Team, User
from accounts.record import record_change
from accounts.roles import Permission

OBJECT_TYPE = "team"
MAX_NAME = 80
_MAX_SLUG = 40


def create_team(*, name: str, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> Team:
    """Make a team without members. Raises: NotAllowed, TeamRefused."""
    _need(actor)
    team = Team(name=_usable(name))
    team.slug = _free_slug(team.name)
    with transaction.atomic():
        _need_free_name(team)
        _save(team)
        _record(team, "create", actor, now, door, before={}, after=state_of(team))
    return team


def rename_team(
    *, team: Team, name: str, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> Team:
    """Give a team another name; its short name stays, because commands and records use it.

    Raises: NotAllowed, TeamRefused.
    """
    _need(actor)
    with transaction.atomic():
        stored = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        before = state_of(stored)
        stored.name = _usable(name)
        _need_free_name(stored)
        _save(stored)
        _record(stored, "rename", actor, now, door, before=before, after=state_of(stored))
    return stored


def make_default(*, team: Team, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> Team:
    """What comes without a team belongs to this one from now on. There is always exactly one. Raises: NotAllowed."""
    _need(actor)
    with transaction.atomic():
        locked = {row.pk: row for row in Team.objects.select_for_update(no_key=True).order_by("pk")}
        chosen = locked[team.pk]
        for other in locked.values():
            if other.is_default and other.pk != chosen.pk:
                _set_default(other, False, actor, now, door)
        if not chosen.is_default:
            _set_default(chosen, True, actor, now, door)
    return chosen


def add_member(
    *, team: Team, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> User:
    """Let a person see what belongs to the team. Raises: NotAllowed."""
    return people.change_membership(user=user, team=team, member=True, actor=actor, now=now, door=door)


def remove_member(
    *, team: Team, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> User:
    """Take a person out of the team. Raises: NotAllowed, TeamRefused."""
    return people.change_membership(user=user, team=team, member=False, actor=actor, now=now, door=door)


def state_of(team: Team) -> dict[str, Any]:
    """All that a team is, for the record."""
    return {"name": team.name, "slug": team.slug, "is_default": team.is_default}


def _need(actor: User | None) -> None:
    if actor is not None:
        need(actor, Permission.MANAGE_USERS)


def _usable(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise TeamRefused(f"A team has a name of at most {MAX_NAME} characters.", "name")
    return name


def _free_slug(name: str) -> str:
    base = slugify(name)[:_MAX_SLUG].strip("-") or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base[: _MAX_SLUG - 5]}-{number}" for number in range(2, 1000))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


def _need_free_name(team: Team) -> None:
    if Team.objects.filter(name__iexact=team.name).exclude(pk=team.pk).exists():
        raise TeamRefused("Another team has this name.", "name")


def _save(team: Team) -> None:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        raise TeamRefused("Another team has this name.", "name") from None


def _set_default(team: Team, value: bool, actor: User | None, now: datetime, door: Change.Door) -> None:
    before = state_of(team)
    team.is_default = value
    team.save(update_fields=["is_default"])
    _record(team, "make_default" if value else "no_default", actor, now, door, before=before, after=state_of(team))


def _record(
    team: Team,
    verb: str,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    if before == after:
        return
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=team.pk,
        before=before,
        after=after,
        team=team,
    )
