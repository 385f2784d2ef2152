"""What administrators decide about a person, as the record keeps it, and whether a form still shows it as it is."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from accounts.errors import PersonChanged
from accounts.models import Change, User
from soc.web import when

OBJECT_TYPE = "user"
_DECIDED = ("first_name", "last_name", "email", "role", "teams")
_LATELY = 50  # entries of the record to look through for who was faster


def state_of(user: User) -> dict[str, Any]:
    """All that administrators decide about a person, for the record. Costs one query."""
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "role": str(user.role),
        "teams": sorted(user.teams.values_list("slug", flat=True)),
        "active": user.is_active,
        "must_change_password": user.must_change_password,
    }


def digest_of(user: User) -> str:
    """What a form sends along to say which state of the person it showed. Costs one query."""
    return _digest(state_of(user))


def need_unchanged(user: User, seen: str | None) -> None:
    """Refuse a form that showed another state than the stored one; None asks for nothing.

    The caller holds the person's row. Raises: PersonChanged.
    """
    state = state_of(user)
    if seen is not None and seen != _digest(state):
        raise PersonChanged(f"{_who_was_faster(user)} Nothing is saved. Look at what you typed, then save it again.")


def _digest(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps([state[name] for name in _DECIDED])).hexdigest()[:32]


def _who_was_faster(user: User) -> str:
    """ "Adam changed this account at …: role was admin, is viewer now." by the newest entry that tells of it."""
    entries = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(user.pk)).order_by("-at", "-pk")[:_LATELY]
    for entry in entries:
        told = [
            f"{name.replace('_', ' ')} was {_text(entry.before[name])}, is {_text(entry.after.get(name))} now"
            for name in _DECIDED
            if name in entry.before and entry.before[name] != entry.after.get(name)
        ]
        if told:
            return f"{entry.actor_name} changed this account on {when.exact(entry.at)}: {'; '.join(told)}."
    return "This account was changed since this page was made."


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) and value else str(value or "empty")
