"""API keys of agents: made, presented, checked and revoked here.

A key is `base64(id:secret)`; the secret is 256 random bits, of which only the SHA-256 is stored. The secret is random,
so a plain hash is as good as a slow one, and checking costs one look-up by primary key.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.access import need
from accounts.errors import KeyRefused, NotYourTeam
from accounts.models import ApiKey, Change, Team, User
from accounts.record import record_change
from accounts.roles import Permission
from accounts.selectors import teams_of

_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 16
_LONGEST_HEADER = 256
_TOUCH_EVERY = timedelta(minutes=1)


def create_key(
    *,
    name: str,
    team: Team,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
    demo: bool = False,
    events_per_second: int = 20_000,
    door: Change.Door = Change.Door.SYSTEM,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is what the agent presents, and nobody can ever show it again.

    Raises: NotAllowed, NotYourTeam.
    """
    if actor is not None:
        need_key_management(actor, team)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            id="".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)),
            name=name,
            team=team,
            secret_sha256=_digest(secret),
            events_per_second=events_per_second,
            demo=demo,
            created_by=actor,
            created_at=now,
            expires_at=expires_at,
        )
        after = {"name": name, "expires_at": expires_at.isoformat() if expires_at else None}
        _record(key, "create", actor, now, door, after)
    return key, base64.b64encode(f"{key.id}:{secret}".encode()).decode()


def revoke_key(*, key: ApiKey, actor: User | None, now: datetime, door: Change.Door = Change.Door.SYSTEM) -> ApiKey:
    """Stop a key for good. A second time changes nothing and records nothing. Raises: NotAllowed, NotYourTeam."""
    if actor is not None:
        need_key_management(actor, key.team)
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            _record(key, "revoke", actor, now, door, {"name": key.name})
    key.refresh_from_db(fields=["revoked_at"])
    return key


def authenticate_key(header: str | None, now: datetime) -> ApiKey:
    """The key that an `Authorization` header presents. Costs one query; the same answer for a wrong id and secret.

    Raises: KeyRefused.
    """
    key_id, secret = _parse(header)
    key = ApiKey.objects.select_related("team").filter(pk=key_id).first()
    if not hmac.compare_digest(bytes(key.secret_sha256) if key else bytes(32), _digest(secret)) or key is None:
        raise KeyRefused("unknown")
    if key.revoked_at is not None:
        raise KeyRefused("revoked")
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyRefused("expired")
    return key


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
        raise NotYourTeam(f"You are not in the team {team.name}.")


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
    key: ApiKey, verb: str, actor: User | None, now: datetime, door: Change.Door, after: dict[str, str | None]
) -> None:
    record_change(
        at=now, actor=actor, door=door, verb=verb, object_type="api_key", object_id=key.pk, after=after, team=key.team
    )
