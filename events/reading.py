"""From the bytes of one event to a dictionary that holds exactly what was sent, or a refusal that says why not.

orjson reads; where its answer would silently differ from the bytes (whole numbers beyond 64 bits, a key given twice)
the event is read again by Python's slower reader. What shape the event then takes is events/shape.py.
"""

import json
from collections.abc import Iterable
from typing import Any

import orjson

from events.errors import EventRefused

_WORDS = (
    ("surrogate in string", "lone_surrogate", "A \\u escape is half of a surrogate pair."),
    ("not valid UTF-8", "invalid_utf8", "The bytes are not UTF-8."),
    ("infinity when parsed", "number_out_of_range", "A number does not fit into 64 bits."),
    ("depth limit", "too_deep", "Objects and arrays are nested too deeply."),
)


def read_event(line: bytes, largest_bytes: int) -> dict[str, Any]:
    """The event as a dictionary. Raises EventRefused."""
    if len(line) > largest_bytes:
        raise EventRefused("event_too_large", f"One event may have {largest_bytes:,} bytes.")
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _unreadable(line, str(error)) from None
    if type(document) is not dict:
        raise EventRefused("not_an_object", "An event is a JSON object.")
    return document


def keys_in(document: Any) -> int:
    """How many keys a document has on all levels."""
    count, waiting = 0, [document]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            count += len(node)
            waiting.extend(node.values())
        elif type(node) is list:
            waiting.extend(node)
    return count


def may_repeat_keys(line: bytes, keys: int) -> bool:
    """Whether the bytes hold more keys than were read. Sometimes true without reason, never false with one."""
    if line.count(b'":') != keys or b" :" in line:
        return True
    # Hardly a line has these at all, and to look for one character takes next to nothing.
    return any(space in line and space + b":" in line for space in (b"\t", b"\n", b"\r"))


def read_exactly(line: bytes) -> dict[str, Any]:
    """Read again with whole numbers of any width, refusing a key given twice. Only for bytes that orjson has read."""
    try:
        document: dict[str, Any] = json.loads(line.decode(), object_pairs_hook=_unique)
    except ValueError:  # Python reads whole numbers of up to 4,300 digits
        raise EventRefused("number_out_of_range", "A whole number has thousands of digits.") from None
    return document


def refuse_nul(line: bytes, document: dict[str, Any]) -> None:
    """NUL can be in no database text, and no honest log line has one. Raises EventRefused."""
    if b"\\u0000" in line and any("\0" in text for text in _texts(document)):
        raise EventRefused("nul_character", "A text or a field name holds the character NUL (\\u0000).")


def _texts(document: Any) -> Iterable[str]:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if type(node) is str:
            yield node
        elif type(node) is dict:
            yield from node
            waiting.extend(node.values())
        elif type(node) is list:
            waiting.extend(node)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise EventRefused("duplicate_field", "An object has the same key twice.")
    return found


def _unreadable(line: bytes, said: str) -> EventRefused:
    """Our words for orjson's."""
    for words, reason, sentence in _WORDS:
        if words in said:
            return EventRefused(reason, sentence)
    try:
        line.decode()
    except UnicodeDecodeError:
        return EventRefused("invalid_utf8", "The bytes are not UTF-8.")
    return EventRefused("not_json", "This is not one JSON object.")
