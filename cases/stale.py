"""Who was first: the message of a 409."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Change
from cases.errors import StaleCase, StaleTask
from cases.models import Case, Task

_ACTS = {
    "open": "opened",
    "join": "added alerts to",
    "leave": "took an alert out of",
    "close": "closed",
    "reopen": "reopened",
}
_FIELDS = {
    "title": "the title",
    "summary": "the summary",
    "severity": "the severity",
    "status": "the status",
    "phase": "the phase",
    "owner_id": "the owner",
    "next_step": "the next step",
    "due_at": "the due date",
    "hold_reason": "the reason for waiting",
    "wake_at": "the date to look again",
    "tags": "the tags",
}


def stale(case: Case) -> StaleCase:
    """The error that says who changed the case last, how and when. One query."""
    last = (
        Change.objects.filter(object_type="case", object_id=str(case.pk), after__has_key="version")
        .exclude(verb__in=("wrote", "task_add", "task_change"))
        .order_by("-at", "-pk")
        .first()
    )
    if last is None:
        return StaleCase(case_id=case.pk, who="Somebody", what="changed", when=None)
    return StaleCase(case_id=case.pk, who=last.actor_name, what=what_was_done(last), when=last.at)


def stale_task(task: Task) -> StaleTask:
    """The error that says who changed the task last, how and when. One query."""
    last = (
        Change.objects.filter(object_type="case", object_id=str(task.case_id), after__task=task.pk)
        .order_by("-at", "-pk")
        .first()
    )
    who, what, when = (last.actor_name, _what_of_task(last), last.at) if last else ("Somebody", "changed", None)
    return StaleTask(task_id=task.pk, case_id=task.case_id, who=who, what=what, when=when)


def what_was_done(change: Change) -> str:
    """The act as the middle of "Ana … CASE-7": "changed the next step of", "closed"."""
    if change.verb != "change":
        return _ACTS.get(change.verb, "changed")
    names = changed_fields(change.before, change.after)
    return f"changed {_listed([_FIELDS[name] for name in names])} of" if names else "changed"


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Which fields of the case a change of it changed, in the order of the table."""
    return [name for name in _FIELDS if before.get(name) != after.get(name)]


def _what_of_task(change: Change) -> str:
    state, was = change.after.get("state"), change.before.get("state")
    if state == was:
        return "changed"
    return {"done": "finished", "dropped": "dropped", "open": "reopened"}.get(str(state), "changed")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
