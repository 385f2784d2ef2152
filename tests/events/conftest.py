"""What the tests of the events app share: a team, its key, and helpers that store events through the real path."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import transaction

from accounts.models import ApiKey, Team
from events import dictionaries, partitions
from events.blocks import _dictionary
from events.models import Batch
from events.normalise import NormalisedEvent, Reception, normalise
from events.store import PutReport, put_batch


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a process remembers of the database is wrong after a test's changes were rolled back."""
    yield
    partitions.forget_days()
    dictionaries.forget_newest()
    _dictionary.cache_clear()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.get_or_create(slug="blue", defaults={"name": "Blue"})[0]


@pytest.fixture
def other_team(db: None) -> Team:
    return Team.objects.get_or_create(slug="green", defaults={"name": "Green"})[0]


@pytest.fixture
def agent(team: Team, now: datetime) -> tuple[ApiKey, str]:
    """A key and what the agent presents."""
    from accounts.keys import create_key

    return create_key(name="web servers", team=team, actor=None, now=now)


def normalised(document: dict[str, Any], team_id: int, now: datetime) -> NormalisedEvent:
    reception = Reception(team_id, now, (now - timedelta(days=30)).date(), 1 << 20)
    return normalise(orjson.dumps(document), reception)


def batch_of(report: PutReport) -> Batch:
    assert report.batch_id is not None
    return Batch.objects.get(pk=report.batch_id)


Put = Callable[..., PutReport]


@pytest.fixture
def put(team: Team, now: datetime) -> Put:
    """Store documents as one request."""

    def store(*documents: dict[str, Any], at: datetime = now, team: Team = team, **more: Any) -> PutReport:
        events = [normalised(document, team.pk, at) for document in documents]
        partitions.ensure_days(event.day for event in events)
        with transaction.atomic():
            return put_batch(team_id=team.pk, events=events, ingested_at=at, **more)

    return store
