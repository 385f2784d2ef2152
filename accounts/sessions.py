"""Sessions: what a person has open where, how long that lasts, and ending them.

A session lives SESSION_SECONDS at most and SESSION_IDLE_SECONDS without an act of the person. The marks for that lie
in the session itself and are written once a minute, so that a page costs no query more.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Literal

from allauth.core.internal.httpkit import HTTP_USER_AGENT_MAX_LENGTH, get_client_ip
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from soc.web.errors import AWAY

TOUCH_SECONDS = 60
BEGAN, SEEN = "began_at", "seen_at"
Ended = Literal["ended", "deactivated", "idle", "age"]
WHY: dict[Ended, str] = {
    "ended": "Your session was ended. Sign in, and carry on where you were.",
    "deactivated": "Your account was switched off. Ask your administrator.",
    "idle": "You were signed out because nothing had happened for a while.",
    "age": "You were signed out because your session had lasted its time.",
}


def reason(word: str) -> str:
    """The sentence for a reason that an address names; anything else has none."""
    return next((sentence for why, sentence in WHY.items() if why == word), "")


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One line of the list of sessions."""

    row: UserSession
    device: str
    current: bool


def begin(session: SessionBase, at: float) -> None:
    """Set the marks of a session that begins; `at` is Unix time, by this machine's clock like Django's own."""
    session[BEGAN] = session[SEEN] = at


def over(session: SessionBase, at: float) -> Ended | None:
    """Why the session is over, if it is."""
    if at - session.get(BEGAN, at) >= settings.SESSION_COOKIE_AGE:
        return "age"
    idle = settings.SESSION_IDLE_SECONDS
    return "idle" if idle and at - session.get(SEEN, at) >= idle else None


def is_due(session: SessionBase, at: float) -> bool:
    """Whether it is time to write down that the person is there."""
    return bool(at - session.get(SEEN, 0.0) >= TOUCH_SECONDS)


def touch(request: HttpRequest, user: User, at: float) -> None:
    """Write down that the person is there, from where and with what. Two statements, once a minute."""
    session = request.session
    session.setdefault(BEGAN, at)
    session[SEEN] = at
    if session.session_key:
        values = {
            "ip": get_client_ip(request) or "0.0.0.0",  # noqa: S104  (unknown: a local socket)
            "user_agent": request.META.get("HTTP_USER_AGENT", "")[:HTTP_USER_AGENT_MAX_LENGTH],
            "last_seen_at": timezone.now(),
        }
        UserSession.objects.update_or_create(session_key=session.session_key, defaults={"user": user, **values})


def sessions_of(user: User, current_key: str | None) -> list[OpenSession]:
    """What the person has open, this one first, then the latest. Two queries."""
    rows = UserSession.objects.filter(user=user).order_by("-last_seen_at")
    alive = set(
        Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    found = [OpenSession(row, device(row.user_agent), row.session_key == current_key) for row in rows]
    return sorted((one for one in found if one.row.session_key in alive), key=lambda one: not one.current)


def end_sessions(user: User, *, except_key: str | None = None) -> int:
    """End everything the person has open, but the session of `except_key`. Returns how many were ended.

    Reads every live session once (some 20 µs each), since Django keeps whose it is inside; sessions that allauth never
    saw are ended too. The browser learns the reason on its next request.
    """
    keys = {*UserSession.objects.filter(user=user).values_list("session_key", flat=True), *_keys_of(user)}
    keys.discard(except_key or "")
    for key in keys:
        _end(key, "ended" if user.is_active else "deactivated")
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def end_session(user: User, session_id: int) -> UserSession | None:
    """End one of the person's own; none if it is not there, or somebody else's."""
    row = UserSession.objects.filter(user=user, pk=session_id).first()
    if row is not None:
        _end(row.session_key, "ended")
        UserSession.objects.filter(pk=row.pk).delete()
    return row


def lasts_in_words(seconds: int) -> str:
    """How long a session lasts: "12 hours", "45 minutes"."""
    number, word = (seconds // 3600, "hour") if seconds >= 3600 else (seconds // 60, "minute")
    return f"{number} {word}{'' if number == 1 else 's'}" if seconds else ""


def why_ended(key: str) -> Ended | None:
    """Why the session that a browser still names is gone; none if nobody ended it, or the cache is away."""
    why: Ended | None = None
    with suppress(*AWAY):
        why = cache.get(_mark(key))
    return why


def forget_over(*, now: datetime) -> int:
    """Clear sessions that ran out of the tables. Returns how many; costs two statements."""
    number, _ = Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return number


def _keys_of(user: User) -> list[str]:
    rows = Session.objects.filter(expire_date__gt=timezone.now()).iterator(chunk_size=500)
    return [row.session_key for row in rows if row.get_decoded().get(SESSION_KEY) == str(user.pk)]


def _end(key: str, why: Ended) -> None:
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    store().delete(key)
    with suppress(*AWAY):  # the reason is a courtesy, the end is not
        cache.set(_mark(key), why, settings.SESSION_COOKIE_AGE)


def _mark(key: str) -> str:
    return f"session-ended:{hashlib.sha256(key.encode()).hexdigest()}"


def device(user_agent: str) -> str:
    """Browser and system in a few words, from what the browser says of itself (it may lie)."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return " on ".join(word for word in (browser, system) if word) or "Another program"


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
