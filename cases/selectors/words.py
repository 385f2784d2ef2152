"""The record of a case in words: each entry as the rest of a sentence that begins with who did it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.models import Change
from alerts.models import Severity
from cases.models import Outcome, Phase, Status
from cases.selectors.shapes import FieldChange
from cases.workflow import CHANGE, CLOSE, JOIN, LEAVE, OPEN, REOPEN, TASK_ADD, TASK_CHANGE

People = Mapping[int, str]
LABELS = {
    "title": "Title",
    "summary": "Summary",
    "severity": "Severity",
    "status": "Status",
    "phase": "Phase",
    "owner_id": "Owner",
    "next_step": "Next step",
    "due_at": "Due",
    "hold_reason": "Waits for",
    "wake_at": "Look again",
    "tags": "Tags",
    "text": "Text",
}
_TASK_FIELDS = ("text", "owner_id", "due_at")
_STATES = {"done": "finished the task", "dropped": "marked the task as not needed", "open": "opened the task again"}
_LONG = frozenset({"summary"})


def words_of(change: Change, people: People) -> str:
    """What was done, such as "moved the case from Contain to Investigate"."""
    told = _VERBS.get(change.verb)
    return told(change, people) if told else "changed the case"


def changes_told(change: Change, people: People) -> tuple[FieldChange, ...]:
    """Each changed field with what it was and is, in words; only of acts that change fields by name."""
    names = {CHANGE: tuple(name for name in LABELS if name != "text"), TASK_CHANGE: _TASK_FIELDS}.get(change.verb, ())
    return tuple(
        FieldChange(name, LABELS[name], _told(name, before, people), _told(name, after, people))
        for name in names
        if (before := change.before.get(name)) != (after := change.after.get(name))
    )


def number_of_alerts(number: int) -> str:
    """ "1 alert", "3 alerts"."""
    return "1 alert" if number == 1 else f"{number:,} alerts"


def _opened(change: Change, _people: People) -> str:
    added = change.after.get("added") or []
    return f"opened the case with {number_of_alerts(len(added))}" if added else "opened the case"


def _joined(change: Change, _people: People) -> str:
    return f"added {number_of_alerts(len(change.after.get('added') or []))}"


def _left(change: Change, _people: People) -> str:
    removed = change.after.get("removed") or []
    return f"took AL-{removed[0]} out" if len(removed) == 1 else f"took {number_of_alerts(len(removed))} out"


def _closed(change: Change, _people: People) -> str:
    outcome = dict(Outcome.choices).get(change.after.get("outcome", ""), "unknown").lower()
    closed = change.after.get("closed_alerts") or []
    return f"closed the case as {outcome}" + (f" and {number_of_alerts(len(closed))} with it" if closed else "")


def _reopened(change: Change, _people: People) -> str:
    return "took back that the case was closed" if change.after.get("undo") else "reopened the case"


def _changed(change: Change, people: People) -> str:
    told = changes_told(change, people)
    by_name = {one.field: one for one in told}
    if "status" in by_name:
        began = (change.before.get("status"), change.after.get("status")) == (Status.OPEN, Status.IN_PROGRESS)
        started = began and len(told) > 1
        if not started:
            return _status(change)
        told = tuple(one for one in told if one.field != "status")
    if len(told) == 1:
        return _one(told[0])
    return f"changed {_listed([one.label.lower() for one in told])}"


def _status(change: Change) -> str:
    status = change.after.get("status")
    if status == Status.ON_HOLD:
        return "put the case on hold"
    if change.before.get("status") == Status.ON_HOLD:
        return "took the case off hold"
    return f"set the case to {dict(Status.choices).get(str(status), '').lower()}"


def _one(change: FieldChange) -> str:
    if change.field == "phase":
        return f"moved the case from {change.old} to {change.new}"
    if change.field == "owner_id":
        return f"gave the case to {change.new}" if change.new else "took the owner off"
    if change.field == "severity":
        return f"changed the severity from {change.old} to {change.new}"
    if change.field == "due_at":
        return f"set the due date to {change.new}" if change.new else "took the due date off"
    return f"changed the {change.label.lower()}"


def _task_added(change: Change, _people: People) -> str:
    return "took a response step as task" if change.after.get("origin") else "added the task"


def _task_changed(change: Change, people: People) -> str:
    if change.before.get("state") != change.after.get("state"):
        return _STATES.get(str(change.after.get("state")), "changed the task")
    told = changes_told(change, people)
    if len(told) == 1 and told[0].field == "owner_id":
        return f"gave the task to {told[0].new}" if told[0].new else "took the owner off the task"
    return "changed the task"


_VERBS: Mapping[str, Callable[[Change, People], str]] = {
    OPEN: _opened,
    CHANGE: _changed,
    JOIN: _joined,
    LEAVE: _left,
    CLOSE: _closed,
    REOPEN: _reopened,
    TASK_ADD: _task_added,
    TASK_CHANGE: _task_changed,
}


def _told(name: str, value: Any, people: People) -> str:
    if value is None or value == "":
        return ""
    if name == "owner_id":
        return people.get(int(value), "somebody who left")
    if name in ("due_at", "wake_at"):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if name == "tags":
        return ", ".join(value)
    if name in _LONG:
        return value if len(value) <= 300 else f"{value[:299]}…"
    return _CHOICES.get(name, {}).get(value, str(value))


_CHOICES: Mapping[str, Mapping[Any, str]] = {
    "severity": {number: str(label) for number, label in Severity.choices},
    "status": {value: str(label) for value, label in Status.choices},
    "phase": {value: str(label) for value, label in Phase.choices},
}


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return words[0] if words else "the case"
    return f"{', '.join(words[:-1])} and {words[-1]}"
