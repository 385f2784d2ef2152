"""Events as lines of NDJSON: read, put into the one shape that the matcher knows, and remembered by their line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from engine.document import Document
from engine.errors import DocumentError, EngineError
from engine.running.moments import Moment, moment_of

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventsError(EngineError):
    """A line that is no event; `line` counts from 0, as everywhere in what the engine's tools print."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line} (counting from 0): {message}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the line it stands on, the index it names (None: it names none), and what it says."""

    line: int
    index: str | None
    document: Document

    def raw(self) -> bytes:
        """The event as the matcher reads it."""
        return orjson.dumps(self.document.raw)

    def moment(self, *fields: str) -> Moment | None:
        """When it happened by the first of these fields that holds a time."""
        return next((found for field in fields if (found := moment_of(self.document.values(field)))), None)


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of NDJSON; blank lines are no events but are counted.

    Raises: EventsError.
    """
    for number, line in enumerate(lines):
        text = line.removeprefix(_BYTE_ORDER_MARK).strip() if number == 0 else line.strip()
        if text:
            yield _event(number, text)


def _event(number: int, text: bytes) -> Event:
    try:
        return event_of(number, Document.of(text).raw)
    except DocumentError as error:
        raise EventsError(number, str(error)) from error
    except RecursionError:
        raise EventsError(number, "the event is nested too deeply") from None


def event_of(line: int, raw: dict[str, Any]) -> Event:
    """The event in the shape that events are stored in: dotted keys unfolded, `_index` and `_id` taken out."""
    index = raw.get("_index")
    body = {key: value for key, value in raw.items() if key not in ("_index", "_id")}
    return Event(line, index if isinstance(index, str) else None, Document(_unfolded(body)))


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
