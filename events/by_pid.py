"""The processes above one whose agent gives no entity ids, by their numbers on its host.

A number is given out again and again. So the parent is the latest process with that number that started before the
child did; one that had ended by then is none, and neither is one that the child calls by another name. Each step goes
back in time, or at the same moment to an event that was not met yet, so a ring of forged numbers ends.

No column has these numbers: the process events of the host are read, newest first, and no more of them than there is
time for. What is beyond that is not found.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.document import Document
from engine.folding import fold
from engine.tree import And, Leaf, Op, text_of
from events.searching import ORDINARY, Pass, Question, Window
from events.stored import StoredEvent

LOOKED_BACK = timedelta(hours=24)
SECONDS = 0.1
MOST_EVENTS = 2_000
_A_MOMENT = timedelta(milliseconds=1)  # windows are half-open, and events of the same moment may be what is looked for
_SAME = (("process.parent.executable", "process.executable"), ("process.parent.name", "process.name"))
_NOBODY = ("", "0")


@dataclass(frozen=True, slots=True)
class Known:
    """A process event with what it says of its process."""

    event: StoredEvent
    document: Document
    pid: str
    parent_pid: str
    started: bool
    ended: bool

    @classmethod
    def of(cls, event: StoredEvent) -> "Known":
        """What the event says; without a type it tells of a start, as those of plain audit logs do."""
        document = event.document()
        types = {text_of(value) for value in document.values("event.type")}
        started, ended = "start" in types or not types, "end" in types and "start" not in types
        parent = first(document, "process.parent.pid") or first(document, "process.ppid")
        return cls(event, document, first(document, "process.pid"), parent, started, ended)


def above(event: StoredEvent, *, most: int) -> list[Known]:
    """The nearest ancestors of the event's process by their numbers, the parent first, `most` at the most; nothing for
    an event that lacks a host, a number or that of its parent.

    Costs a short query or two and the blocks that a tenth of a second suffices for.
    """
    own = Known.of(event)
    host = first(own.document, "host.name")
    if not host or not own.pid or own.parent_pid in _NOBODY:
        return []
    by_pid: dict[str, list[Known]] = defaultdict(list)
    for one in _processes_of(host, event):
        if one.started or one.ended:
            by_pid[one.pid].append(one)
    return list(_upwards(own, by_pid, most))


def first(document: Document, field: str) -> str:
    """The first value of a field as text, or nothing."""
    return next((text_of(value) for value in document.values(field)), "")


def _processes_of(host: str, event: StoredEvent) -> Iterator[Known]:
    """The process events of a host up to this one, newest first."""
    tree = And((Leaf("event.category", Op.IS, ("process",)), Leaf("host.name", Op.IS, (host,))))
    window = Window(event.time - LOOKED_BACK, event.time + _A_MOMENT)
    walk = Pass(Question(tree, window, [event.team_id], ORDINARY), budget_seconds=SECONDS)
    for _, found in zip(range(MOST_EVENTS), walk, strict=False):
        yield Known.of(found)


def _upwards(own: Known, by_pid: dict[str, list[Known]], most: int) -> Iterator[Known]:
    child, seen = own, {own.event.ref}
    at = own.event.time if own.started else _start_of(own, by_pid)
    for _ in range(most):
        if child.parent_pid in _NOBODY:
            return
        parent = next((one for one in by_pid[child.parent_pid] if _may_be(one, at) and one.event.ref not in seen), None)
        if parent is None or parent.ended or not _is_called(parent, child):
            return
        yield parent
        seen.add(parent.event.ref)
        child, at = parent, parent.event.time


def _start_of(own: Known, by_pid: dict[str, list[Known]]) -> datetime:
    """When the process of an event that tells of something else started, if that is known; else the event's time."""
    latest = next((one for one in by_pid[own.pid] if one.event.ref != own.event.ref), None)
    if latest is None or latest.ended or latest.parent_pid != own.parent_pid:
        return own.event.time
    return latest.event.time


def _may_be(one: Known, at: datetime) -> bool:
    """Whether it happened before; an end at the very moment of the child's start may have come after it."""
    return one.event.time < at if one.ended else one.event.time <= at


def _is_called(parent: Known, child: Known) -> bool:
    """Whether the child calls its parent as the parent's event does; what either does not say is no contradiction."""
    for told, known in _SAME:
        said, found = first(child.document, told), first(parent.document, known)
        if said and found:
            return fold(said) == fold(found)
    return True
