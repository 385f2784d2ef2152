"""Events to post: the demo company's ordinary work, each event with an id of its own, written out beforehand."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from soc.demo.background import ordinary
from soc.demo.company import found
from soc.demo.ecs import stamp
from soc.demo.stories import STORIES, Scene

_COMPANY = found(7)
_FIRING = next(story for story in STORIES if story.name == "shadow copies deleted")


def events(seed: int) -> Iterator[dict[str, Any]]:
    """Ordinary work without end."""
    rng = random.Random(seed)
    while True:
        for document in ordinary(_COMPANY, rng, datetime.now(UTC)):
            yield document | {"_id": uuid.uuid4().hex}


def bodies(count: int, size: int, seed: int = 1) -> list[bytes]:
    """`count` NDJSON bodies of `size` events."""
    source = events(seed)
    return [b"\n".join(orjson.dumps(next(source)) for _ in range(size)) for _ in range(count)]


def firing() -> list[dict[str, Any]]:
    """A story that raises one alert, on its last event, happening now."""
    now = datetime.now(UTC)
    told = _FIRING.tell(Scene(_COMPANY, random.Random(str(now)), now))
    return [document | {"_id": uuid.uuid4().hex, "@timestamp": stamp(now)} for document in told]
