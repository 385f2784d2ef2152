"""Which hosts are silent, off the clock or dropping, and in which order."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.keys import create_key, revoke_key
from accounts.models import ApiKey
from events import senders
from events.models import Sender
from soc.health import agents
from soc.web import clock
from tests.health.conftest import NOW, send
from tests.people import People, sign_in

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def rows(people: People, **more: object) -> list[agents.AgentRow]:
    told: dict[str, object] = {"team_ids": [people.core.pk], "now": NOW, "state": "", "find": "", "after": None}
    return agents.page(**(told | more))[1]  # type: ignore[arg-type]


def states(people: People) -> dict[str, str]:
    return {row.sender.host: row.sender.state for row in rows(people)}


def test_each_state_comes_from_what_was_sent_and_the_worst_come_first(people: People) -> None:
    send(people.key, NOW - 40 * MINUTE, "nas-01")
    send(people.key, NOW - 2 * HOUR, "dev-vm-22")
    send(people.key, NOW - MINUTE, "gpu-lab-03", ago=-280 * SECOND)
    send(people.key, NOW - MINUTE, "late-01", ago=HOUR)
    send(people.key, NOW - MINUTE, *["web-prod-03"] * 9, body=b'{"host.name":"web-prod-03"')
    send(people.key, NOW - SECOND, "web-prod-11", agent={"type": "filebeat", "version": "8.17.0"})
    found = rows(people)
    assert [(row.sender.host, row.sender.state) for row in found] == [
        ("nas-01", "silent"), ("dev-vm-22", "silent"), ("gpu-lab-03", "clock"), ("late-01", "clock"),
        ("web-prod-03", "dropping"), ("web-prod-11", "fine"),
    ]  # fmt: skip
    assert [row.clock for row in found[2:4]] == ["+4 m 40 s", "−1 h"]
    assert found[4].known == "10.0 % refused: not json"
    assert found[5].sender.agent == "filebeat 8.17.0"
    assert senders.count(team_ids=[people.core.pk], now=NOW).by_state == {
        "silent": 2, "clock": 2, "dropping": 1, "fine": 1,
    }  # fmt: skip


def test_a_host_that_reports_hourly_is_waited_for(people: People) -> None:
    for number in range(12, 0, -1):
        send(people.key, NOW - number * HOUR, "nightly")
    assert states(people) == {"nightly": "fine"}
    later = agents.page(team_ids=[people.core.pk], now=NOW + 5 * HOUR, state="", find="", after=None)[1]
    assert [row.sender.state for row in later] == ["silent"]


def test_a_host_that_goes_on_with_another_key_is_not_silent(people: People) -> None:
    other, _ = create_key(name="new key", team=people.core, actor=None, now=NOW)
    send(people.key, NOW - 2 * HOUR, "web-1", "web-2")
    send(other, NOW - MINUTE, "web-1")
    assert [(row.sender.host, row.sender.key_name, row.sender.state) for row in rows(people)] == [
        ("web-2", "agent", "silent"), ("web-1", "new key", "fine"),
    ]  # fmt: skip


def test_why_it_is_silent_is_said_where_we_know_it(people: People) -> None:
    send(people.key, NOW - 2 * HOUR, "web-1", event={"action": "shutdown", "dataset": "system.syslog"})
    assert rows(people)[0].known == "last word: shutdown in system.syslog"
    revoke_key(key=people.key, actor=None, now=NOW - HOUR)
    assert rows(people)[0].known == "its key was revoked"
    ApiKey.objects.filter(pk=people.key.pk).delete()
    assert rows(people)[0].known == "its key is gone"


def test_what_was_not_heard_for_a_week_is_no_longer_known(people: People) -> None:
    send(people.key, NOW - timedelta(days=8), "old-1")
    assert rows(people) == []


def test_one_finds_hosts_by_state_and_text_and_pages_by_key(people: People) -> None:
    send(people.key, NOW - MINUTE, *(f"web-{number:03}" for number in range(120)), "db%1")
    page, first = agents.page(team_ids=[people.core.pk], now=NOW, state="fine", find="WEB-", after=None)
    _, rest = agents.page(team_ids=[people.core.pk], now=NOW, state="fine", find="WEB-", after=page.next_key)
    assert len(first) == 100
    assert len({row.sender.host for row in first + rest}) == 120
    assert [row.sender.host for row in rows(people, find="%")] == ["db%1"]
    assert rows(people, state="silent") == []


def test_the_pages_show_own_teams_only_and_hostile_names_harmlessly(people: People) -> None:
    now = clock.now()
    evil = '"><script>alert(1)</script>\u202e<img src=x>'
    send(people.key, now - MINUTE, evil, agent={"type": "<b>", "version": '"'})
    for address in ("/health/", "/health/agents/", "/health/agents/?q=script", "/health/agents/?state=fine&after=x"):
        text = sign_in(people.vera).get(address).content.decode()
        assert "alert(1)" in text, address
        assert "<script>alert" not in text, address
        assert "<img" not in text, address
        assert "\u202e" not in text, address
        assert "alert(1)" not in sign_in(people.otto).get(address).content.decode(), address
    part = sign_in(people.vera).get("/health/agents/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_the_number_of_queries_does_not_grow_with_the_number_of_hosts(people: People) -> None:
    send(people.key, clock.now() - MINUTE, "web-1")
    client, counts = sign_in(people.vera), []
    for address in ("/health/", "/health/agents/"):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    send(people.key, clock.now() - 30 * MINUTE, *(f"host-{number}" for number in range(300)))
    more = []
    for address in ("/health/", "/health/agents/"):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        more.append(len(queries))
    assert all(later <= before + 1 for before, later in zip(counts, more, strict=True)), (counts, more)
    assert Sender.objects.count() == 301


@pytest.mark.parametrize(("ahead_ms", "words"), [(None, ""), (0, "+0.0 s"), (-1_500, "−1.5 s"), (59_000, "+59.0 s")])
def test_a_clock_is_told_with_its_sign(ahead_ms: int | None, words: str) -> None:
    assert agents._clock(ahead_ms) == words
