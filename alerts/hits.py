"""What travels from judging to raising: a rule, the events it let through, and what its type found in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import Document
from events.store import StoredEvent
from rules.ruleset import ActiveRule


@dataclass(frozen=True, slots=True)
class Judged:
    """An event under judgement, its document decoded at most once for all rules."""

    event: StoredEvent
    document: Document
    demo: bool


@dataclass(frozen=True, slots=True)
class Member:
    """An event that an alert rests on beside its source, by its place: `step 2`, `event`, `indicator`."""

    role: str
    judged: Judged


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining found: the events in order and what they share.

    `kind` is the alert's (alerts.models.Kind). `identity` (16 bytes or fewer, of the plan: join key and completing
    event, group, indicator's event) sets the alert apart from others of the rule; `facts` is what its page shows
    (alerts/facts.py). `members` are the events kept as evidence, in order; for a sequence all of its events.
    """

    kind: str
    identity: bytes
    facts: dict[str, Any]
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that a rule let through and no exception took out; of joined events the one that completed them."""

    rule: ActiveRule
    event: StoredEvent
    document: Document
    demo: bool = False
    terms: tuple[str, ...] | None = None
    terms_hash: bytes | None = None
    history_start: datetime | None = None
    learning: bool = False
    joined: Joined | None = None
    row: Mapping[str, Any] | None = None
    """What a pipeline says beside the event: columns as JSON values by name, without nulls."""


@dataclass(frozen=True, slots=True)
class Excepted:
    """An event that a rule let through and an exception took out."""

    rule: ActiveRule
    event: StoredEvent
    item_id: int
