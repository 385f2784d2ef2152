"""Which index an event belongs to, and what makes it the same event when it is sent again.

An event is identified by its `_id`, else by `agent.id` and `event.id`, within its index and team; one without either
gets an id of ours and is never taken for a repetition: two equal log lines are two events.
"""

import os
import re
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from engine.indices import known_name
from events.errors import EventRefused
from events.limits import MAX_ID_BYTES, MAX_INDEX_BYTES

# Source: Elasticsearch reference, "Create index": path parameters. Names with a leading dot are our own.
_INDEX = re.compile(r"[^\\/*?\"<>| ,#:A-Z\x00-\x1f\x7f._+-][^\\/*?\"<>| ,#:A-Z\x00-\x1f\x7f]*")


def index_of(document: dict[str, Any], given: Any) -> str:
    """The name in `_index`, else `<type>-<dataset>-<namespace>` from the data stream. Raises EventRefused.

    Of an index behind a data stream, as exports from Elasticsearch name it, the data stream: its events stay the same
    ones when Elasticsearch rolls it over.
    """
    name = given if given is not None else _data_stream(document)
    if type(name) is str and len(name) <= MAX_INDEX_BYTES:
        name = known_name(name)
    if type(name) is not str or len(name) > MAX_INDEX_BYTES or not _is_index(name):
        raise EventRefused(
            "bad_index",
            "The index name (_index, or data_stream.type-dataset-namespace) must be lower-case text without "
            'spaces or any of \\ / * ? " < > | , # : and must not begin with . _ - or +.',
        )
    return name


@lru_cache(maxsize=4_096)
def _is_index(name: str) -> bool:
    return _INDEX.fullmatch(name) is not None and len(name.encode()) <= MAX_INDEX_BYTES


def uid_of(team_id: int, index: str, document: dict[str, Any], given: Any, now: datetime) -> bytes:
    """The 16 bytes an event is known by: a hash of what identifies it, else time-ordered random ones.

    Raises: EventRefused for an `_id` that is no short text.
    """
    if given is not None:
        return _hashed(team_id, index, "id", _id_text(given))
    agent, event = _text(document, "agent", "id"), _text(document, "event", "id")
    if agent and event:
        return _hashed(team_id, index, "agent", agent, event)
    return int(now.timestamp() * 1000).to_bytes(6, "big") + os.urandom(10)


def _id_text(given: Any) -> str:
    text = str(given) if type(given) in (str, int) else ""
    if not text or len(text.encode()) > MAX_ID_BYTES:
        raise EventRefused("bad_id", f"_id must be a text of 1 to {MAX_ID_BYTES} bytes.")
    return text


def _data_stream(document: dict[str, Any]) -> str:
    dataset = _text(document, "data_stream", "dataset") or _text(document, "event", "dataset") or "generic"
    kind = _text(document, "data_stream", "type") or "logs"
    return f"{kind}-{dataset}-{_text(document, 'data_stream', 'namespace') or 'default'}"


def _text(document: dict[str, Any], parent: str, name: str) -> str | None:
    node = document.get(parent)
    value = node.get(name) if type(node) is dict else None
    return value if type(value) is str else None


def _hashed(team_id: int, *parts: str) -> bytes:
    digest = blake2b(team_id.to_bytes(8, "big"), digest_size=16)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.digest()
