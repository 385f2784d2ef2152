"""Alerts among events as they are today: what was written when they were raised, under what was done since.

Rules judge an alert as it was written (alerts/as_events.py). Who searches means the alert itself, whose workflow is in
its row; alerts lie above events, so they say what is to be laid over when the process starts (alerts/as_of_today.py).
One query for the alerts that are read together, and some 80 µs for each that changed since; a search that neither asks
for such fields nor shows whole documents pays nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from engine.tree import Tree, fields_of
from events.stored import StoredEvent

OF_ALERTS = ".alerts-security."
_ASKED_AT_ONCE = 1_000
Named = tuple[int, bytes]
"""A document: the number of its team, and its uid. Nothing is laid over it that its team may not see."""
Said = Mapping[Named, Mapping[str, Any]]
"""What is laid over a document: nested fields, None for one that is gone. Alerts as written are left out."""
Today = Callable[[Collection[Named]], Said]
_told: list[tuple[Today, frozenset[str]]] = []


def alerts_today(told: Today, fields: Iterable[str]) -> None:
    """Whoever keeps alerts says what is laid over them, and which fields that may be."""
    _told[:] = [(told, frozenset(fields))]


def matters(tree: Tree) -> bool:
    """Whether what a tree is true of may have changed since alerts were written."""
    return asked_among(fields_of(tree))


def asked_among(names: Iterable[str]) -> bool:
    """Whether one of these fields may have; a pattern of names always may."""
    changing = _told[0][1] if _told else ()
    return any("*" in name or any(_meets(name, field) for field in changing) for name in names)


def _meets(name: str, field: str) -> bool:
    return name == field or field.startswith(f"{name}.") or name.startswith(f"{field}.")


def today(events: Iterable[StoredEvent]) -> list[StoredEvent]:
    """The events, alerts among them as they are today."""
    kept = list(events)
    named = [(one.team_id, one.uid) for one in kept]
    lines = lines_today([one.index for one in kept], named, [one.raw for one in kept])
    return [one if line is one.raw else replace(one, raw=line) for one, line in zip(kept, lines, strict=True)]


def lines_today(indices: Sequence[str], named: Sequence[Named], lines: list[bytes]) -> list[bytes]:
    """The same of documents alone; those that nothing is laid over are the very lines given."""
    places = [place for place, index in enumerate(indices) if index.startswith(OF_ALERTS)] if _told else []
    if not places:
        return lines
    said: dict[Named, Mapping[str, Any]] = {}
    for start in range(0, len(places), _ASKED_AT_ONCE):
        said |= _told[0][0]([named[place] for place in places[start : start + _ASKED_AT_ONCE]])
    changed = list(lines)
    for place in places:
        if named[place] in said:
            changed[place] = orjson.dumps(_over(orjson.loads(lines[place]), said[named[place]]))
    return changed


def _over(document: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what is said in it, object by object."""
    fields: dict[str, Any] = dict(document) if isinstance(document, dict) else {}
    for name, value in said.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = _over(fields.get(name), value) if isinstance(value, Mapping) else value
    return fields
