"""Writes about people: making them, one-time sign-in links, and a person's own settings."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from accounts.access import need
from accounts.errors import LinkRefused
from accounts.models import Change, SignInLink, Team, User
from accounts.record import record_change
from accounts.roles import Permission, Role

LINK_LASTS = timedelta(hours=12)


def create_person(
    *,
    username: str,
    role: Role,
    teams: list[Team],
    actor: User | None,
    now: datetime,
    must_change_password: bool = True,
    door: Change.Door = Change.Door.COMMAND,
) -> tuple[User, str]:
    """Make a person with a generated password, which is the second value and is kept nowhere.

    Raises: NotAllowed.
    """
    if actor is not None:
        need(actor, Permission.MANAGE_USERS)
    password = secrets.token_urlsafe(15)
    with transaction.atomic():
        user = User.objects.create_user(
            username=username, password=password, role=role, must_change_password=must_change_password
        )
        user.teams.set(teams)
        after = {
            "username": username,
            "first_name": "",
            "last_name": "",
            "email": "",
            "role": role.value,
            "teams": sorted(team.slug for team in teams),
            "active": True,
            "must_change_password": must_change_password,
        }
        record_change(at=now, actor=actor, door=door, verb="create", object_type="user", object_id=user.pk, after=after)
    return user, password


def create_sign_in_link(*, user: User, now: datetime) -> str:
    """A token that signs `user` in, once, within twelve hours. Whoever holds it is that person: never mail it."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(token_sha256=_digest(token), user=user, expires_at=now + LINK_LASTS)
    return token


def use_sign_in_link(*, token: str, now: datetime) -> User:
    """Take the link's one use and give its person, who has to choose a password if there is none.

    Raises: LinkRefused, the same for every reason.
    """
    with transaction.atomic():
        usable = SignInLink.objects.filter(
            token_sha256=_digest(token), used_at=None, expires_at__gt=now, user__is_active=True
        )
        link = usable.select_for_update().select_related("user").first()
        if link is None:
            raise LinkRefused
        link.used_at = now
        link.save(update_fields=["used_at"])
        if not link.user.has_usable_password():
            link.user.must_change_password = True
            link.user.save(update_fields=["must_change_password"])
        record_change(
            at=now,
            actor=link.user,
            door=Change.Door.PAGE,
            verb="sign_in_by_link",
            object_type="user",
            object_id=link.user.pk,
        )
    return link.user


def save_own_settings(
    *,
    user: User,
    first_name: str,
    last_name: str,
    time_zone: str,
    single_key_shortcuts: bool,
    alt_shortcuts: bool,
    mail_notices: bool,
    now: datetime,
) -> User:
    """Change what a person decides alone: the own name, the time zone, single-key shortcuts, and mail about notices."""
    wanted = {
        "first_name": first_name,
        "last_name": last_name,
        "time_zone": time_zone,
        "single_key_shortcuts": single_key_shortcuts,
        "alt_shortcuts": alt_shortcuts,
        "mail_notices": mail_notices,
    }
    with transaction.atomic():
        stored = User.objects.select_for_update().get(pk=user.pk)  # the form may have written into `user` already
        before = {name: value for name, value in _settings_of(stored).items() if value != wanted[name]}
        if before:
            User.objects.filter(pk=user.pk).update(**wanted)
            after = {name: wanted[name] for name in before}
            record_own(user, "change_settings", now, before, after)
    user.refresh_from_db(fields=list(wanted))
    return user


def password_changed(*, user: User, now: datetime) -> None:
    """Note that the person has chosen a password, so a generated one is no longer in use."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        record_own(user, "change_password", now, {}, {})
    user.must_change_password = False


def _settings_of(user: User) -> dict[str, object]:
    names = ("first_name", "last_name", "time_zone", "single_key_shortcuts", "alt_shortcuts", "mail_notices")
    return {name: getattr(user, name) for name in names}


def record_own(user: User, verb: str, now: datetime, before: dict[str, object], after: dict[str, object]) -> None:
    """Record what a person did to his own settings."""
    record_change(
        at=now,
        actor=user,
        door=Change.Door.PAGE,
        verb=verb,
        object_type="user",
        object_id=user.pk,
        before=before,
        after=after,
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
