"""The demo's agents at a door that is shut, or that refuses them: nothing is sent for ever, nothing good is lost."""

from datetime import UTC, datetime

import httpx
import pytest

from soc.demo.company import found
from soc.demo.live import LiveTelemetry

_NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


class Door:
    """A web server that gives the answers of a list, then 200."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.keys, self.bodies = [], []

    def __call__(self, request):
        self.keys.append(request.headers["Authorization"].removeprefix("ApiKey "))
        self.bodies.append(request.content)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)


def _telemetry():
    return LiveTelemetry(found(7), 7, "http://demo.example", "old", lambda: "new", 2.0)


def _send_twice(door):
    """The same event offered to the door, then whatever is due once more; gives the pauses between."""
    telemetry = _telemetry()
    with httpx.Client(transport=httpx.MockTransport(door)) as client:
        first = telemetry._send(client, [{"@timestamp": "2026-11-20T13:59:00.000Z"}])
        telemetry._send(client, telemetry._take_due(_NOW))
    return first


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_renewed_and_the_events_are_sent_with_the_new_one(status, capsys):
    door = Door(status)
    assert _send_twice(door) == 3.0
    assert door.keys == ["old", "new"]
    assert door.bodies[0] == door.bodies[1]
    assert "key was refused" in capsys.readouterr().out


@pytest.mark.parametrize("status", [400, 413, 415])
def test_what_is_never_taken_is_dropped_with_a_sentence(status, capsys):
    door = Door(status)
    _send_twice(door)
    assert len(door.bodies) == 1
    assert f"answered {status} and will not take these 1 events" in capsys.readouterr().out


@pytest.mark.parametrize("trouble", [429, 500, 503, httpx.ConnectError("refused")])
def test_a_shut_door_is_tried_again_with_the_same(trouble):
    door = Door(trouble)
    _send_twice(door)
    assert door.keys == ["old", "old"]
    assert door.bodies[0] == door.bodies[1]
