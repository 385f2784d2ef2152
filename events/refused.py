"""An event that was refused at the door, and what its bytes say of where it came from."""

import re
from dataclasses import dataclass

import orjson

from events.errors import EventRefused

_LOOKED_AT_BYTES = 16_384
_TEXT = rb'("(?:[^"\\\x00-\x1f]|\\.){1,200}")'
# The two ways of writing it; the nested one as far as a plain object before the name lets us see.
_HOST = re.compile(
    rb'"host\.name"\s{0,8}:\s{0,8}' + _TEXT + rb'|"host"\s{0,8}:\s{0,8}\{[^{}]{0,500}?"name"\s{0,8}:\s{0,8}' + _TEXT
)


@dataclass(frozen=True, slots=True)
class Refused:
    """One event and why it was refused."""

    line: bytes
    error: EventRefused


def host_of(line: bytes) -> str:
    """The host that a refused event names, as far as its first bytes tell without being an event; "" if they do not."""
    found = _HOST.search(line, 0, _LOOKED_AT_BYTES)
    if found is None:
        return ""
    try:
        host = orjson.loads(found[1] or found[2])
    except orjson.JSONDecodeError:
        return ""
    return host if isinstance(host, str) and "\0" not in host else ""
