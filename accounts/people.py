"""What administrators do with people: invite, change, deactivate, and give back a way in.

Nobody is ever deleted: the record names people, and alerts and cases belong to them. Whoever administers the machine
may do the same from the command line; there `actor` is None.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse

from accounts import sessions
from accounts.access import need
from accounts.access_answers import answered
from accounts.errors import LastAdministrator, Oneself, PersonRefused, TeamRefused
from accounts.models import Change, SignInLink, Team, User
from accounts.person_state import OBJECT_TYPE, need_unchanged, state_of
from accounts.record import record_change
from accounts.roles import Permission, Role
from accounts.second_factor import remove_all
from accounts.services import create_sign_in_link


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody new, and the path of the link that lets that person in once. The link is kept nowhere."""

    user: User
    link_path: str


def invite(
    *,
    username: str,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    role: Role,
    teams: Iterable[Team],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Invited:
    """Make a person without a password and a link that signs in once; who comes in by it chooses a password.

    Raises: NotAllowed, PersonRefused.
    """
    _need(actor)
    user = User(
        username=_usable_name(username), first_name=first_name, last_name=last_name, email=email, role=Role(role)
    )
    user.set_unusable_password()
    member_of = _usable_teams(user, teams)
    _need_free_address(user)
    with transaction.atomic():
        _insert(user)
        user.teams.set(member_of)
        _record(user, "invite", actor, now, door, before={}, after=state_of(user))
        token = create_sign_in_link(user=user, now=now)
    return Invited(user, _path_of(token))


def change_person(
    *,
    user: User,
    first_name: str,
    last_name: str,
    email: str,
    role: Role,
    teams: Iterable[Team],
    actor: User | None,
    now: datetime,
    seen: str | None = None,
    door: Change.Door = Change.Door.PAGE,
) -> User:
    """Change what an administrator decides about a person. What is as before records nothing.

    `seen` is the digest of the state that the form showed (person_state.digest_of): everything is written at once, so
    a form that shows an older state would give back what somebody took meanwhile.

    Raises: NotAllowed, PersonChanged, PersonRefused, LastAdministrator.
    """
    _need(actor)
    with transaction.atomic():
        stored, other_admins = _locked(user)
        need_unchanged(stored, seen)
        before, teams_before = state_of(stored), _team_ids(stored)
        if stored.role == Role.ADMIN and stored.is_active and role != Role.ADMIN and not other_admins:
            raise LastAdministrator(str(stored))
        stored.first_name, stored.last_name, stored.email, stored.role = first_name, last_name, email, Role(role)
        member_of = _usable_teams(stored, teams)
        _need_free_address(stored)
        stored.save(update_fields=["first_name", "last_name", "email", "role"])
        stored.teams.set(member_of)
        EmailAddress.objects.filter(user=stored).exclude(email__iexact=email).delete()  # no way in by an old address
        after = state_of(stored)
        if before != after:
            _record(stored, "change", actor, now, door, before=before, after=after)
            answered(stored, teams_before | _team_ids(stored), actor, now, door)
    return stored


def change_membership(
    *,
    user: User,
    team: Team,
    member: bool,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> User:
    """Put a person into a team or take him out of it; nothing else of the person is written.

    Raises: NotAllowed, TeamRefused.
    """
    _need(actor)
    with transaction.atomic():
        stored, _ = _locked(user)
        before = state_of(stored)
        if member:
            stored.teams.add(team)
        else:
            stored.teams.remove(team)
            if not stored.teams.exists() and stored.role != Role.ADMIN:
                raise TeamRefused(f"{team} is the only team of {stored}. Add another first, or deactivate the account.")
        after = state_of(stored)
        if before != after:
            _record(stored, "change", actor, now, door, before=before, after=after)
            answered(stored, {team.pk}, actor, now, door)
    return stored


def deactivate(*, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> User:
    """Shut a person out at once: sessions end, links die, keys that act for the person are refused.

    Raises: NotAllowed, Oneself, LastAdministrator.
    """
    _need(actor, about=user)
    with transaction.atomic():
        stored, other_admins = _locked(user)
        if not stored.is_active:
            return stored
        if stored.role == Role.ADMIN and not other_admins:
            raise LastAdministrator(str(stored))
        before = state_of(stored)
        stored.is_active = False
        stored.save(update_fields=["is_active"])
        _void_links(stored, now)
        sessions.end_sessions(stored)
        _record(stored, "deactivate", actor, now, door, before=before, after=state_of(stored))
        answered(stored, set(), actor, now, door)
    return stored


def reactivate(*, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> User:
    """Let a person back in, with the role, the teams and the password of before. Raises: NotAllowed."""
    _need(actor)
    with transaction.atomic():
        stored, _ = _locked(user)
        if stored.is_active:
            return stored
        before = state_of(stored)
        stored.is_active = True
        stored.save(update_fields=["is_active"])
        _record(stored, "reactivate", actor, now, door, before=before, after=state_of(stored))
    return stored


def require_password_change(
    *, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> User:
    """The person goes on only after choosing another password. Raises: NotAllowed, Oneself, PersonRefused."""
    _need(actor, about=user)
    with transaction.atomic():
        stored, _ = _locked(user)
        if not stored.has_usable_password():
            raise PersonRefused(f"{stored} has no password here. Make a sign-in link instead.")
        before = state_of(stored)
        stored.must_change_password = True
        stored.save(update_fields=["must_change_password"])
        _record(stored, "require_password_change", actor, now, door, before=before, after=state_of(stored))
    return stored


def reset_second_factors(
    *, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> list[str]:
    """Take away every second factor of who has lost them; returns their kinds. Raises: NotAllowed, Oneself."""
    _need(actor, about=user)
    with transaction.atomic():
        stored, _ = _locked(user)
        kinds = remove_all(stored)
        if kinds:
            before = {"second_factors": kinds}
            _record(stored, "reset_second_factors", actor, now, door, before=before, after={"second_factors": []})
    return kinds


def unlink_identity(
    *, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> list[str]:
    """Untie the identity provider's identity from a person, and end the sessions that it may have begun.

    The next identity that comes with the person's verified address is tied. Returns what was tied. Raises: NotAllowed,
    Oneself.
    """
    _need(actor, about=user)
    with transaction.atomic():
        stored, _ = _locked(user)
        found = SocialAccount.objects.filter(user=stored).order_by("pk")
        tied = [f"{one.provider} {one.uid}" for one in found]
        if tied:
            found.delete()
            sessions.end_sessions(stored)
            _record(stored, "unlink_identity", actor, now, door, before={"identities": tied}, after={"identities": []})
    return tied


def end_sessions(*, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> int:
    """Sign a person out everywhere; returns of how many browsers. Raises: NotAllowed, Oneself."""
    _need(actor, about=user)
    with transaction.atomic():
        ended = sessions.end_sessions(user)
        _record(user, "end_sessions", actor, now, door, before={"sessions": ended}, after={"sessions": 0})
    return ended


def new_sign_in_link(*, user: User, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> str:
    """The path of a link that signs in once, for who has lost the password: it stops working, a new one is asked for.

    Earlier links and all sessions end. Raises: NotAllowed, Oneself, PersonRefused.
    """
    _need(actor, about=user)
    with transaction.atomic():
        stored, _ = _locked(user)
        if not stored.is_active:
            raise PersonRefused(f"{stored} is deactivated. Reactivate the account first.")
        had_password = stored.has_usable_password()
        stored.set_unusable_password()
        stored.save(update_fields=["password"])
        _void_links(stored, now)
        sessions.end_sessions(stored)
        token = create_sign_in_link(user=stored, now=now)
        _record(stored, "new_link", actor, now, door, before={"password": had_password}, after={"password": False})
    return _path_of(token)


def _need(actor: User | None, about: User | None = None) -> None:
    if actor is None:
        return
    need(actor, Permission.MANAGE_USERS)
    if about is not None and about.pk == actor.pk:
        raise Oneself("You cannot do this to your own account. Use your own settings, or ask another administrator.")


def _locked(user: User) -> tuple[User, int]:
    """The person as stored, and how many others are active administrators.

    All of these rows are locked, in the order of their numbers, until the transaction ends: of two administrators who
    demote each other at once, the second waits here and then finds that he is the last.
    """
    concerned = Q(pk=user.pk) | Q(role=Role.ADMIN, is_active=True)
    rows = {row.pk: row for row in User.objects.select_for_update(no_key=True).filter(concerned).order_by("pk")}
    stored = rows.pop(user.pk)
    return stored, len(rows)


def _insert(user: User) -> None:
    taken = PersonRefused("Somebody has this name already.", "username")
    if User.objects.filter(username__iexact=user.username).exists():
        raise taken
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise taken from None


def _usable_name(username: str) -> str:
    """Letters of the ASCII only, so that nobody can pass for another by a letter that looks the same."""
    try:
        ASCIIUsernameValidator()(username)
    except ValidationError:
        message = "A name holds letters, digits and @ . + - _ only, at most 150."
        raise PersonRefused(message, "username") from None
    if len(username) > 150:
        raise PersonRefused("A name holds letters, digits and @ . + - _ only, at most 150.", "username")
    return username


def _team_ids(user: User) -> set[int]:
    return set(user.teams.values_list("pk", flat=True))


def _usable_teams(user: User, teams: Iterable[Team]) -> list[Team]:
    member_of = list(teams)
    if not member_of and user.role != Role.ADMIN:
        raise PersonRefused("Choose at least one team: without one a person sees nothing.", "teams")
    return member_of


def _need_free_address(user: User) -> None:
    """An address signs in, so it belongs to one person."""
    if not user.email:
        return
    try:
        validate_email(user.email)
    except ValidationError:
        raise PersonRefused("This is not an e-mail address.", "email") from None
    others = User.objects.exclude(pk=user.pk)
    taken = others.filter(email__iexact=user.email).exists()
    if taken or EmailAddress.objects.filter(email__iexact=user.email).exclude(user_id=user.pk).exists():
        raise PersonRefused("Somebody else has this address.", "email")


def _void_links(user: User, now: datetime) -> None:
    SignInLink.objects.filter(user=user, used_at=None).update(used_at=now)


def _path_of(token: str) -> str:
    return reverse("accounts:sign_in_by_link", args=[token])


def _record(
    user: User,
    verb: str,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """One entry, which always says whom it is about."""
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=user.pk,
        before=before,
        after={"username": user.username} | after,
    )
