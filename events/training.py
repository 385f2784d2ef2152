"""Training the dictionaries of small blocks from documents that are stored already, once there are enough."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
import zstandard
from django.db import connection, transaction

from events.blocks import unpack
from events.dictionaries import forget_newest
from events.errors import BlockError
from events.models import ZstdDictionary

log = structlog.get_logger(__name__)

SIZE_BYTES = 110_000
ENOUGH_DOCUMENTS = 2_000
TRAINED_AGAIN_AFTER = timedelta(days=14)
_SAMPLED_BLOCKS = 400
_SAMPLED_OF_A_BLOCK = 100
_LOCK = 0x77627A64


def train_if_due(now: datetime) -> int | None:
    """Train a dictionary from recent documents when there is none or it is old; gives its number if it did.

    Costs a second or two of one processor. One process at a time; the others pass by.
    """
    newest = ZstdDictionary.objects.order_by("-id").first()
    if newest is not None and newest.trained_at > now - TRAINED_AGAIN_AFTER:
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            return None
        return train(_samples(), now)


def train(samples: Sequence[bytes], now: datetime) -> int | None:
    """Train from these small payloads and keep the result. None when they are too few or too alike."""
    if len(samples) < ENOUGH_DOCUMENTS:
        return None
    try:
        data = zstandard.train_dictionary(SIZE_BYTES, list(samples)).as_bytes()
    except zstandard.ZstdError:
        log.info("no dictionary: the stored documents are too few or too alike", samples=len(samples))
        return None
    number = ZstdDictionary.objects.create(trained_at=now, data=data).pk
    forget_newest()
    return number


def _samples() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, format, dictionary_id, data FROM event_block ORDER BY id DESC LIMIT %s", [_SAMPLED_BLOCKS]
        )
        rows = cursor.fetchall()
    samples: list[bytes] = []
    for day, form, number, data in rows:
        try:
            samples += unpack(day, form, number, bytes(data)).lines[:_SAMPLED_OF_A_BLOCK]
        except BlockError:
            log.warning("a block could not be read for training")
    return samples
