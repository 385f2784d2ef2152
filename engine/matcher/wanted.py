"""The fields that rules ask for, found in a document that typed decoding cannot read, without a look at the rest.

What a sender nests, and how much of it, then costs little more than reading the JSON.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from engine.document import parts_of_array
from engine.tree import Scalar

Flat: TypeAlias = Mapping[str, tuple[Scalar, ...]]


class _Place:
    """A name, or the beginning of one: what lies below it, and whether it is asked for itself."""

    __slots__ = ("below", "is_asked", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.below: dict[str, _Place] = {}
        self.is_asked = False


class Wanted:
    """The names that are looked for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._root = _Place("")
        for name in names:
            place = self._root
            for part in name.split("."):
                path = f"{place.path}.{part}" if place.path else part
                place = place.below.setdefault(part, _Place(path))
            place.is_asked = True

    def find(self, raw: dict[str, Any]) -> tuple[Flat, set[str]]:
        """Of a document without dotted keys: the values of these names, as `Document.flat` has them, and those of the
        names that are objects in which something has a value."""
        found = _Found()
        waiting: list[tuple[_Place, dict[str, Any]]] = [(self._root, raw)]
        for place, node in waiting:
            below = place.below
            for key, value in node.items():
                here = below.get(key)
                if here is not None and value is not None:
                    inside = found.take(here, value)
                    if inside and here.below:
                        waiting.extend([(here, one) for one in inside])
        return found.flat(), found.objects


class _Found:
    """What was found so far. As nearly every field has one value, further ones gather in a list of their own."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[Scalar, ...]] = {}
        self._several: dict[str, list[Scalar]] = {}
        self.objects: set[str] = set()

    def take(self, here: _Place, value: Any) -> list[dict[str, Any]]:
        """Note what stands at a place; gives the objects there."""
        inside: list[dict[str, Any]] = []
        if isinstance(value, dict):
            inside = [value]
        elif isinstance(value, list):
            inside, scalars = parts_of_array(value)
            if scalars and here.is_asked:
                self._several.setdefault(here.path, []).extend(scalars)
        elif here.is_asked and (here.path in self._values or here.path in self._several):
            self._several.setdefault(here.path, []).append(value)
        elif here.is_asked:
            self._values[here.path] = (value,)
        if inside and here.is_asked and _holds(inside):
            self.objects.add(here.path)
        return inside

    def flat(self) -> Flat:
        """The values by name."""
        for path, more in self._several.items():
            self._values[path] = self._values.get(path, ()) + tuple(more)
        return self._values


def _holds(objects: Iterable[Any]) -> bool:
    """Whether anything in these objects has a value. Ends with the first that has."""
    waiting = list(objects)
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif node is not None:
            return True
    return False
