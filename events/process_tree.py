"""The relatives of a process, from stored events: where it came from, what it started, what its parent started beside,
and what each of them did besides.

Processes are joined by their entity ids, which agents make unique; typed columns find them, and a document is read only
for what is drawn. What was never stored, such as the parent of a process that was running before its agent, is taken
from what the child's event says about it and marked so. An event of something else, such as a file that was written,
seldom says what started its process: then the event of that process's start does. A process may have hundreds of
thousands of events: no more of them than a bound are looked at, the oldest stored first, among which is the one that
tells of its start. Without entity ids only what is above is looked for, by the numbers of processes (events/by_pid.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from engine.document import Document
from engine.tree import text_of
from events import by_pid
from events.documents import ROW, BlockShelf, read_documents
from events.stored import EventRef, StoredEvent

MAX_ANCESTORS = 24
MAX_CHILDREN = 50
MAX_SIBLINGS = 20
DRAWN = 40
"""The most processes whose documents are read and that are drawn; beyond that they are counted."""
MAX_COUNTED = 500
"""To so many the other events of a process are counted."""
_TOP = ("", "0", "1", "4")
"""The numbers of processes that no other started, on Linux and on Windows."""
_OURS = ".%"  # alerts that were written back repeat what their events say
_BACK, _AHEAD = timedelta(days=7), timedelta(days=1)
STARTED_WITHIN = timedelta(hours=24)
"""What a process started is looked for so long before and after the event, as the searches of a guide do: a server that
runs for months has children beyond number, and those of other days say little of this one."""
_SAID_AT_START = ("name", "executable", "command_line", "user", "pid", "parent_id")
_EVENTS_OF_ONE = 400
_EVENTS_OF_CHILDREN = 4_000
_ENTITY, _KIN, _LOOKED, _NUMBER = 5, 6, 8, 9  # after ROW, and with the place between
_PARENT = 6  # in its place where the start of a process is asked for
_QUALIFIED = ", ".join(f"e.{name.strip()}" for name in ROW.split(","))
_MINE = "e.team_id = %(team)s AND e.day BETWEEN %(from)s AND %(to)s AND e.index NOT LIKE %(ours)s"
# A process has events of many kinds; the one that tells of its start comes first.
_START_FIRST = "(category IS NOT NULL AND 'process' = ANY(category)) DESC, time, uid"

# Upwards in one statement. UNION ALL with a depth: a ring of forged ids runs to the bound and is cut by the caller.
_UP = f"""
WITH RECURSIVE up (day, team_id, ingested, block_id, position, entity, parent, depth) AS (
    SELECT NULL::date, NULL::bigint, NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::text, %(parent)s::text, 0
    UNION ALL
    SELECT found.* , up.depth + 1 FROM up CROSS JOIN LATERAL (
        SELECT {ROW}, process_entity_id, process_parent_entity_id FROM (
            SELECT {_QUALIFIED}, e.process_entity_id, e.process_parent_entity_id, e.category, e.time, e.uid
            FROM event e WHERE e.process_entity_id = up.parent AND {_MINE} LIMIT {_EVENTS_OF_ONE}
        ) AS bounded ORDER BY {_START_FIRST} LIMIT 1
    ) AS found WHERE up.depth < {MAX_ANCESTORS}
)
SELECT {ROW}, entity, 'ancestor' AS kin, depth::bigint AS place, 0::bigint AS looked, 0::bigint AS number
FROM up WHERE depth > 0
"""  # noqa: S608  (names of ours)
# The event of a process that tells what started it: of its start, or another that names its parent.
_BEGUN = f"""
SELECT {ROW}, process_entity_id, process_parent_entity_id FROM (
    SELECT {_QUALIFIED}, e.process_entity_id, e.process_parent_entity_id, e.category, e.time, e.uid
    FROM event e WHERE e.process_entity_id = %(own)s AND {_MINE} LIMIT {_EVENTS_OF_ONE}
) AS bounded WHERE process_parent_entity_id IS NOT NULL OR (category IS NOT NULL AND 'process' = ANY(category))
ORDER BY (process_parent_entity_id IS NULL), {_START_FIRST} LIMIT 1
"""  # noqa: S608  (names of ours)
# The processes that a parent started within a day of the event: one event of each, by when they were first seen; and
# how many there are.
_STARTED = f"""
SELECT {ROW}, process_entity_id, '{{kin}}', row_number() OVER (ORDER BY first, process_entity_id), looked,
    count(*) OVER () FROM (
    SELECT DISTINCT ON (coalesce(process_entity_id, encode(uid, 'hex'))) {ROW}, process_entity_id, time AS first,
        count(*) OVER () AS looked FROM (
        SELECT {_QUALIFIED}, e.process_entity_id, e.category, e.time, e.uid
        FROM event e WHERE e.process_parent_entity_id = %({{parent}})s AND {_MINE}
        AND e.time BETWEEN %(since)s AND %(until)s LIMIT {_EVENTS_OF_CHILDREN}
    ) AS bounded ORDER BY coalesce(process_entity_id, encode(uid, 'hex')), {_START_FIRST}
) AS started WHERE process_entity_id IS DISTINCT FROM %(own)s ORDER BY first, process_entity_id LIMIT {{most}}
"""  # noqa: S608  (names of ours)
_ANCESTORS = f"{_UP} ORDER BY place"
_RELATIVES = (
    f"SELECT * FROM (({_UP}) UNION ALL ({_STARTED.format(kin='child', parent='own', most=MAX_CHILDREN)}) "  # noqa: S608
    f"UNION ALL ({_STARTED.format(kin='sibling', parent='parent', most=MAX_SIBLINGS)})) AS kin ORDER BY kin, place"
)
_DEEDS = f"""
SELECT entity, CASE
    WHEN 'registry' = ANY(category) THEN 'registry' WHEN dataset LIKE '%%dns%%' THEN 'dns'
    WHEN 'network' = ANY(category) THEN 'network' WHEN 'file' = ANY(category) THEN 'file' ELSE '' END AS kind, count(*)
