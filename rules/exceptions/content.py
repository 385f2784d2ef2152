"""What an exception says: entries in Kibana's schema (AND inside an item, OR between the items of a rule), why, and
for how long; whether that may be stored, and whether it can be in force.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Required, TypedDict, Unpack

import orjson

from engine import ExceptionEntryError, parse_entries
from rules.errors import ExceptionRefused
from rules.models import ExceptionItem
from rules.storable import is_storable
from rules.value_lists import lists_named, types_of, values_of

MAX_ENTRIES = 50
MAX_ENTRIES_BYTES = 100_000
MAX_NAME = 255
MAX_REASON = 2_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Dates of exceptions. Near the ends of the calendar one can be stored that cannot be read back."""

Entries = Sequence[Mapping[str, Any]]


class Said(TypedDict, total=False):
    """What a person says of an exception: what it covers, why, what it is called, and for how long."""

    entries: Required[Entries]
    reason: Required[str]
    name: Required[str]
    expires_at: datetime | None
    review_at: datetime | None


def check_content(*, now: datetime, **said: Unpack[Said]) -> dict[str, Any]:
    """What an exception would store, also for one that waits before it is saved.

    Raises: ExceptionEntryError for an entry, ExceptionRefused for the rest.
    """
    plain = [dict(entry) for entry in said["entries"]]
    expires_at, review_at = said.get("expires_at"), said.get("review_at")
    if not plain:
        raise ExceptionRefused("entries", "Add a condition: without any the exception would silence the whole rule.")
    if not all(map(is_storable, plain)):
        raise ExceptionRefused("entries", "A condition holds parts, text or numbers that cannot be kept.")
    if len(plain) > MAX_ENTRIES or len(orjson.dumps(plain)) > MAX_ENTRIES_BYTES:
        raise ExceptionRefused("entries", f"An exception holds up to {MAX_ENTRIES} conditions and 100 kB of values.")
    _check_lists(plain)
    parse_entries(plain, values_of)
    for key, moment in (("expires_at", expires_at), ("review_at", review_at)):
        if moment is not None and not is_near(moment):
            raise ExceptionRefused(key, f"Say a time between {EARLIEST.year} and {LATEST.year}.")
    if expires_at is not None and expires_at <= now:
        raise ExceptionRefused("expires_at", "The expiry lies in the past.")
    return {
        "entries": plain,
        "reason": _text("reason", said["reason"], MAX_REASON, "Say why, for whoever reviews this exception."),
        "name": _text("name", said["name"], MAX_NAME, "Give the exception a name."),
        "expires_at": expires_at,
        "review_at": review_at,
    }


def is_near(moment: datetime) -> bool:
    """Whether a date can be kept, and means something."""
    return EARLIEST <= moment <= LATEST


def check_enabling(items: Sequence[ExceptionItem], now: datetime | None) -> None:
    """Whether they can be in force: every list that they ask for is there and, with `now`, none has expired or could
    not be applied. One query where lists are asked for. Raises: ExceptionRefused.
    """
    for item in items if now is not None else ():
        if now is not None and item.expires_at is not None and item.expires_at <= now:
            raise ExceptionRefused("expires_at", "This exception has expired. Edit it and give it a later date.")
        if item.not_applied_because:
            raise ExceptionRefused("entries", f"{item.not_applied_because} Edit it so that it can be applied.")
    named = {list_id for item in items for list_id in lists_named(item.entries)}
    missing = named - types_of(named).keys() if named else ()
    for list_id in missing:
        raise ExceptionRefused("entries", f"It asks for the value list “{list_id[:60]}”, which is no longer there.")


def _check_lists(entries: list[dict[str, Any]]) -> None:
    """Let each entry that asks for a list say its type, as Kibana's do; a list that is missing is told by the parser.

    Raises: ExceptionEntryError for a type that is not the list's.
    """
    asking = [(at, entry) for at, entry in enumerate(entries) if isinstance(entry.get("list"), Mapping)]
    if not asking:
        return
    types = types_of(str(entry["list"].get("id")) for _, entry in asking)
    for at, entry in asking:
        kind, said = types.get(str(entry["list"].get("id"))), entry["list"].get("type")
        if kind is not None and said not in (None, "", kind):
            raise ExceptionEntryError(at, "list.type", f"is {kind}, not {str(said)[:20]}")
        if kind is not None:
            entry["list"] = {**entry["list"], "type": kind}


def _text(field: str, text: str, limit: int, when_empty: str) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise ExceptionRefused(field, when_empty)
    if len(text) > limit:
        raise ExceptionRefused(field, f"Keep it under {limit:,} characters.")
    return text
