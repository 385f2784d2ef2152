"""Fixtures of the tests about health: people, a broker that is there, and nothing remembered from other tests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pytest_django.fixtures import Settings

from accounts.models import ApiKey
from events import dead_letters, folding, pulse
from events.ingest import ingest
from events.models import Batch
from soc.health import metrics, probes, storage, stores
from tests.people import People, make_people

NOW = datetime(2026, 11, 20, 12, 30, 20, tzinfo=UTC)
__all__ = ["NOW"]


def forget() -> None:
    for what in (stores.ask_again, storage.look_again, metrics.read_again, probes.look_again, dead_letters.look_again):
        what()


@pytest.fixture(autouse=True)
def _nothing_remembered_of_health() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def broker(broker_url: str, settings: Settings) -> str:
    """A real broker that answers."""
    settings.BROKER_URL = broker_url
    return broker_url


def send(key: ApiKey, at: datetime, *hosts: str, body: bytes = b"", ago: timedelta = timedelta(), **more: Any) -> None:
    """One request with an event of each host, and perhaps bytes that are none; folded."""
    stamped = (at - ago).isoformat()
    lines = [orjson.dumps({"@timestamp": stamped, "host": {"name": host}, **more}) for host in hosts]
    ingest(
        key=key, body=b"\n".join(filter(None, [*lines, body])), content_type="application/x-ndjson",
        content_encoding="", idempotency_key=None, now=at, metered=False,
    )  # fmt: skip
    folding.fold()


def judged(at: datetime, after: timedelta = timedelta(seconds=0.4)) -> None:
    """Everything that waits was judged."""
    for batch in Batch.objects.filter(state="pending"):
        Batch.objects.filter(pk=batch.pk).update(state="done", done_at=batch.ingested_at + after)
    assert at


def alive(at: datetime) -> None:
    """A worker and the clock live."""
    pulse.beat(name="box:7", kind=pulse.WORKER, now=at, processes=2)
    pulse.beat(name=pulse.CLOCK, kind=pulse.CLOCK, now=at)