FROM unnest(%(entities)s::text[]) AS entity CROSS JOIN LATERAL (
    SELECT e.category, e.dataset FROM event e WHERE e.process_entity_id = entity AND {_MINE}
    AND e.category IS NOT NULL AND NOT 'process' = ANY(e.category) LIMIT {MAX_COUNTED}
) AS done GROUP BY 1, 2
"""  # noqa: S608  (names of ours)
# The newest stored of each process come last; of one with very many, what raised an alert may be beyond the bound.
_UIDS = f"""
SELECT DISTINCT uid FROM unnest(%(entities)s::text[]) AS entity CROSS JOIN LATERAL (
    SELECT e.uid FROM event e WHERE e.process_entity_id = entity AND {_MINE} LIMIT {_EVENTS_OF_ONE}
) AS own
"""  # noqa: S608  (names of ours)


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """One process. `ref` is None when no event of it is stored and this is only what its child tells.

    `deeds` are its other events by kind (file, network, dns, registry), counted to MAX_COUNTED.
    """

    entity_id: str
    name: str
    executable: str
    command_line: str
    user: str
    pid: str
    time: datetime | None
    ref: EventRef | None
    parent_id: str
    deeds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """A process among its relatives; ancestors from the oldest down. `more`: some lists were cut.

    `children_in_all` and `siblings_in_all` count those that are not in the lists too. `cut_above`: the oldest ancestor,
    or the process where there is none, has a parent of which nothing is known or shown. `by_ids` is false for an event
    whose process has no entity id; with `by_pid` its ancestors are the nearest by their numbers, which are given out
    again.
    `capped`: a parent has so many events that not all were looked at, so there may be more children than were counted.
    """

    process: ProcessNode
    ancestors: tuple[ProcessNode, ...]
    children: tuple[ProcessNode, ...]
    siblings: tuple[ProcessNode, ...]
    more: bool
    children_in_all: int = 0
    siblings_in_all: int = 0
    cut_above: bool = False
    by_ids: bool = True
    by_pid: bool = False
    capped: bool = False

    @property
    def nodes(self) -> tuple[ProcessNode, ...]:
        """Every process in it, the process itself first."""
        return (self.process, *self.ancestors, *self.children, *self.siblings)

    @property
    def entity_ids(self) -> tuple[str, ...]:
        """The ids of those that have one."""
        return tuple(node.entity_id for node in self.nodes if node.entity_id)


@dataclass(frozen=True, slots=True)
class _Near:
    """Where relatives are looked for: a team's events of the days around one, its blocks read once."""

    event: StoredEvent
    shelf: BlockShelf = field(default_factory=BlockShelf)

    def rows(self, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        day = self.event.day
        asked = {"team": self.event.team_id, "from": day - _BACK, "to": day + _AHEAD, "ours": _OURS, **more}
        with connection.cursor() as cursor:
            cursor.execute(statement, asked)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def read(self, rows: Sequence[tuple[Any, ...]]) -> list[StoredEvent]:
        return list(read_documents(rows, self.shelf))


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with what it says of its process and of what started that."""

    event: StoredEvent
    document: Document
    process: ProcessNode
    parent: ProcessNode

    @classmethod
    def by(cls, event: StoredEvent) -> "_Told":
        """What the event says. Parses it."""
        document = event.document()
        return cls(event, document, _node(document, "process", event), _node(document, "process.parent", None))

    @property
    def is_of_process(self) -> bool:
        """Whether it says which process it is about."""
        return bool(self.process.entity_id or self.process.name or self.process.executable)

    @property
    def names_parent(self) -> bool:
        """Whether it says what started the process."""
        return bool(self.process.parent_id or self.parent.name or self.parent.executable)

    @property
    def is_top(self) -> bool:
        """Whether nothing started the process."""
        return self.process.pid in _TOP[1:] or self.parent.pid == "0"

    def completed_by(self, start: "_Told") -> "_Told":
        """With what another event of the process says of it, where this one is silent."""
        said = {name: getattr(self.process, name) or getattr(start.process, name) for name in _SAID_AT_START}
        return replace(self, process=replace(self.process, **said), parent=start.parent)


def around(*, event: StoredEvent, whole: bool = True, others: Sequence[StoredEvent] = ()) -> ProcessTree | None:
    """The relatives of the event's process, or None for an event about no process. `others` are events that happened
    together with it, the latest first: what it does not say of its process is taken from them before it is looked for.

    Costs two short queries, and the blocks of what is drawn; without `whole` one, for the ancestors alone. One more
    where the event does not say what started the process. Without entity ids a tenth of a second at most, and without
    `whole` nothing: the parent alone is told then.
    """
    own, begun = _begun(_Told.by(event), others)
    process = own.process
    if not process.entity_id:
        return _by_numbers(own) if whole else _by_its_own_words(own)
    near, at = _Near(own.event), own.event.time
    span = {"since": at - STARTED_WITHIN, "until": at + STARTED_WITHIN}
    parent = process.parent_id or next((row[_PARENT] for row in begun), None)
    rows = near.rows(
        _RELATIVES if whole else _ANCESTORS, own=process.entity_id, parent=parent, **(span if whole else {})
    )
    own, ancestors, cut = _upwards(own, begun, [row for row in rows if row[_KIN] == "ancestor"], near)
    if not whole:
        return ProcessTree(own.process, ancestors, (), (), False, cut_above=cut)
    children, all_children, much = _started([row for row in rows if row[_KIN] == "child"], near)
    room = max(min(MAX_SIBLINGS, DRAWN - len(ancestors) - len(children)), 1)
    siblings, all_siblings, much_beside = _started([row for row in rows if row[_KIN] == "sibling"], near, room)
    more = all_children > len(children) or all_siblings > len(siblings)
    tree = ProcessTree(own.process, ancestors, children, siblings, more, all_children, all_siblings, cut)
    return _with_deeds(replace(tree, capped=much or much_beside), near)


def _begun(own: _Told, others: Sequence[StoredEvent]) -> tuple[_Told, list[tuple[Any, ...]]]:
    """The event whose process the tree is of, and the row of the event that tells what started it, where that has to
    be read first. A query at most."""
    if own.names_parent:
        return own, []
    beside = [_Told.by(one) for one in others if one.uid != own.event.uid]
    if not own.is_of_process:
        own = next((one for one in beside if one.is_of_process), own)
    entity = own.process.entity_id
    if own.names_parent or not entity:
        return own, []
    telling = [one for one in beside if one.names_parent]
    for one in telling:
        if one.process.entity_id == entity:
            return own.completed_by(one), []
    rows = _Near(own.event).rows(_BEGUN, own=entity)
    known = next((one for one in telling if one.process.entity_id), own)
    return (own, rows) if rows else (known, [])


def _upwards(
    own: _Told, begun: Sequence[tuple[Any, ...]], rows: Sequence[tuple[Any, ...]], near: _Near
) -> tuple[_Told, tuple[ProcessNode, ...], bool]:
    """The event with what is known of its process's start, the processes above, and whether more is above."""
    stored = near.read([*begun, *rows])
    for start in stored[: len(begun)]:
        own = own.completed_by(_Told.by(start))
    ancestors, cut = _ancestors(rows, stored[len(begun) :], own)
    return own, ancestors, cut or not (ancestors or own.is_top)


def uids_of(entity_ids: Sequence[str], *, team_id: int, day: date) -> list[bytes]:
    """The uids of the events of these processes in the days around one, of each process to a bound. One query."""
    asked: dict[str, Any] = {
        "team": team_id,
        "from": day - _BACK,
        "to": day + _AHEAD,
        "ours": _OURS,
        "entities": list(entity_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_UIDS, asked)
        return [bytes(uid) for (uid,) in cursor.fetchall()]


def _by_its_own_words(own: _Told) -> ProcessTree | None:
    """Of an event whose agent gives no entity ids: the process and what the event says of its parent."""
    if not own.is_of_process:
        return None
    parents = (own.parent,) if own.parent.name or own.parent.executable else ()
    return ProcessTree(own.process, parents, (), (), False, by_ids=False)


def _by_numbers(own: _Told) -> ProcessTree | None:
    """The same with the processes above it that are known by their numbers; the parent of the topmost as it is told."""
    tree, found = _by_its_own_words(own), by_pid.above(own.event, most=MAX_ANCESTORS)
    if tree is None or not found:
        return tree
    nodes = [_node(one.document, "process", one.event) for one in found]
    told = _node(found[-1].document, "process.parent", None)
    unknown = told.pid or found[-1].parent_pid
    return replace(tree, ancestors=_told_of([*nodes, told]), cut_above=unknown not in _TOP, by_pid=True)


def _ancestors(
    rows: Sequence[tuple[Any, ...]], events: Sequence[StoredEvent], own: _Told
) -> tuple[tuple[ProcessNode, ...], bool]:
    """Upwards by parent ids, and whether more is above. A ring of forged ids ends where it closes."""
    found: list[ProcessNode] = []
    told, wanted = own.parent, own.process.parent_id
    seen = {own.process.entity_id}
    for row, stored in zip(rows, events, strict=True):
        if row[_ENTITY] in seen:
            return _told_of(found), False
        seen.add(row[_ENTITY])
        above = stored.document()
        node = replace(_node(above, "process", stored), entity_id=row[_ENTITY])
        found.append(node)
        told, wanted = _node(above, "process.parent", None), node.parent_id
    if wanted in seen:
        return _told_of(found), False
    if len(rows) == MAX_ANCESTORS:
        return _told_of(found), bool(wanted)
    if wanted or told.name or told.executable:
        found.append(replace(told, entity_id=wanted))
    return _told_of(found), bool(found) and found[-1].ref is None and found[-1].pid not in _TOP


def _told_of(found: Iterable[ProcessNode]) -> tuple[ProcessNode, ...]:
    return tuple(reversed([node for node in found if node.name or node.executable or node.entity_id]))


def _started(
    rows: Sequence[tuple[Any, ...]], near: _Near, most: int | None = None
) -> tuple[tuple[ProcessNode, ...], int, bool]:
    """One node for each process that was started, up to `most`, in the order they started; how many there are, at least
    if the bound on events was reached."""
    nodes = tuple(_node(stored.document(), "process", stored) for stored in near.read(rows[:most]))
    return (nodes, rows[0][_NUMBER], rows[0][_LOOKED] >= _EVENTS_OF_CHILDREN) if rows else (nodes, 0, False)


def _with_deeds(tree: ProcessTree, near: _Near) -> ProcessTree:
    """The tree with what each process did besides starting others."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for entity, kind, number in near.rows(_DEEDS, entities=list(dict.fromkeys(tree.entity_ids))):
        if kind:
            counts[entity][kind] = number

    def told(nodes: Iterable[ProcessNode]) -> tuple[ProcessNode, ...]:
        return tuple(
            replace(node, deeds=counts[node.entity_id]) if node.entity_id in counts else node for node in nodes
        )

    return replace(
        tree,
        process=told([tree.process])[0],
        ancestors=told(tree.ancestors),
        children=told(tree.children),
        siblings=told(tree.siblings),
    )


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
