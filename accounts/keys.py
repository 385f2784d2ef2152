"""API keys of agents and clients: made, presented, checked, replaced and revoked here.

A key that may do more than send events acts for a person, always for who makes it (accounts/scopes.py).
A key is `base64(id:secret)`; the secret is 256 random bits, of which only the SHA-256 is stored. The secret is random,
so a plain hash is as good as a slow one, and checking costs one look-up by primary key.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import string
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from accounts.access import need
from accounts.errors import KeyNotReplaced, KeyRefused, NotAllowed, NotYourTeam, PersonRefused, ScopesRefused
from accounts.models import ApiKey, Change, Team, User
from accounts.record import record_change
from accounts.roles import Permission
from accounts.scopes import Scope, in_order, needs_person
from accounts.selectors import teams_of

_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 16
_LONGEST_HEADER = 256
_TOUCH_EVERY = timedelta(minutes=1)
OVERLAP = timedelta(hours=24)  # how long a replaced key still works


def create_key(
    *,
    name: str,
    team: Team,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
    demo: bool = False,
    events_per_second: int = 20_000,
    scopes: Iterable[str] = (Scope.EVENTS_WRITE,),
    acts_for: User | None = None,
    through: ApiKey | None = None,
    door: Change.Door = Change.Door.SYSTEM,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is what the agent presents, and nobody can ever show it again.

    A key with scopes beyond sending events acts for `acts_for`: the actor himself, or whoever the machine's own
    administrator names at the command line. `through` is the key that asks over the API; it makes none stronger.

    Raises: NotAllowed, NotYourTeam, PersonRefused, ScopesRefused.
    """
    if actor is not None:
        need_key_management(actor, team)
    wanted = _known(scopes)
    _need_no_more_than(through, wanted, team)
    _need_no_longer_than(through, expires_at)
    key = ApiKey(
        name=name,
        team=team,
        events_per_second=events_per_second,
        demo=demo,
        scopes=wanted,
        acts_for=_person_of(wanted, actor, acts_for),
        created_by=actor,
        created_at=now,
        expires_at=expires_at,
    )
    with transaction.atomic():
        presented = _store(key)
        _record(key, "create", actor, now, door, after=_whole(key))
    return key, presented


def replace_key(
    *,
    key: ApiKey,
    actor: User | None,
    now: datetime,
    overlap: timedelta = OVERLAP,
    through: ApiKey | None = None,
    door: Change.Door = Change.Door.SYSTEM,
) -> tuple[ApiKey, str]:
    """A new key that may what the old one may; the old one works until `overlap` has passed, so that nothing stops.

    It works for as long as the old one was made for, but when a key asks no longer than that key. Who replaces a key
    that acts for a person learns a secret that acts for that person, so only the person can.

    Raises: NotAllowed, NotYourTeam, KeyNotReplaced.
    """
    if actor is not None:
        need_key_management(actor, key.team)
    with transaction.atomic():
        old = ApiKey.objects.select_for_update(of=("self",)).select_related("team", "acts_for").get(pk=key.pk)
        _need_replaceable(old, actor, now)
        _need_no_more_than(through, old.scopes, old.team)
        _need_no_longer_than(through, old.expires_at)
        new = _successor(old, actor, now, through)
        presented = _store(new)
        _end_soon(old, new, actor, now, overlap, door)
    key.refresh_from_db(fields=["expires_at", "replaced_by"])
    return new, presented


def revoke_key(*, key: ApiKey, actor: User | None, now: datetime, door: Change.Door = Change.Door.SYSTEM) -> ApiKey:
    """Stop a key for good. A second time changes nothing and records nothing. Raises: NotAllowed, NotYourTeam."""
    if actor is not None:
        need_key_management(actor, key.team)
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            after = {"name": key.name, "revoked_at": now.isoformat()}
            _record(key, "revoke", actor, now, door, before={"revoked_at": None}, after=after)
    key.refresh_from_db(fields=["revoked_at"])
    return key


def authenticate_key(header: str | None, now: datetime) -> ApiKey:
    """The key that an `Authorization` header presents. Costs one query; the same answer for a wrong id and secret.

    Raises: KeyRefused.
    """
    key_id, secret = _parse(header)
    key = ApiKey.objects.select_related("team", "acts_for").filter(pk=key_id).first()
    if not hmac.compare_digest(bytes(key.secret_sha256) if key else bytes(32), _digest(secret)) or key is None:
        raise KeyRefused("unknown")
    if key.revoked_at is not None:
        raise KeyRefused("revoked")
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyRefused("expired")
    if key.acts_for is not None and not key.acts_for.is_active:
        raise KeyRefused("person")
    return key


def need_scope(key: ApiKey, scope: Scope) -> None:
    """Only a key that was made for it. Raises: KeyRefused."""
    if scope not in key.scopes:
        raise KeyRefused("scope")


def touch_key(key: ApiKey, now: datetime) -> None:
    """Note that the key was used, at most once a minute, so that a busy agent does not rewrite one row all day."""
    if key.last_used_at is not None and key.last_used_at > now - _TOUCH_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - _TOUCH_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    key.last_used_at = now


