"""What travels from judging to raising: a rule, an event it let through, and for new terms what was new."""

from dataclasses import dataclass
from datetime import datetime

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
class Hit:
    """An event that a rule let through and no exception took out."""

    rule: ActiveRule
    event: StoredEvent
    document: Document
    demo: bool = False
    terms: tuple[str, ...] | None = None
    terms_hash: bytes | None = None
    history_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Excepted:
    """An event that a rule let through and an exception took out."""

    rule: ActiveRule
    event: StoredEvent
    item_id: int
