"""Stored events of which only a few fields are asked: those are read without making objects of all the rest.

Typed decoding of some forty fields takes a quarter of the time that a whole event takes. Whatever it cannot read (a
truth value, a fraction, objects in arrays) and every other question has the event read in full.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from operator import attrgetter
from typing import Any

import msgspec

from engine.document import Document
from engine.fields import SPELLINGS, name_problem
from engine.matcher.decode import Shape
from engine.matcher.reading import TEXT_OR_INTEGER, outer_names
from engine.tree import Scalar


class FewFields:
    """Which fields are read. Making it costs some milliseconds."""

    def __init__(self, names: Iterable[str]) -> None:
        """Second spellings, and fields that lie in one another, are left to the event read in full."""
        wanted = {name for name in names if name and name not in SPELLINGS and name_problem(name) is None}
        outer = {outside for name in wanted for outside in outer_names(name)}
        clear = {name for name in wanted - outer if wanted.isdisjoint(outer_names(name))}
        shape = Shape(dict.fromkeys(clear, TEXT_OR_INTEGER), {})
        self.decode: Callable[[bytes], Any] = shape.decode
        self.getters: dict[str, Callable[[Any], Any]] = {name: attrgetter(shape.place_of[name]) for name in clear}


class PartlyRead(Document):
    """A document of one line as the store keeps it: every key one part of a name, none of them twice."""

    def __init__(self, line: bytes, few: FewFields) -> None:
        super().__init__({})
        self._line = line
        self._few = few

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The event, parsed now. Raises: DocumentError."""
        return Document.of(self._line).raw

    def values(self, field: str) -> tuple[Scalar, ...]:
        """The values of a field, read alone where that can be."""
        getter = self._few.getters.get(field)
        if getter is None or self._event is None:
            return super().values(field)
        value = getter(self._event)
        if value is None:
            return ()
        return tuple([one for one in value if one is not None]) if type(value) is tuple else (value,)

    def has(self, field: str) -> bool:
        """Whether the field has a value or is an object. What was read alone is no object: that cannot be read so."""
        if field in self._few.getters and self._event is not None:
            return bool(self.values(field))
        return super().has(field)

    @cached_property
    def _event(self) -> Any:
        try:
            return self._few.decode(self._line)
        except (msgspec.DecodeError, RecursionError):
            return None
