"""The filters of a queue as JSON, so that a worker finds the alerts that the person meant when he pressed."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from alerts.selectors.shapes import QueueFilters

_AT = "at"


def to_json(filters: QueueFilters) -> dict[str, Any]:
    """Plain JSON; a moment is `{"at": ISO}`."""
    return {name: _out(value) for name, value in asdict(filters).items() if value}


def from_json(kept: dict[str, Any]) -> QueueFilters:
    """What `to_json` kept. Parts that this version does not know are an error: they would have narrowed the act."""
    known = {field.name for field in fields(QueueFilters)}
    if unknown := kept.keys() - known:
        raise ValueError(f"unknown filters: {sorted(unknown)}")
    return QueueFilters(**{name: _in(value) for name, value in kept.items()})


def _out(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_AT: value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"hex": bytes(value).hex()}
    return list(value) if isinstance(value, tuple) else value


def _in(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value[_AT]) if _AT in value else bytes.fromhex(value["hex"])
    return tuple(value) if isinstance(value, list) else value
