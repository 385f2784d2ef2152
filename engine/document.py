"""One event as the leaves of a tree see it: field names in full, each with all its values.

Objects inside arrays are flattened, as Elasticsearch does: `a: [{b: 1}, {b: 2}]` is the field `a.b` with 1 and 2.
Dotted keys and nested objects mean the same. Nulls and empty arrays are no values.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from engine.errors import DocumentError
from engine.fields import source_field
from engine.scalars import instant_of
from engine.tree import Scalar

_NONE: tuple[Scalar, ...] = ()


class Document:
    """An event to be judged. Flattening costs some tens of microseconds, once, when a field is first asked for."""

    def __init__(self, raw: dict[str, Any], part_of: "Document | None" = None) -> None:
        self._raw = raw
        self._part_of = part_of

    @classmethod
    def of(cls, raw: bytes | dict[str, Any]) -> "Document":
        """The document of an NDJSON line, or of its parsed form.

        Raises: DocumentError when it is not one JSON object.
        """
        if isinstance(raw, dict):
            return cls(raw)
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise DocumentError("the event is not JSON") from error
        if not isinstance(parsed, dict):
            raise DocumentError("the event is not a JSON object")
        return cls(parsed)

    @property
    def raw(self) -> dict[str, Any]:
        """The event as it was parsed."""
        return self._raw

    @cached_property
    def flat(self) -> Mapping[str, tuple[Scalar, ...]]:
        """Every field that has a value, with its values; those of an array in its order."""
        return _flattened(self.raw)

    def values(self, field: str) -> tuple[Scalar, ...]:
        """The values of a field; a second spelling (`process.name.text`) gives those of its source."""
        return self.flat.get(field) or self.flat.get(source_field(field), _NONE)

    def values_under(self, prefix: str) -> Iterator[tuple[str, Scalar]]:
        """The fields inside an object, each with its values one by one."""
        inside = prefix + "."
        return ((name, value) for name in self.flat if name.startswith(inside) for value in self.flat[name])

    def has(self, field: str) -> bool:
        """Whether the field has a value, or is an object in which some field has one."""
        return bool(self.values(field)) or field in self._objects

    @cached_property
    def _objects(self) -> frozenset[str]:
        return frozenset(_prefixes(self.flat))

    def field_names(self) -> list[str]:
        """The names of all fields that have a value, sorted."""
        return list(self._names)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(self.flat))

    def elements(self, path: str) -> Iterator["Document"]:
        """The objects of the array at `path`, each as a document of its own with its fields written in full."""
        for element in _objects_at(self.raw, path):
            yield Document({path: element}, part_of=self)

    @cached_property
    def arrived(self) -> datetime | None:
        """When the event was taken in (`event.ingested`, else `@timestamp`): what `now` means to a query about it."""
        if self._part_of is not None:
            return self._part_of.arrived
        for field in ("event.ingested", "@timestamp"):
            for value in self.values(field):
                instant = instant_of(value)
                if instant is not None:
                    return instant
        return None


def _flattened(raw: dict[str, Any]) -> dict[str, tuple[Scalar, ...]]:
    """All fields, level by level: depth is the sender's to choose, so nothing here calls itself.

    Nearly every field has one value, so a tuple of it is made at once; further values gather in a list of their own.
    """
    found: dict[str, tuple[Scalar, ...]] = {}
    several: dict[str, list[Scalar]] = {}
    waiting: list[tuple[str, dict[str, Any]]] = [("", raw)]
    for prefix, node in waiting:
        for key, value in node.items():
            name = prefix + key
            if isinstance(value, dict):
                waiting.append((name + ".", value))
            elif isinstance(value, list):
                objects, scalars = parts_of_array(value)
                waiting.extend([(name + ".", element) for element in objects])
                if scalars:
                    several.setdefault(name, []).extend(scalars)
            elif value is None:
                continue
            elif name in found or name in several:
                several.setdefault(name, []).append(value)
            else:
                found[name] = (value,)
    for name, values in several.items():
        found[name] = found.get(name, _NONE) + tuple(values)
    return found


def parts_of_array(array: list[Any]) -> tuple[list[dict[str, Any]], list[Scalar]]:
    """The objects and the scalars of an array, those of arrays inside it included."""
    objects: list[dict[str, Any]] = []
    scalars: list[Scalar] = []
    waiting = list(reversed(array))
    while waiting:
        element = waiting.pop()
        if isinstance(element, dict):
            objects.append(element)
        elif isinstance(element, list):
            waiting.extend(reversed(element))
        elif element is not None:
            scalars.append(element)
    return objects, scalars


def _prefixes(names: Mapping[str, object]) -> Iterator[str]:
    for name in names:
        at = name.find(".")
        while at >= 0:
            yield name[:at]
            at = name.find(".", at + 1)


def _objects_at(raw: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """The objects under a path, however the path is split into keys and whatever arrays lie on the way."""
    waiting: list[tuple[str, Any]] = [(path, raw)]
    while waiting:
        rest, node = waiting.pop()
        if isinstance(node, list):
            waiting.extend((rest, element) for element in reversed(node))
        elif isinstance(node, dict) and not rest:
            yield node
        elif isinstance(node, dict):
            waiting.extend(_steps(node, rest))


def _steps(node: dict[str, Any], path: str) -> list[tuple[str, Any]]:
    """Where the first keys of a path lead: `a.b.c` by `a`, by `a.b` and by `a.b.c`."""
    steps = []
    at = path.find(".")
    while at >= 0:
        if path[:at] in node:
            steps.append((path[at + 1 :], node[path[:at]]))
        at = path.find(".", at + 1)
    if path in node:
        steps.append(("", node[path]))
    return steps
