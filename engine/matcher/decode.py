"""Reading of an event only what the rules ask for: a typed decoder made for their fields.

An event becomes a tree of small structs whose attributes are the fields asked for; everything else is skipped while
the JSON is read. An object that the event lacks is one shared empty struct, so `process.parent.name` can always be
asked, and whether an object is there is one comparison.

A document that does not fit (an object where a value is expected, an array of objects, a truth value in a text) is read
in full instead and put into the same structs, its odd values as Odd. That is several times slower and just as right.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec

from engine.document import Document
from engine.fields import SPELLINGS, source_field
from engine.matcher.reading import TEXT_OR_INTEGER, outer_names
from engine.matcher.values import TEXTS, TEXTS_AND_INTEGERS, Odd, Value, plainly
from engine.matcher.wanted import Flat, Wanted

Event: TypeAlias = Any
"""A struct with an attribute for each field, by way of `Shape.place_of`."""


@dataclass(slots=True)
class _Node:
    """An object of the events: the objects and values below it, by attribute."""

    key: str
    attribute_path: str
    objects: "dict[str, _Node]" = field(default_factory=dict)
    values: dict[str, tuple[str, Any]] = field(default_factory=dict)
    struct: Any = None
    empty: Any = None


class Shape:
    """The structs for a set of fields, and how events become such structs."""

    def __init__(self, fields: Mapping[str, Any], presences: Mapping[str, str]) -> None:
        """`presences` are objects of which it is asked whether they are there, by the names of that question."""
        self._plain = {name: TEXTS_AND_INTEGERS if kind is TEXT_OR_INTEGER else TEXTS for name, kind in fields.items()}
        self._names: dict[str, str] = {}
        self._root = _Node("", "")
        self.place_of: dict[str, str] = {}
        """The dotted attributes by which a field's value is reached in an event."""
        for name in sorted(fields):
            self.place_of[name] = self._enter(source_field(name).split("."), fields[name])
        self.presences = presences
        for name, path in presences.items():
            self.place_of[name] = self._enter_object(path.split("."))
        self._spelled = [(name, source_field(name)) for name in fields if name in SPELLINGS]
        self._steps = {name: place.split(".") for name, place in self.place_of.items()}
        self._build(self._root)
        self.empties: dict[str, Any] = {}
        """The shared empty structs of all objects, by their dotted attributes."""
        self._collect(self._root)
        self._wanted = Wanted({*fields, *map(source_field, fields), *presences.values()})
        self.decode = msgspec.json.Decoder(self._root.struct).decode

    def _enter(self, parts: list[str], kind: Any) -> str:
        node = self._node_at(parts[:-1])
        attribute = self._attribute(parts[-1])
        node.values.setdefault(attribute, (parts[-1], kind))
        return _under(node.attribute_path, attribute)

    def _enter_object(self, parts: list[str]) -> str:
        return self._node_at(parts).attribute_path

    def _node_at(self, parts: list[str]) -> _Node:
        node = self._root
        for part in parts:
            attribute = self._attribute(part)
            if attribute not in node.objects:
                node.objects[attribute] = _Node(part, _under(node.attribute_path, attribute))
            node = node.objects[attribute]
        return node

    def _attribute(self, part: str) -> str:
        return self._names.setdefault(part, f"k{len(self._names)}")

    def _build(self, node: _Node) -> None:
        for below in node.objects.values():
            self._build(below)
        keys = {attribute: key for attribute, (key, _) in node.values.items()}
        keys |= {attribute: below.key for attribute, below in node.objects.items()}
        definitions: dict[str, tuple[str, Any, Any]] = {
            attribute: (attribute, kind, None) for attribute, (_, kind) in node.values.items()
        }
        definitions |= {attribute: (attribute, below.struct, below.empty) for attribute, below in node.objects.items()}
        in_order = [definitions[attribute] for attribute in sorted(definitions, key=keys.__getitem__)]
        node.struct = msgspec.defstruct("Part", in_order, rename=keys, gc=False, frozen=True, eq=False)
        node.empty = node.struct()

    def _collect(self, node: _Node) -> None:
        for below in node.objects.values():
            self.empties[below.attribute_path] = below.empty
            self._collect(below)

    def of_document(self, document: Document) -> Event | None:
        """The event of a document of whatever shape. None for one that has a second spelling of a field (such as
        `process.name.text`) as a field of its own: that only the interpreter can judge."""
        flat = document.flat
        objects = {outer for name in flat for outer in outer_names(name)}
        tops = {key.partition(".")[0] for key in document.raw}
        return self._of(flat, objects, tops)

    def of_nested(self, document: Document) -> Event | None:
        """As `of_document`, for one without dotted keys. What no rule asks for is passed over."""
        flat, objects = self._wanted.find(document.raw)
        return self._of(flat, objects, document.raw.keys())

    def _of(self, flat: Flat, objects: Set[str], tops: Set[str]) -> Event | None:
        if any(name in flat or (place in objects and place not in flat) for name, place in self._spelled):
            return None
        given: dict[str, Any] = {}
        for name in flat.keys() & self._plain.keys():
            self._put(given, name, plainly(flat[name], self._plain[name]))
        for name in (objects & self._plain.keys()) - flat.keys():
            self._put(given, name, Odd(()))
        for name, place in self._spelled:
            if place in flat:
                self._put(given, name, plainly(flat[place], self._plain[name]))
        for name, path in self.presences.items():
            if path in objects or path.partition(".")[0] in tops:  # it may be there and hold nothing
                self._put(given, name, {})
        return self._filled(self._root, given)

    def present(self, event: Event, name: str) -> bool | None:
        """Whether an object is there; None when it is not, as for a field without a value."""
        return True if attrgetter(self.place_of[name])(event) is not self.empties[self.place_of[name]] else None

    def _put(self, given: dict[str, Any], name: str, value: Value | dict[str, Any]) -> None:
        *outer, last = self._steps[name]
        for attribute in outer:
            given = given.setdefault(attribute, {})
        if value == {}:
            given.setdefault(last, value)
        else:
            given[last] = value

    def _filled(self, node: _Node, given: Mapping[str, Any]) -> Any:
        return node.struct(
            **{
                attribute: self._filled(node.objects[attribute], value) if type(value) is dict else value
                for attribute, value in given.items()
            }
        )


def _under(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part
