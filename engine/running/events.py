"""Events as lines of NDJSON: read, put into the one shape that the matcher knows, and remembered by their line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from engine.document import Document
from engine.errors import DocumentError, EngineError
from engine.indices import known_name
from engine.running.moments import Moment, moment_of
from engine.tree import Tree, fields_of

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NAMES = frozenset({"_index", "_id"})
_UNREADABLE = (
    ("infinity when parsed", "the event holds a number that is too large"),
    ("surrogate in string", "the event holds half a character (a \\u escape without its other half)"),
    ("not valid UTF-8", "the event is not text in UTF-8"),
    ("depth limit", "the event is nested too deeply"),
)
"""What orjson says of bytes that it cannot read, and what that means."""


class EventsError(EngineError):
    """A line that is no event; `line` counts from 0, as everywhere in what the engine's tools print."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line} (counting from 0): {message}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the line it stands on, the index it names (None: it names none), what it says, and `names`: its
    `_index` and `_id` as fields, which only queries see that ask for them."""

    line: int
    index: str | None
    document: Document
    names: Mapping[str, list[str]] = field(default_factory=dict)

    def raw(self, *, named: bool = False) -> bytes:
        """The event as the matcher reads it; with `named` its names are among the fields."""
        return orjson.dumps({**self.document.raw, **self.names} if named else self.document.raw)

    def document_for(self, tree: Tree) -> Document:
        """What a filter sees of the event."""
        return Document({**self.document.raw, **self.names}) if asks_for_names(tree) else self.document

    def moment(self, *fields: str) -> Moment | None:
        """When it happened by the first of these fields that holds a time."""
        return next((found for field in fields if (found := moment_of(self.document.values(field)))), None)


def asks_for_names(tree: Tree) -> bool:
    """Whether a filter asks for `_index` or `_id`."""
    return not _NAMES.isdisjoint(fields_of(tree))


def read_events(lines: Iterable[bytes], refuse: Callable[[EventsError], None] | None = None) -> Iterator[Event]:
    """The events of NDJSON; blank lines are no events but are counted, as are lines that cannot be read.

    Raises: EventsError; with `refuse` that is told of such lines, and the others are read.
    """
    for number, line in enumerate(lines):
        text = line.removeprefix(_BYTE_ORDER_MARK).strip() if number == 0 else line.strip()
        if not text:
            continue
        try:
            yield _event(number, text)
        except EventsError as error:
            if refuse is None:
                raise
            refuse(error)


def _event(number: int, text: bytes) -> Event:
    try:
        return event_of(number, Document.of(text).raw)
    except DocumentError as error:
        raise EventsError(number, _why(error)) from error
    except RecursionError:
        raise EventsError(number, "the event is nested too deeply") from None


def _why(error: DocumentError) -> str:
    said = str(error.__cause__)
    return next((meant for words, meant in _UNREADABLE if words in said), str(error))


def event_of(line: int, raw: dict[str, Any]) -> Event:
    """The event in the shape that events are stored in: dotted keys unfolded, `_index` and `_id` taken out."""
    given = raw.get("_index")
    index = given if isinstance(given, str) else None
    body = {key: value for key, value in raw.items() if key not in _NAMES}
    return Event(line, index, Document(_unfolded(body)), _names(index, raw.get("_id")))


def _names(index: str | None, given_id: Any) -> dict[str, list[str]]:
    """The names as fields. An index behind a data stream has that name too."""
    names = {} if index is None else {"_index": list(dict.fromkeys((index, known_name(index))))}
    return names | {"_id": [str(given_id)]} if type(given_id) in (str, int) else names


def _unfolded(node: dict[str, Any]) -> dict[str, Any]:
    """The same fields without dotted keys, so far as that is possible: where one name is a value and the start of
    another name, the dotted key stays."""
    shaped: dict[str, Any] = {}
    for key, value in node.items():
        inner = _unfolded_value(value)
        if "." in key and _place(shaped, key.split("."), inner):
            continue
        if isinstance(inner, dict) and isinstance(shaped.get(key), dict):
            _merge(shaped[key], inner)
        else:
            shaped[key] = inner if key not in shaped else _both(shaped[key], inner)
    return shaped


def _unfolded_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _unfolded(value)
    return [_unfolded_value(element) for element in value] if isinstance(value, list) else value


def _place(target: dict[str, Any], path: list[str], value: Any) -> bool:
    """Put a value at a path; refuse where the way there leads through something that is no object."""
    *parents, last = path
    if not all(path):
        return False
    node = target
    for name in parents:
        if not isinstance(node.get(name, {}), dict):
            return False
        node = node.setdefault(name, {})
    if isinstance(node.get(last), dict) is not isinstance(value, dict) and last in node:
        return False
    if isinstance(value, dict):
        _merge(node.setdefault(last, {}), value)
    else:
        node[last] = value if last not in node else _both(node[last], value)
    return True


def _merge(target: dict[str, Any], source: dict[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value if key not in target else _both(target[key], value)


def _both(one: Any, other: Any) -> list[Any]:
    """The values of a field that is written twice, in two spellings."""
    return [*(one if isinstance(one, list) else [one]), *(other if isinstance(other, list) else [other])]
