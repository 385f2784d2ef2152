"""ES|QL over the API: rows with the events they are, errors with their place, bounds with their codes."""

from typing import Any

import pytest

from tests.api.world import Site


def ask(site: Site, who: str, query: str, **more: Any) -> Any:
    return site.call(who, "POST", "events/esql", {"query": query, **more})


def test_rows_name_their_columns_and_their_events(site: Site) -> None:
    told = ask(site, "vera", 'FROM logs-* | WHERE process.name == "perl" | KEEP @timestamp, host.name', limit=2).json()
    assert [column["name"] for column in told["columns"]] == ["@timestamp", "host.name"]
    assert [column["type"] for column in told["columns"]] == ["date", "keyword"]
    assert len(told["rows"]) == len(told["events"]) == 2
    assert told["more"]
    event = site.call("vera", "GET", f"events/{told['events'][0]['id']}").json()
    assert event["document"]["host"]["name"] == told["rows"][0][1]
    assert event["time"][:19] == told["rows"][0][0][:19]


def test_groups_are_counted(site: Site) -> None:
    told = ask(site, "vera", "FROM logs-* | STATS n = COUNT(*)").json()
    assert told["rows"] == [[told["examined"]]]
    assert told["events"] == []
    assert not told["more"]
    assert not told["stopped"]


def test_what_cannot_be_read_is_told_with_its_place(site: Site) -> None:
    answer = ask(site, "vera", "FROM logs-*\n| WHERE host.name = 3")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "bad_query"
    assert error["fields"]["query"][0].startswith("Line 2, column")
    assert ask(site, "vera", "FROM *", start="yesterday").json()["error"]["fields"]["start"]


def test_bounds_have_codes(site: Site, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr("events.pipelines.BYTES", -(1 << 40))
    answer = ask(site, "vera", "FROM * | STATS n = COUNT(*)")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "too_dear")
    monkeypatch.setattr("events.turns._PATIENCE_SECONDS", 0)
    settings.PIPELINES_AT_ONCE = 0
    answer = ask(site, "vera", "FROM * | LIMIT 1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "try_again")
    assert answer["Retry-After"] == "5"


def test_other_teams_events_are_not_there(site: Site) -> None:
    assert ask(site, "otto", 'FROM * | WHERE process.name == "perl" | STATS n = COUNT(*)').json()["rows"] == [[0]]
