"""From the bytes of one event to what is stored: one shape, known types, a time, an index, an identity.

Reading the bytes is events/reading.py, the shape events/shape.py, types events/fields.py, identity events/identity.py.
docs/fields.md tells agents the same.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

from events.columns import Columns, columns_of
from events.errors import EventRefused
from events.fields import Unfit, iso, read_instant
from events.identity import index_of, uid_of
from events.reading import keys_in, may_repeat_keys, read_event, read_exactly, refuse_nul
from events.shape import DottedKey, Walk, unfold

MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NormalisedEvent:
    """An event ready to be stored; `raw` is one line of JSON without its line end."""

    index: str
    uid: bytes
    time: datetime
    raw: bytes
    columns: Columns
    odd: bool
    agent: Any = None  # what the document says of its sender, in whatever shape

    @property
    def day(self) -> date:
        """The day whose partition holds it."""
        return self.time.date()


@dataclass(frozen=True)
class Reception:
    """What is the same for all events of a request."""

    team_id: int
    now: datetime
    oldest: date
    largest_bytes: int

    @cached_property
    def stamp(self) -> str:
        """`now` as documents hold it."""
        return iso(self.now)


def normalise(line: bytes, reception: Reception) -> NormalisedEvent:
    """Make one event ready to be stored. Costs some 40 microseconds. Raises EventRefused."""
    document = _in_shape(line, read_event(line, reception.largest_bytes))
    given_index, given_id = document.pop("_index", None), document.pop("_id", None)
    time = _time(document, reception)
    index = index_of(document, given_index)
    uid = uid_of(reception.team_id, index, document, given_id, reception.now)
    _stamp(document, reception.stamp)
    columns, odd = columns_of(document)
    return NormalisedEvent(index, uid, time, orjson.dumps(document), columns, odd, document.get("agent"))


def _in_shape(line: bytes, document: dict[str, Any]) -> dict[str, Any]:
    """Fit every value to its field; read the bytes again where the first reading may not have been exact."""
    document, walk, keys = _fitted(document)
    refuse_nul(line, document)
    if walk.wide or may_repeat_keys(line, keys):
        document, _, _ = _fitted(read_exactly(line))
    return document


def _fitted(document: dict[str, Any]) -> tuple[dict[str, Any], Walk, int]:
    walk = Walk()
    try:
        walk.fit(document)
    except DottedKey:
        keys = keys_in(document)
        document, walk = unfold(document), Walk()
        walk.fit(document)
        return document, walk, keys
    return document, walk, walk.keys


def _time(document: dict[str, Any], reception: Reception) -> datetime:
    """When it happened: `@timestamp`, already in shape, or the time of arrival."""
    stamped = document.get("@timestamp")
    if stamped is None:
        document["@timestamp"] = reception.stamp
        return reception.now
    try:
        time = read_instant(stamped)
    except Unfit:
        raise EventRefused("wrong_type", "The field @timestamp must hold one date.") from None
    if time.date() < reception.oldest:
        raise EventRefused("too_old", "@timestamp lies before the days that are kept.")
    if time > reception.now + MAX_AHEAD:
        raise EventRefused("in_future", "@timestamp lies more than a day ahead of our clock.")
    return time


def _stamp(document: dict[str, Any], stamp: str) -> None:
    event = document.get("event")
    if event is None:
        event = document["event"] = {}
    if type(event) is not dict:
        raise EventRefused("wrong_type", "The field event must be one object.")
    event["ingested"] = stamp
