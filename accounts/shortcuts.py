"""The keys that a person can replace by others: what each does, which may take its place, and which are the person's.

A key means the same wherever it works, so what takes its place does too. Kept are only the keys that differ, as
`{"j": "n"}`: n does what j did, and j does nothing unless it takes the place of another.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from accounts.models import User

KEYS: Mapping[str, str] = {
    "j": "Next alert; with Shift also select",
    "k": "Previous alert; with Shift also select",
    "o": "Open; close as other",
    "u": "Back to the queue",
    "*": "Select all on screen",
    "a": "Acknowledge, take it",
    "s": "Assign; owner of a case",
    "n": "Note; update of a case",
    "w": "Snooze; withdraw a draft",
    "c": "Close…",
    "t": "… as true positive; task of a case",
    "b": "… as benign positive; a stretch of the histogram",
    "f": "… as false positive",
    "d": "… as duplicate; height of rows",
    "x": "Exception",
    "e": "Add to a case",
    "p": "Phase of a case",
    "y": "Approve a draft",
    "r": "Return a draft",
    "z": "Undo the last act",
    ".": "Show new alerts",
    "h": "Histogram",
    "[": "Tab before",
    "]": "Tab after",
    "+": "Only this value",
    "-": "Without this value",
    "/": "Search on this page",
    "g": "Go to, then the letter of a place",
    "?": "List of shortcuts",
}
"""Keys by what they do. Arrows, the space bar, digits, Enter, Escape and what is pressed with Ctrl stay as they are."""


class KeysRefused(Exception):  # noqa: N818  (a refusal, named as one)
    """Keys that cannot be so: `problems` says for each why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("keys refused")
        self.problems = problems


def keymap_of(user: object) -> dict[str, str]:
    """The keys that the person has replaced; none of somebody who has not signed in."""
    kept = getattr(user, "keymap", None)
    return {key: own for key, own in kept.items() if key in KEYS} if isinstance(kept, dict) else {}


def own_key(user: object, key: str) -> str:
    """The key that does what this one does in the list of shortcuts."""
    return _own(keymap_of(user), key)


def hint_of(user: object, key: str) -> str:
    """How a hint names the key: the person's own, with Alt where that is in front of each; empty while keys are off."""
    if not getattr(user, "single_key_shortcuts", True):
        return ""
    own = own_key(user, key)
    return f"Alt+{own}" if getattr(user, "alt_shortcuts", False) else own


def own_of(pairs: str, key: str) -> str:
    """The same for who has replaced the keys that `pairs_of` tells."""
    return _own(dict(zip(pairs[::2], pairs[1::2], strict=True)), key)


def _own(keymap: Mapping[str, str], key: str) -> str:
    lower = key.lower()
    own = keymap.get(lower, lower)
    return own.upper() if key != lower else own


def pairs_of(user: object) -> str:
    """What the page's script reads: for each key that was replaced it, and then what took its place."""
    return "".join(f"{key}{own}" for key, own in keymap_of(user).items())


def save_keys(*, user: "User", keys: Mapping[str, str], now: datetime) -> None:
    """Keep the person's keys; `keys` has every key, or none to have them all as they were.

    Raises: KeysRefused.
    """
    from accounts.models import User
    from accounts.services import record_own

    wanted = checked(keys)
    with transaction.atomic():
        stored = User.objects.select_for_update().get(pk=user.pk)
        if stored.keymap != wanted:
            User.objects.filter(pk=user.pk).update(keymap=wanted)
            record_own(user, "change_settings", now, {"keymap": stored.keymap}, {"keymap": wanted})
    user.keymap = wanted


def checked(keys: Mapping[str, str]) -> dict[str, str]:
    """The keys that differ from the usual. Raises: KeysRefused."""
    own = {key: _typed(keys.get(key, ""), key) for key in KEYS}
    problems = {key: problem for key, typed in own.items() if (problem := _problem(key, typed, own))}
    if problems:
        raise KeysRefused(problems)
    return {key: typed for key, typed in own.items() if typed != key}


def _typed(text: str, usual: str) -> str:
    """What is empty is as usual; a capital letter is its key."""
    text = text.strip() or usual
    return text.lower() if len(text) == 1 and len(text.lower()) == 1 else text


def _problem(key: str, typed: str, own: Mapping[str, str]) -> str:
    if len(typed) != 1:
        return "One key, please."
    if not _may_stand_for(key, typed):
        return "A letter, please." if key.isalpha() else "A letter or a sign, please."
    same = [other for other, one in own.items() if one == typed and other != key]
    return f"{typed} is already: {KEYS[same[0]].lower()}." if same else ""


def _may_stand_for(key: str, typed: str) -> bool:
    """A letter's key has its Shift, which a sign's key has not; digits run searches, and the blank selects."""
    if typed.isalpha():
        return ord(typed) < 0x10000 and len(typed.upper()) == 1 and typed.upper() != typed
    return not key.isalpha() and typed.isascii() and typed.isprintable() and not typed.isspace() and not typed.isdigit()
