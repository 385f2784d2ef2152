"""What an act on all that match may do: each verb does it to a portion, under the act's group in the record.

Packages above register verbs of their own (cases/apps.py: into a case), since alerts may not know them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from accounts.access import may, need
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import duplicates, notes, snoozing, triage
from alerts.errors import AssigneeRefused
from alerts.models import Alert, BulkAct, Reason, Status


@dataclass(frozen=True, slots=True)
class Portion:
    """Alerts that are locked, as the person knows them (unless the verb moves none), and of teams that he is in;
    `reach` are all of these teams.
    """

    alerts: Sequence[Alert]
    actor: User
    now: datetime
    group: UUID
    reach: Sequence[int]

    @property
    def common(self) -> dict[str, Any]:
        """What every service of ours is given."""
        teams = sorted({alert.team_id for alert in self.alerts})
        return {"actor": self.actor, "now": self.now, "group": self.group, "team_ids": teams}


# Does the verb to a portion and returns the numbers of what it changed. Raises: AlertError, NotAllowed.
Do = Callable[[Portion, dict[str, Any]], list[int]]


class Next(NamedTuple):
    """The numbers of the alerts whose turn it is, up to which number was looked, and whether that was the end."""

    numbers: list[int]
    last: int
    ended: bool


# Says which alerts come next, of at most so many that are looked at, where filters cannot. Raises: AlertError.
Find = Callable[[BulkAct, User, int], Next]


class TakeBack(Protocol):
    """Takes back what an act has left elsewhere than in the alerts; `undo` is its group. Raises: AlertError."""

    def __call__(self, act: BulkAct, *, actor: User, now: datetime, team_ids: Sequence[int], undo: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class Verb:
    """`permission` is asked for at every portion. What `moves` alerts passes over those that moved on since the list
    was drawn; what does not is never too late.
    """

    do: Do
    permission: Permission = Permission.TRIAGE
    undo: TakeBack | None = None
    find: Find | None = None
    moves: bool = True


VERBS: dict[str, Verb] = {}
NOTE = "note"


def register(name: str, verb: Verb) -> None:
    """Let acts on all that match do this too."""
    VERBS[name] = verb


def check(name: str, arguments: dict[str, Any], actor: User) -> None:
    """Whether the person may begin such an act.

    Raises: NotAllowed, ReasonNeeded, NoteNeeded, FaultRefused, TextRefused, AssigneeRefused, AlertNotFound.
    """
    need(actor, VERBS[name].permission)
    if name == "close":
        triage.checked_reason(arguments["reason"], arguments.get("note", ""), arguments.get("fault", ""))
        if (original := _original(arguments)) is not None:
            duplicates.checked_original(original, teams_of(actor))
    if name == "assign":
        _owner(arguments)
    if name == NOTE:
        notes.checked_note(arguments["text"])


def _status(status: Status) -> Do:
    def do(portion: Portion, _: dict[str, Any]) -> list[int]:
        numbers = [alert.pk for alert in portion.alerts]
        return triage.set_status(alert_ids=numbers, status=status, **portion.common).changed

    return do


def _close(portion: Portion, arguments: dict[str, Any]) -> list[int]:
    """As duplicates all but the original, and what that is a duplicate of in its turn."""
    original = _original(arguments)
    passed = set() if original is None else set(duplicates.chain_of(original))
    numbers = [alert.pk for alert in portion.alerts if alert.pk not in passed]
    if not numbers:
        return []
    told = {name: arguments.get(name, "") for name in ("reason", "fault", "note")}
    by = portion.common | {"team_ids": portion.reach}
    closed = triage.set_status(alert_ids=numbers, status=Status.CLOSED, duplicate_of=original, **told, **by)
    return closed.changed


def _original(arguments: dict[str, Any]) -> int | None:
    return arguments.get("duplicate_of") if arguments.get("reason") == Reason.DUPLICATE else None


def _assign(portion: Portion, arguments: dict[str, Any]) -> list[int]:
    """To who is in the alert's team; alerts of other teams are passed over."""
    owner = _owner(arguments)
    anywhere = owner is None or may(owner, Permission.MANAGE_USERS)
    teams = set() if owner is None else set(owner.teams.values_list("pk", flat=True))
    numbers = [alert.pk for alert in portion.alerts if anywhere or alert.team_id in teams]
    return triage.assign(alert_ids=numbers, assignee=owner, **portion.common).changed if numbers else []


def _owner(arguments: dict[str, Any]) -> User | None:
    if arguments.get("assignee") is None:
        return None
    owner = User.objects.filter(pk=arguments["assignee"], is_active=True).first()
    if owner is None or not may(owner, Permission.TRIAGE):
        raise AssigneeRefused("That person cannot work on alerts.")
    return owner


def _snooze(portion: Portion, arguments: dict[str, Any]) -> list[int]:
    until, recurs = datetime.fromisoformat(arguments["until"]), arguments.get("recurs")
    numbers = [alert.pk for alert in portion.alerts]
    return snoozing.snooze(alert_ids=numbers, until=until, recurs=recurs, **portion.common).changed


def _wake(portion: Portion, _: dict[str, Any]) -> list[int]:
    return snoozing.wake(alert_ids=[alert.pk for alert in portion.alerts], **portion.common).changed


def _note(portion: Portion, arguments: dict[str, Any]) -> list[int]:
    numbers = [alert.pk for alert in portion.alerts]
    return notes.note_all(alert_ids=numbers, text=arguments["text"], **portion.common).changed


register("close", Verb(_close))
register("acknowledge", Verb(_status(Status.ACKNOWLEDGED)))
register("reopen", Verb(_status(Status.OPEN)))
register("assign", Verb(_assign))
register("snooze", Verb(_snooze))
register("wake", Verb(_wake))
register(NOTE, Verb(_note, moves=False))
