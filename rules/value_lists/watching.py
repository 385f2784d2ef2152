"""What packages above have to say when the values of a list change, since rules may not know alerts.

They say it inside the change's own transaction, after the new values are stored: whoever refuses, refuses the change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Change, User
from rules.models import ExceptionItem


@dataclass(frozen=True, slots=True)
class ValuesChange:
    """A list whose values changed: what came, what went, and what it held before. `override` is the person's reason to
    have it so even where a true positive is hidden then."""

    list_id: str
    version: int
    added: Sequence[str]
    removed: Sequence[str]
    before: Sequence[str]
    actor: User | None
    now: datetime
    door: Change.Door
    override: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change means: a note for its record, how many true positives are hidden now that were not, how many
    events that were held back are alerts now, and how many are still to be looked at again."""

    note: str = ""
    hides: int = 0
    alerts: int = 0
    waiting: int = 0


NOTHING = Effect()
Watcher = Callable[[ValuesChange], Effect]
"""Raises: RulesError, to refuse the change."""
Gate = Callable[[ExceptionItem], str]
"""Why an imported exception may not come into force by itself, now that the list it waited for is there; empty when it
may."""
_watchers: list[Watcher] = []
_gates: list[Gate] = []


def register(watcher: Watcher) -> None:
    """Let it have its say whenever values change."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def register_gate(gate: Gate) -> None:
    """Ask it before an imported exception comes into force."""
    if gate not in _gates:
        _gates.append(gate)


def why_not(item: ExceptionItem) -> str:
    """Why an exception with these entries stays off, as the first of the gates says; empty when it need not."""
    return next(filter(None, (gate(item) for gate in _gates)), "")


def effect_of(change: ValuesChange) -> Effect:
    """What the change means to all who watch, in its transaction. Raises: RulesError, when one refuses it."""
    told = [watcher(change) for watcher in _watchers]
    return Effect(
        " ".join(one.note for one in told if one.note),
        sum(one.hides for one in told),
        sum(one.alerts for one in told),
        sum(one.waiting for one in told),
    )
