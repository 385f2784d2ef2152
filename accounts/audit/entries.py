"""Entries of the record as the page shows them: a sentence, a link to the thing, and what is different now."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.urls import NoReverseMatch, reverse

from accounts.audit import words
from accounts.models import Change, Team, User
from soc.web import when
from soc.web.evidence import plain

# Pages of things, by their URL's name; a page that is not installed is left out. None: the page takes no number.
PAGES: Mapping[str, tuple[str, str | None]] = {
    "alert": ("alerts:detail", "alert_id"),
    "case": ("cases:detail", "case_id"),
    "rule": ("rules:detail", "rule_id"),
    "exception": ("alerts:exception_edit", "item_id"),
    "exception_draft": ("alerts:exceptions", None),
    "draft": ("alerts:exceptions", None),
    "target": ("alerts:targets", None),
    "user": ("accounts:user", "user_id"),
    "team": ("accounts:team", "team_id"),
    "policy": ("accounts:roles", None),
    "api_key": ("accounts:keys", None),
    "dead_letter": ("events:dead_letters", None),
    "replay": ("events:dead_letters", None),
    "shared list": ("alerts:shared_list", "list_id"),
    "value list": ("lists:show", "list_id"),
}
_NOTHING = "–"
_HIDDEN = "not shown"
_SECRET = ("secret", "password", "token", "hash", "otp", "seed")  # none is ever recorded; should one be, it stays here
_PEOPLE = {"assignee_id", "owner_id", "acts_for_id", "author_id"}
_TEAMS = {"team_id"}
_SILENT = {"version"}
_LONGEST = 2000
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?([+-]\d{2}:\d{2}|Z)")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `{who} {did} {the kind} {name}`."""

    change: Change
    who: str
    did: str
    kind: str
    name: str
    url: str
    differences: list[Difference]

    @property
    def sentence(self) -> str:
        """The line as text, for the export."""
        kind = f"the {self.kind}" if self.kind else ""
        return " ".join(part for part in (self.who, self.did, kind, self.name) if part)


class Seen:
    """Names for the numbers of people and teams that entries hold. Two queries a page at most."""

    def __init__(self, changes: Iterable[Change]) -> None:
        people, teams = set(), set()
        for change in changes:
            for values in (change.before, change.after):
                people |= {values[key] for key in _PEOPLE & values.keys() if isinstance(values[key], int)}
                teams |= {values[key] for key in _TEAMS & values.keys() if isinstance(values[key], int)}
        self.people = {user.pk: str(user) for user in User.objects.filter(pk__in=people)} if people else {}
        self.teams = {team.pk: str(team) for team in Team.objects.filter(pk__in=teams)} if teams else {}

    def text(self, key: str, value: Any) -> str:
        """A value as a person reads it, and nothing that looks like a secret."""
        if key in _PEOPLE and value in self.people:
            return self.people[value]
        if key in _TEAMS and value in self.teams:
            return self.teams[value]
        return _text(self.safe(key, value))

    def safe(self, key: str, value: Any) -> Any:
        """The value, unless its name says that nobody should read it."""
        hides = isinstance(value, str) and value and any(word in key.lower() for word in _SECRET)
        return _HIDDEN if hides else value


def entries_of(changes: Iterable[Change]) -> list[Entry]:
    """The entries of one page. Costs two queries at most."""
    listed = list(changes)
    seen = Seen(listed)
    return [entry_of(change, seen) for change in listed]


def entry_of(change: Change, seen: Seen) -> Entry:
    """One entry as it is shown."""
    name = words.name_of(change)
    return Entry(
        change=change,
        who=plain(change.actor_name),
        did=words.did(change.object_type, change.verb),
        kind=words.kind_of(change) if words.with_kind(change) or not name else "",
        name=name,
        url=url_of(change),
        differences=differences(change.before, change.after, seen),
    )


def url_of(change: Change) -> str:
    """Where the thing has its page; empty if it has none."""
    name, argument = PAGES.get(change.object_type, ("", None))
    if not name:
        return ""
    try:
        return reverse(name, kwargs={argument: _number(change.object_id)} if argument else None)
    except NoReverseMatch:
        return ""


def differences(before: Mapping[str, Any], after: Mapping[str, Any], seen: Seen) -> list[Difference]:
    """What is not as it was, in the order of the keys; all of it where something was made."""
    keys = [key for key in dict.fromkeys([*before, *after]) if key not in _SILENT and before.get(key) != after.get(key)]
    changed = keys if not before else [key for key in keys if key in before or key not in _NAMES]
    return [
        Difference(_spoken(key), seen.text(key, before.get(key)), seen.text(key, after.get(key))) for key in changed
    ]


_NAMES = {"name", "title", "username"}  # an entry may tell only now what the thing is called; that is no change


def _number(object_id: str) -> int | UUID | str:
    if object_id.isdecimal():
        return int(object_id)
    try:
        return UUID(object_id)
    except ValueError:
        return object_id


def _moment(value: str) -> str:
    try:
        return when.exact(datetime.fromisoformat(value))
    except ValueError:
        return value


def _spoken(key: str) -> str:
    return key.removesuffix("_id").replace("_", " ")


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return _moment(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value)[:_LONGEST]
    return (value if isinstance(value, str) else orjson.dumps(value).decode())[:_LONGEST]
