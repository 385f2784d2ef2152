"""Asking to be let into a team, and what administrators answer.

Somebody asks from the page of an alert or a case of a team that he is not in. One request of a person and team is open
at a time; asking again while it is open changes nothing. Every administrator is told, and so is the person when it is
decided. The record tells all of it, under the team that was asked for.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from accounts import people
from accounts.access import may, need
from accounts.access_answers import leave_out, let_in, record
from accounts.errors import AccessRefused
from accounts.models import AccessRequest, Notice, Team, User
from accounts.notices import notify
from accounts.roles import Permission, Role
from accounts.selectors import teams_of

MOST_A_DAY = 5
MOST_SHOWN = 100
_DAY = timedelta(days=1)


def ask(*, user: User, team: Team, path: str, now: datetime) -> AccessRequest:
    """Ask for the team; the open request, if there is one already.

    Raises: AccessRefused (in the team already, or asked too often within a day).
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two clicks at once ask once
        if team.pk in teams_of(user):
            raise AccessRefused(f"You are in {team} already. Open the page again.")
        mine = AccessRequest.objects.filter(user=user)
        found = mine.filter(team=team, state=AccessRequest.State.OPEN).first()
        if found is not None:
            return found
        if mine.filter(asked_at__gt=now - _DAY).count() >= MOST_A_DAY:
            raise AccessRefused(f"You asked for access {MOST_A_DAY} times today. Ask again tomorrow, or ask in person.")
        return _ask(user, team, path, now)


def grant(*, request_id: int, actor: User, now: datetime) -> AccessRequest:
    """Put the person into the team. Raises: NotAllowed, AccessRefused."""
    need(actor, Permission.MANAGE_USERS)
    with transaction.atomic():
        asked = _open(request_id)
        if not asked.user.is_active:
            raise AccessRefused(f"{asked.user} is deactivated. Reactivate the account first.")
        let_in(asked, actor, now)
        people.change_membership(user=asked.user, team=asked.team, member=True, actor=actor, now=now)
    return asked


def decline(*, request_id: int, actor: User, now: datetime) -> AccessRequest:
    """Leave things as they are; the person may ask again. Raises: NotAllowed, AccessRefused."""
    need(actor, Permission.MANAGE_USERS)
    with transaction.atomic():
        asked = _open(request_id)
        leave_out(asked, actor, now)
    return asked


def waiting() -> QuerySet[AccessRequest]:
    """The requests that somebody has to decide, the oldest first: not of who has come into the team otherwise, or gone.

    At most 100; they stand on a page.
    """
    member = User.teams.through.objects.filter(user_id=OuterRef("user_id"), team_id=OuterRef("team_id"))
    found = AccessRequest.objects.filter(~Exists(member), state=AccessRequest.State.OPEN, user__is_active=True)
    found = found.exclude(user__role=Role.ADMIN)
    return found.select_related("user", "team").order_by("asked_at", "pk")[:MOST_SHOWN]


def count_waiting(user: User) -> int:
    """How many requests wait for this person's decision: none for who cannot decide. One query, or none."""
    return len(waiting().values_list("pk")) if may(user, Permission.MANAGE_USERS) else 0


def last_of(user: User, team: Team) -> AccessRequest | None:
    """What the person asked last of this team, with who decided. One query."""
    mine = AccessRequest.objects.filter(user=user, team=team).select_related("settled_by")
    return mine.order_by("-asked_at", "-pk").first()


def whom_to_ask(team: Team, most: int = 6) -> list[User]:
    """Managers of the team, then administrators, who can let in. One query."""
    active = User.objects.filter(is_active=True)
    answering = active.filter(role=Role.MANAGER, teams=team) | active.filter(role=Role.ADMIN)
    by_name = answering.distinct().order_by("-role", "first_name", "last_name", "username")  # "manager" > "admin"
    return list(by_name[:most])


def _ask(user: User, team: Team, path: str, now: datetime) -> AccessRequest:
    try:
        with transaction.atomic():
            asked = AccessRequest.objects.create(user=user, team=team, path=path, asked_at=now)
    except IntegrityError:
        return AccessRequest.objects.get(user=user, team=team, state=AccessRequest.State.OPEN)
    record(asked, "ask", user, now, before={})
    notify(
        people=User.objects.filter(is_active=True, role=Role.ADMIN),
        kind=Notice.Kind.ACCESS,
        text=f"{user} asks for access to {team}.",
        path=reverse("accounts:teams"),
        key=f"access:{asked.pk}",
        actor=user,
        now=now,
    )
    return asked


def _open(request_id: int) -> AccessRequest:
    rows = AccessRequest.objects.select_for_update(of=("self",), no_key=True).select_related("user", "team")
    asked = rows.filter(pk=request_id, state=AccessRequest.State.OPEN).first()
    if asked is None:
        raise AccessRefused("This request was decided already.")
    return asked