def need_key_management(actor: User, team: Team) -> None:
    """Only who manages keys, and only in his own teams. Raises: NotAllowed, NotYourTeam."""
    need(actor, Permission.MANAGE_KEYS)
    if team.pk not in teams_of(actor):
        raise NotYourTeam(f"You are not in the team {team}.")


def _known(scopes: Iterable[str]) -> list[str]:
    try:
        wanted = in_order(scopes)
    except ValueError:
        raise ScopesRefused("There is no such scope.", "scopes") from None
    if not wanted:
        raise ScopesRefused("Choose what the key may do.", "scopes")
    return wanted


def _person_of(scopes: list[str], actor: User | None, acts_for: User | None) -> User | None:
    """Whom a key with these scopes acts for: nobody, if it only sends events."""
    if not needs_person(scopes):
        return None
    person = acts_for or actor
    if person is None or not person.is_active:
        raise PersonRefused("A key that may do more than send events acts for an active person. Name one.", "acts_for")
    if actor is not None and actor.pk != person.pk:
        raise NotAllowed("Nobody makes a key that acts for somebody else.")
    return person


def _need_no_more_than(through: ApiKey | None, scopes: Iterable[str], team: Team) -> None:
    if through is None:
        return
    if through.team_id != team.pk:
        raise NotYourTeam(f"This key does not serve the team {team}.")
    if not set(scopes) <= set(through.scopes):
        raise NotAllowed("A key cannot make one that may more than itself.")


def _need_no_longer_than(through: ApiKey | None, expires_at: datetime | None) -> None:
    """What a key makes ends with it, so that who finds a key cannot keep what it opens beyond its end."""
    if through is None or through.expires_at is None:
        return
    if expires_at is None or expires_at > through.expires_at:
        latest = through.expires_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        raise NotAllowed(f"A key cannot make one that works longer than itself, which is until {latest}.")


def _need_replaceable(old: ApiKey, actor: User | None, now: datetime) -> None:
    if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
        raise KeyNotReplaced(f"{old.name} does not work any more. Make a new key instead.")
    if old.replaced_by_id is not None:
        raise KeyNotReplaced(f"{old.name} was replaced already. Replace the newer one, or make a new key.")
    if old.acts_for is not None and (actor is None or actor.pk != old.acts_for_id):
        raise KeyNotReplaced(f"{old.name} acts for {old.acts_for}, so nobody else can replace it. Revoke it instead.")


def _successor(old: ApiKey, actor: User | None, now: datetime, through: ApiKey | None) -> ApiKey:
    until = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    ends = [moment for moment in (until, through.expires_at if through else None) if moment is not None]
    return ApiKey(
        name=old.name,
        team=old.team,
        events_per_second=old.events_per_second,
        demo=old.demo,
        scopes=list(old.scopes),
        acts_for=old.acts_for,
        created_by=actor,
        created_at=now,
        expires_at=min(ends, default=None),
    )


def _end_soon(
    old: ApiKey, new: ApiKey, actor: User | None, now: datetime, overlap: timedelta, door: Change.Door
) -> None:
    group, before = uuid4(), {"expires_at": _iso(old.expires_at), "replaced_by": None}
    old.expires_at = min(filter(None, (old.expires_at, now + overlap)))
    old.replaced_by = new
    old.save(update_fields=["expires_at", "replaced_by"])
    after = {"name": old.name, "expires_at": _iso(old.expires_at), "replaced_by": new.pk}
    _record(new, "create", actor, now, door, after=_whole(new) | {"replaces": old.pk}, group=group)
    _record(old, "replace", actor, now, door, before=before, after=after, group=group)


def _store(key: ApiKey) -> str:
    """Give the key its id and its secret, store it, and tell what an agent presents."""
    secret = secrets.token_urlsafe(32)
    key.id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
    key.secret_sha256 = _digest(secret)
    key.save(force_insert=True)
    return base64.b64encode(f"{key.id}:{secret}".encode()).decode()


def _whole(key: ApiKey) -> dict[str, Any]:
    """All that a key is, save its secret, for the record."""
    return {
        "name": key.name,
        "team": key.team.slug,
        "scopes": list(key.scopes),
        "acts_for": key.acts_for.username if key.acts_for else None,
        "expires_at": _iso(key.expires_at),
        "events_per_second": key.events_per_second,
        "demo": key.demo,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _parse(header: str | None) -> tuple[str, str]:
    if not header:
        raise KeyRefused("missing")
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "apikey" or len(header) > _LONGEST_HEADER:
        raise KeyRefused("malformed")
    try:
        key_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        raise KeyRefused("malformed") from None
    if not colon or not key_id.isalnum() or not secret:
        raise KeyRefused("malformed")
    return key_id, secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _record(
    key: ApiKey,
    verb: str,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
    group: UUID | None = None,
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type="api_key",
        object_id=key.pk,
        before=before,
        after=after,
        team=key.team,
        group=group,
    )
