"""EQL over stored events finds what the engine finds over the same documents, of one team at a time, within bounds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from accounts.models import Team
from engine.languages.eql import parse_eql
from engine.running import Event, run_eql
from events.errors import TooDear
from events.searching import Window
from events.sequences import Found, find, piped
from events.store import StoredEvent, read_batch
from events.watching import Cancelled
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db
QUERIES = [
    "sequence by host.name [process where true] [network where true]",
    "sequence by host.name with maxspan=3s [process where true] [network where true]",
    'sequence [process where process.name == "a"] by host.name [network where true] by destination.name',
    "sequence by host.name with maxspan=5s [process where true] ![file where true] [network where true]",
    "sequence by host.name with maxspan=4s [process where true] [network where true] ![file where true]",
    "sequence by host.name [process where true] with runs=2 [network where true]",
    "sequence by host.name [process where true] [network where true] until [file where true]",
    "sample by host.name [process where true] [network where true]",
    "sequence by host.name [process where true] [network where true] | head 2",
    "sequence by host.name [process where true] [network where true] | tail 1",
    "sequence by ?user.name [process where true] [file where true]",
]


def documents(number: int, start: datetime) -> list[dict[str, Any]]:
    """Events of a few hosts with kinds and gaps that repeat, none at the same time as another."""
    chosen = Random(11)
    return [
        {
            "@timestamp": (start + timedelta(milliseconds=730 * place)).isoformat(),
            "event": {
                "category": chosen.choice(("process", "process", "network", "network", "file")),
                "id": str(place),
            },
            "host": {"name": f"h{chosen.randrange(3)}"},
            "process": {"name": chosen.choice("ab")},
            "destination": {"name": f"h{chosen.randrange(3)}"},
            **({"user": {"name": "u"}} if place % 4 == 0 else {}),
        }
        for place in range(number)
    ]


@pytest.fixture
def window(now: datetime) -> Window:
    return Window(now - timedelta(hours=1), now + timedelta(hours=1))


@pytest.fixture
def stored(put: Put, now: datetime) -> list[StoredEvent]:
    made = documents(90, now - timedelta(minutes=30))
    found: list[StoredEvent] = []
    for part in (made[50:], made[:50]):  # what is older came later
        found += read_batch(batch_of(put(*part)))
    return sorted(found, key=lambda event: event.time)


def asked(text: str, window: Window, team: Team, now: datetime, **more: Any) -> Found:
    return find(parse_eql(text), window=window, team_ids=[team.pk], now=now + timedelta(days=1), most=1_000, **more)


def ids(found: Found) -> list[list[str | None]]:
    return [
        [one.event.document().raw["event"]["id"] if one.event else None for one in match.steps]
        for match in reversed(found.matches)
    ]


@pytest.mark.parametrize("text", QUERIES)
def test_the_answer_is_the_engines(
    text: str, stored: list[StoredEvent], window: Window, team: Team, now: datetime
) -> None:
    given = [Event(number, event.index, event.document()) for number, event in enumerate(stored)]
    expected = [[None if line is None else str(line) for line in lines] for lines in run_eql(text, given)]
    found = asked(text, window, team, now)
    assert sorted(map(str, ids(found))) == sorted(map(str, expected))
    assert expected or "until" in text
    assert found.number == len(expected)
    assert not found.stopped
    assert found.back_to == window.start


def test_what_they_share_and_the_gaps_are_told(put: Put, window: Window, team: Team, now: datetime) -> None:
    put(
        {"@timestamp": now.isoformat(), "event.category": "process", "host.name": "web-1"},
        {"@timestamp": (now + timedelta(seconds=2)).isoformat(), "event.category": "network", "host.name": "web-1"},
    )
    [match] = asked(QUERIES[0], window, team, now).matches
    assert match.key == (("host.name", "web-1"),)
    assert match.at - match.started == timedelta(seconds=2)
    assert [one.step for one in match.steps] == [1, 2]


def test_events_of_different_teams_are_never_joined(
    put: Put, window: Window, team: Team, other_team: Team, now: datetime
) -> None:
    put({"@timestamp": now.isoformat(), "event.category": "process", "host.name": "web-1"})
    later = (now + timedelta(seconds=2)).isoformat()
    put({"@timestamp": later, "event.category": "network", "host.name": "web-1"}, team=other_team)
    both = [team.pk, other_team.pk]
    assert not find(parse_eql(QUERIES[0]), window=window, team_ids=both, now=now).matches


def test_an_event_that_may_still_come_is_not_missing_yet(put: Put, window: Window, team: Team, now: datetime) -> None:
    put({"@timestamp": now.isoformat(), "event.category": "process", "host.name": "web-1"})
    query = parse_eql("sequence by host.name with maxspan=1m [process where true] ![file where true]")
    for later, number in ((30, 0), (90, 1)):
        at = now + timedelta(seconds=later)
        assert len(find(query, window=window, team_ids=[team.pk], now=at).matches) == number


def test_beyond_the_bounds_the_newest_part_is_whole(
    stored: list[StoredEvent], window: Window, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.sequences._FIRST", 10)
    monkeypatch.setattr("events.stretches._GROWTH", 1)
    found = asked(QUERIES[0], window, team, now, most_candidates=40)
    assert found.stopped == "events"
    assert window.start < found.back_to < window.end
    exact = asked(QUERIES[0], Window(found.back_to, window.end), team, now)
    assert ids(found) == ids(exact) != []
    assert asked(QUERIES[0], window, team, now, seconds=0).stopped == "time"


def test_a_search_that_nobody_wants_any_more_ends(
    stored: list[StoredEvent], window: Window, team: Team, now: datetime
) -> None:
    def watch(_examined: int, _back_to: datetime | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        asked(QUERIES[0], window, team, now, watch=watch)


def test_joining_that_takes_too_long_is_stopped(
    stored: list[StoredEvent], window: Window, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_deadline: float) -> Callable[[], None]:
        from engine.pipelines.budget import BudgetExceeded

        def check() -> None:
            raise BudgetExceeded("joining took too long")

        return check

    monkeypatch.setattr("events.sequences._check", slow)
    with pytest.raises(TooDear):
        asked(QUERIES[0], window, team, now)


@pytest.mark.parametrize("pipes", ["| head 3", "| tail 3", "| head 9 | tail 2", "| tail 9 | head 2"])
def test_pipes_choose_the_first_or_last_events(
    pipes: str, stored: list[StoredEvent], window: Window, team: Team
) -> None:
    text = f"process where true {pipes}"
    given = [Event(number, event.index, event.document()) for number, event in enumerate(stored)]
    expected = [stored[line].uid for (line,) in run_eql(text, given) if line is not None]
    found, stopped = piped(parse_eql(text), window=window, team_ids=[team.pk])
    assert [event.uid for event in reversed(found)] == expected
    assert not stopped
