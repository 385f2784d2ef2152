"""What happens at the company between two times: deterministic, so that the same seed tells the same day again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from soc.demo.background import ordinary
from soc.demo.company import Company
from soc.demo.ecs import Document
from soc.demo.stories import STORIES, Outcome, Scene, Story

# How often a story of each outcome is told, relative to the others.
_WEIGHTS = {Outcome.ATTACK: 1, Outcome.LOOKALIKE: 6, Outcome.NEAR_MISS: 4}
_HOURS = (2, 2, 2, 2, 2, 3, 4, 7, 9, 10, 10, 10, 8, 9, 10, 10, 9, 7, 5, 4, 3, 3, 2, 2)


@dataclass(frozen=True, slots=True)
class Happening:
    """A story that was told, or a stretch of ordinary work (`story` is None), with its documents."""

    at: datetime
    story: Story | None
    documents: tuple[Document, ...]


def happenings(
    company: Company, seed: int, start: datetime, end: datetime, *, works_per_hour: float, stories_per_hour: float
) -> Iterator[Happening]:
    """All that happens in [start, end), in the order in which it begins. A piece of work is about three events."""
    rng = random.Random(f"{seed} {start.isoformat()} {end.isoformat()}")
    moments = [(at, False) for at in _moments(rng, start, end, works_per_hour)]
    moments += [(at, True) for at in _moments(rng, start, end, stories_per_hour, by_clock=False)]
    for at, is_story in sorted(moments):
        yield _story(company, rng, at) if is_story else Happening(at, None, tuple(ordinary(company, rng, at)))


def _moments(
    rng: random.Random, start: datetime, end: datetime, per_hour: float, *, by_clock: bool = True
) -> Iterator[datetime]:
    """Random times at `per_hour` on average; the office's hours see more than the night where `by_clock`."""
    seconds = (end - start).total_seconds()
    busy = _HOURS[start.hour] / (sum(_HOURS) / 24) if by_clock else 1.0
    expected = per_hour * busy * seconds / 3600
    count = int(expected) + (rng.random() < expected % 1)
    for _ in range(count):
        yield (start + timedelta(seconds=rng.uniform(0, seconds))).replace(microsecond=rng.randrange(1000) * 1000)


def _story(company: Company, rng: random.Random, at: datetime) -> Happening:
    story = rng.choices(STORIES, [_WEIGHTS[story.outcome] for story in STORIES])[0]
    return tell(story, company, rng, at)


def tell(story: Story, company: Company, rng: random.Random, at: datetime) -> Happening:
    """One story, told at `at`."""
    return Happening(at, story, tuple(story.tell(Scene(company, rng, at))))
