"""The relatives of a process, from stored events: where it came from, what it started, what its parent started beside.

Processes are joined by their entity ids, which agents make unique. What was never stored, such as the parent of a
process that was running before its agent, is taken from what the child's event says about it and marked so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection

from engine.document import Document
from engine.tree import text_of
from events.documents import ROW, read_documents
from events.stored import EventRef, StoredEvent

MAX_ANCESTORS = 8
MAX_CHILDREN = 50
MAX_SIBLINGS = 20
_OURS = ".%"  # alerts that were written back repeat what their events say
_BACK, _AHEAD = timedelta(days=7), timedelta(days=1)
# A process has events of many kinds; the one that tells of its start comes first.
_STARTS_FIRST = "ORDER BY (category IS NOT NULL AND 'process' = ANY(category)) DESC, time, uid LIMIT %s"


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """One process. `ref` is None when no event of it is stored and this is only what its child tells."""

    entity_id: str
    name: str
    executable: str
    command_line: str
    user: str
    pid: str
    time: datetime | None
    ref: EventRef | None
    parent_id: str


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """A process among its relatives; ancestors from the oldest down. `more`: some lists were cut."""

    process: ProcessNode
    ancestors: tuple[ProcessNode, ...]
    children: tuple[ProcessNode, ...]
    siblings: tuple[ProcessNode, ...]
    more: bool


def around(*, event: StoredEvent) -> ProcessTree | None:
    """The relatives of the event's process, or None when it has no entity id. Costs up to a dozen short queries."""
    document = event.document()
    process = _node(document, "process", event)
    if not process.entity_id:
        return None
    ancestors = _ancestors(event, document, process)
    children = _started_by(process.entity_id, event, MAX_CHILDREN + 1)
    beside = _started_by(process.parent_id, event, MAX_SIBLINGS + 2) if process.parent_id else []
    siblings = [node for node in beside if node.entity_id != process.entity_id]
    more = len(children) > MAX_CHILDREN or len(siblings) > MAX_SIBLINGS
    return ProcessTree(process, ancestors, tuple(children[:MAX_CHILDREN]), tuple(siblings[:MAX_SIBLINGS]), more)


def _ancestors(event: StoredEvent, document: Document, process: ProcessNode) -> tuple[ProcessNode, ...]:
    """Upwards by parent ids. A ring of forged ids ends where it closes."""
    found: list[ProcessNode] = []
    seen = {process.entity_id}
    told = _node(document, "process.parent", None)
    wanted = process.parent_id
    while wanted and wanted not in seen and len(found) < MAX_ANCESTORS:
        seen.add(wanted)
        stored = next(iter(_of_process(wanted, event)), None)
        if stored is None:
            found.append(told)
            break
        above = stored.document()
        node = _node(above, "process", stored)
        found.append(replace(node, entity_id=wanted))
        told, wanted = _node(above, "process.parent", None), node.parent_id
    return tuple(reversed([node for node in found if node.name or node.executable or node.entity_id]))


def _of_process(entity_id: str, near: StoredEvent) -> list[StoredEvent]:
    return _read("process_entity_id", entity_id, near, 1)


def _started_by(entity_id: str, near: StoredEvent, limit: int) -> list[ProcessNode]:
    """One node for each process whose parent this is, in the order they started."""
    nodes: dict[str, ProcessNode] = {}
    for stored in _read("process_parent_entity_id", entity_id, near, limit * 4):
        node = _node(stored.document(), "process", stored)
        nodes.setdefault(node.entity_id or stored.uid.hex(), node)
    return sorted(nodes.values(), key=lambda node: node.time or near.time)[:limit]


def _read(column: str, entity_id: str, near: StoredEvent, limit: int) -> list[StoredEvent]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {ROW} FROM event WHERE {column} = %s AND team_id = %s "  # noqa: S608  (names of ours)
            f"AND day BETWEEN %s AND %s AND index NOT LIKE %s {_STARTS_FIRST}",
            [entity_id, near.team_id, near.day - _BACK, near.day + _AHEAD, _OURS, limit],
        )
        return list(read_documents(cursor.fetchall()))


def _node(document: Document, prefix: str, event: StoredEvent | None) -> ProcessNode:
    values = document.flat
    command_line = _first(values, f"{prefix}.command_line") or " ".join(
        text_of(value) for value in values.get(f"{prefix}.args", ())
    )
    return ProcessNode(
        entity_id=_first(values, f"{prefix}.entity_id"),
        name=_first(values, f"{prefix}.name"),
        executable=_first(values, f"{prefix}.executable"),
        command_line=command_line,
        user=_first(values, "user.name") if prefix == "process" else "",
        pid=_first(values, f"{prefix}.pid"),
        time=event.time if event else None,
        ref=event.ref if event else None,
        parent_id=_first(values, f"{prefix}.parent.entity_id"),
    )


def _first(values: Mapping[str, Iterable[object]], field: str) -> str:
    for value in values.get(field, ()):
        return text_of(value)  # type: ignore[arg-type]
    return ""
