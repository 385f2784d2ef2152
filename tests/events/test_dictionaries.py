"""Small requests stay small: their blocks use a dictionary that was trained from what is stored."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from events import dictionaries, training
from events.models import ZstdDictionary
from events.store import read_batch
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db


def telemetry(number: int) -> dict[str, Any]:
    return {
        "_id": str(number),
        "host": {"name": f"host-{number % 50}"},
        "process": {"name": f"tool-{number % 30}", "pid": number},
        "message": f"a sentence that every event repeats, number {number * 7919 % 10_007}",
    }


def block_sizes() -> list[tuple[int | None, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT dictionary_id, length(data) FROM event_block ORDER BY id")
        return list(cursor.fetchall())


def test_a_dictionary_is_trained_once_there_is_enough_and_used_by_small_blocks(put: Put, now: datetime) -> None:
    put(telemetry(1))
    assert training.train_if_due(now) is None
    for start in range(100, 3_100, 100):
        put(*map(telemetry, range(start, start + 100)))
    number = training.train_if_due(now)
    assert number is not None
    assert training.train_if_due(now + timedelta(days=1)) is None
    report = put(telemetry(9_001))
    [event] = read_batch(batch_of(report))
    assert event.document().values("process.pid") == (9_001,)
    sizes = block_sizes()
    assert sizes[-1][0] == number
    assert sizes[-1][1] < sizes[0][1] * 0.7
    put(*map(telemetry, range(20_000, 20_200)))
    assert block_sizes()[-1][0] is None


def test_other_processes_read_what_was_written_with_it(put: Put, now: datetime) -> None:
    number = training.train(
        [f'{{"message":"{one * 7919 % 10_007} and again"}}'.encode() * 3 for one in range(4_000)], now
    )
    assert number is not None
    report = put(telemetry(1))
    from events.blocks import _dictionary

    _dictionary.cache_clear()
    dictionaries.forget_newest()
    assert len(read_batch(batch_of(report))) == 1
    assert ZstdDictionary.objects.count() == 1
