"""EQL over the API: what the search page finds, for programs."""

from typing import Any

import pytest

from tests.api.world import Site

pytestmark = pytest.mark.django_db


def ask(site: Site, query: str, who: str = "ana", **more: Any) -> Any:
    return site.call(who, "POST", "events/eql", {"query": query, **more})


def test_sequences_have_their_key_and_events(site):
    steps = "[process where true] ![file where true] [process where true]"
    answer = ask(site, f"sequence by host.name with maxspan=1d {steps}").json()
    assert answer["number"] == len(answer["matches"]) > 0
    first = answer["matches"][0]
    assert first["key"][0]["field"] == "host.name"
    assert [event["missing"] for event in first["events"]] == [False, True, False]
    assert first["events"][1]["id"] is None
    found = first["events"][0]
    event = site.call("ana", "GET", f"events/{found['id']}?day={found['day']}")
    assert event.status_code == 200


def test_single_events_and_pipes(site):
    assert len(ask(site, "process where true", limit=1).json()["matches"]) == 1
    assert len(ask(site, "process where true | head 2 | tail 1").json()["matches"]) == 1


def test_mistakes_say_where(site):
    answer = ask(site, "process where process.name = 1")
    assert answer.status_code == 400
    assert "Line 1, column" in answer.json()["error"]["detail"]
    assert ask(site, "process where true", start="yesterday").status_code == 400


def test_only_events_of_ones_teams_are_read(site):
    assert ask(site, "process where true", who="otto").json()["matches"] == []
