"""What the API-key page shows, as plain values."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.audit import Entry, entries_of
from accounts.forms import NewKeyForm
from accounts.models import ApiKey, User
from accounts.scopes import in_words
from accounts.selectors import changes_of, keys_seen_by, teams_of

EXPIRES_SOON = timedelta(days=14)
STOPPED_AFTER = timedelta(hours=24)
_MOST_KEYS = 500  # revoked ones, the oldest first, are what falls off the page


@dataclass(frozen=True, slots=True)
class KeyState:
    """Shape and words of a key's state; `tone` names the CSS class."""

    tone: str
    icon: str
    words: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One line of the table."""

    key: ApiKey
    state: KeyState
    usable: bool
    may: str
    replaceable: bool


@dataclass(frozen=True, slots=True)
class KeysPage:
    """The page: the key just made (if any), the table, the form, and what happened lately."""

    rows: list[KeyRow]
    form: NewKeyForm
    lately: list[Entry]
    made: ApiKey | None
    presented: str

    @property
    def made_may(self) -> str:
        """What the key that was just made may do."""
        return in_words(self.made.scopes) if self.made else ""

    @property
    def in_use(self) -> int:
        """How many keys still let an agent in."""
        return sum(row.usable for row in self.rows)


def keys_page(
    *, user: User, form: NewKeyForm, now: datetime, made: ApiKey | None = None, presented: str = ""
) -> KeysPage:
    """Everything the page shows. Costs four queries, whatever the number of keys."""
    rows = [_row(key, user, now) for key in keys_seen_by(user)[:_MOST_KEYS]]
    return KeysPage(rows, form, entries_of(changes_of("api_key", teams_of(user))), made, presented)


def _row(key: ApiKey, user: User, now: datetime) -> KeyRow:
    usable = is_usable(key, now)
    own = key.acts_for_id in (None, user.pk)
    return KeyRow(key, state_of(key, now), usable, in_words(key.scopes), usable and own and key.replaced_by_id is None)


def is_usable(key: ApiKey, now: datetime) -> bool:
    """Whether an agent that presents the key gets in."""
    lives = key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
    return lives and (key.acts_for is None or key.acts_for.is_active)


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """The one thing that is worth knowing about a key, most urgent first."""
    if key.revoked_at is not None:
        return KeyState("off", "minus", "Revoked")
    if key.acts_for is not None and not key.acts_for.is_active:
        return KeyState("off", "minus", "Its person is deactivated")
    if key.replaced_by_id is not None and key.expires_at is not None and key.expires_at > now:
        return KeyState("noisy", "time", f"Replaced, works {_days(key.expires_at - now)} more")
    if key.expires_at is not None and key.expires_at <= now:
        return KeyState("failing", "fail", "Expired")
    if key.expires_at is not None and key.expires_at - now < EXPIRES_SOON:
        return KeyState("noisy", "time", f"Expires in {_days(key.expires_at - now)}")
    if key.last_used_at is None:
        return KeyState("silent", "silent", "Never used")
    if now - key.last_used_at > STOPPED_AFTER:
        return KeyState("silent", "nodata", f"Stopped {_days(now - key.last_used_at)} ago")
    if key.expires_at is None:
        return KeyState("noisy", "warn", "No expiry")
    return KeyState("fine", "check", "In use")


def _days(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    days = round(hours / 24)
    return f"{days} day{'' if days == 1 else 's'}" if hours >= 24 else f"{hours} h"
