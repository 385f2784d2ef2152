"""The body of an ingest request: which forms we read, unpacked within limits, and divided into its events.

Division must not depend on any event being well formed: a bad neighbour is refused alone. So an array whose elements
cannot all be read is divided by looking for its commas and brackets only.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from events.errors import Malformed, TooLarge, UnknownForm

LINES = frozenset(["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"])
JSON = frozenset(["application/json"])
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE_BYTES = 65_536
_MOST_MEMBERS = 10_000
_LINE = re.compile(rb"[^\n]+")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_OUTSIDE = re.compile(_STRING + rb'|[\[\]{},"]', re.DOTALL)
_INSIDE = re.compile(_STRING + rb'|[\[{]++|[\]}]|"', re.DOTALL)
_array = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What one request may be."""

    unpacked_bytes: int
    events: int


def media_type(content_type: str) -> str:
    """The type without its parameters, if it is one we read. Raises UnknownForm."""
    name, *parameters = [part.strip().lower() for part in content_type.split(";")]
    charsets = {part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")}
    if name not in LINES | JSON or not charsets <= {"utf-8", "utf8", "us-ascii"}:
        raise UnknownForm("Send application/x-ndjson (one event a line) or application/json (an array), in UTF-8.")
    return name


def unpack(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """The body as it was before `Content-Encoding`. Never holds more than the limit. Raises RequestRefused."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UnknownForm("Send the body as it is or with Content-Encoding: gzip.")
    try:
        return _gunzip(memoryview(body), limit_bytes)
    except zlib.error:
        raise Malformed("The body is not gzip.") from None


def divide(body: bytes, media: str, limits: BodyLimits) -> list[bytes]:
    """The bytes of each event, in order. Raises RequestRefused."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    found = _lines(body) if media in LINES else _elements(body.strip(b" \t\r\n"))
    events = list(islice(found, limits.events + 1))
    if len(events) > limits.events:
        raise TooLarge(f"One request may have {limits.events:,} events.")
    if not events:
        raise Malformed("The request has no events.")
    return events


def _gunzip(packed: memoryview, limit_bytes: int) -> bytes:
    out: list[bytes] = []
    size, members, at = 0, 0, 0
    unpacker = zlib.decompressobj(wbits=31)
    waiting = b""
    while waiting or at < len(packed):
        if not waiting:
            waiting, at = bytes(packed[at : at + _PIECE_BYTES]), at + _PIECE_BYTES
        if unpacker.eof:  # files of gzip may follow each other
            unpacker, members = zlib.decompressobj(wbits=31), members + 1
        piece = unpacker.decompress(waiting, limit_bytes - size + 1)
        out.append(piece)
        size += len(piece)
        if size > limit_bytes or members > _MOST_MEMBERS:
            raise TooLarge(f"Unpacked, the body may have {limit_bytes:,} bytes.")
        waiting = unpacker.unused_data or unpacker.unconsumed_tail
    if not unpacker.eof:
        raise Malformed("The gzip body ends too early.")
    return b"".join(out)


def _lines(body: bytes) -> Iterator[bytes]:
    return (line for found in _LINE.finditer(body) if (line := found[0].strip(b" \t\r")))


def _elements(body: bytes) -> Iterator[bytes]:
    """The elements of an array, or the one object."""
    if body.startswith(b"{"):
        return iter([body])
    if not body.startswith(b"["):
        raise Malformed("application/json must be an array of events or one event.")
    try:
        return iter([bytes(element) for element in _array.decode(body)])
    except (msgspec.DecodeError, RecursionError):
        return _torn_elements(body)


def _torn_elements(body: bytes) -> Iterator[bytes]:
    """The elements of an array some of which are not JSON, by its commas. Raises Malformed when it never ends."""
    start, at, depth = 1, 1, 1
    while depth and (token := (_OUTSIDE if depth == 1 else _INSIDE).search(body, at)):
        first, at = token[0][:1], token.end()
        if first == b'"' == token[0] or (first == b"}" and depth == 1):
            break
        if first in b"[{":
            depth += len(token[0])
        elif first in b"]}":
            depth -= 1
        if depth == 0 or (depth == 1 and first == b","):
            element = body[start : token.start()].strip(b" \t\r\n")
            if element or depth:
                yield element
            start = at
    if depth or body[at:].strip(b" \t\r\n"):
        raise Malformed("The array of events does not end where it should.")
