"""Events written as `r|AB3`: fits steps A and B, key r, second 3. See tests/cases/joining/sequences.toml."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.joining import Candidate, Match, order_of
from engine.plan import UNTIL, JoinKey, Sample, Sequence, Step
from engine.tree import MatchAll

EPOCH = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    name: str
    letters: str
    key: tuple[str | None, ...]
    second: int


def at(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


def events_in(text: str) -> list[Event]:
    return [_event(word) for word in text.split()]


def _event(word: str) -> Event:
    found = re.fullmatch(r"(?:(?P<key>[^|]+)\|)?(?P<letters>[A-Z]+)(?P<second>\d+)", word)
    assert found, word
    key = found["key"]
    return Event(
        f"{found['letters']}{found['second']}",
        found["letters"],
        () if key is None else (None if key == "?" else key,),
        int(found["second"]),
    )


def letters_of(steps: list[str]) -> list[str]:
    return [step.lstrip("!")[0] for step in steps]


def sequence_of(steps: list[str], maxspan: int | None = None, until: str | None = None) -> Sequence:
    span = None if maxspan is None else timedelta(seconds=maxspan)
    return Sequence(tuple(map(_step, steps)), span, Step(MatchAll()) if until else None)


def sample_of(steps: list[str]) -> Sample:
    return Sample(tuple(map(_step, steps)))


def _step(text: str) -> Step:
    _, _, runs = text.partition("*")
    return Step(MatchAll(), (JoinKey("k"),), text.startswith("!"), int(runs or 1))


def candidates_in(events: list[Event], steps: list[str], until: str | None = None) -> list[Candidate]:
    """A candidate for every step that an event fits; arrival is the place in the list."""
    parts = [(letter, str(number)) for number, letter in enumerate(letters_of(steps), 1)]
    parts += [(until, UNTIL)] if until else []
    return [
        Candidate(part, event.key, at(event.second), order_of(at(event.second), None, arrival), (event.name, arrival))
        for arrival, event in enumerate(events)
        for letter, part in parts
        if letter in event.letters
    ]


def told(match: Match) -> str:
    """The match in the notation of the cases."""
    assert isinstance(match.key, tuple)
    prefix = "".join(f"{value or '?'}|" for value in match.key)
    return prefix + " ".join("-" if ref is None else str(ref[0]) for ref in match.refs)
