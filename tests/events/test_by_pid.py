"""Without entity ids the processes above one are found by their numbers, as far as time and names allow."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from events import by_pid
from events.process_tree import MAX_ANCESTORS, ProcessTree, around
from events.store import StoredEvent, read_batch
from events.templatetags.processes import process_tree
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db
SAID = "parent not recorded; nearest ancestor by pid shown"


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is found in a tenth of a second does not belong here."""
    monkeypatch.setattr(by_pid, "SECONDS", 20.0)


def event(pid: int, parent: int, name: str, at: datetime, kind: str = "start", **more: Any) -> dict[str, Any]:
    process = {"name": name, "pid": pid, "parent": {"pid": parent}} | more.pop("process", {})
    return {
        "_id": f"{pid} {name} {kind} {at.isoformat()}",
        "@timestamp": at.isoformat(),
        "event": {"category": ["process"], "type": [kind]},
        "host": {"name": "db-1"},
        "process": process,
        **more,
    }


def stored(put: Put, *documents: dict[str, Any]) -> StoredEvent:
    """The last of them, as it is stored."""
    wanted = documents[-1]["@timestamp"]
    found = read_batch(batch_of(put(*documents)))
    return next(one for one in found if one.time.isoformat() == wanted and _name(one) == _told(documents[-1]))


def _name(one: StoredEvent) -> tuple[str, str]:
    return str(one.document().values("process.name")[0]), str(one.document().values("process.pid")[0])


def _told(document: dict[str, Any]) -> tuple[str, str]:
    return document["process"]["name"], str(document["process"]["pid"])


def names(tree: ProcessTree | None) -> list[str]:
    assert tree is not None
    return [node.name for node in tree.ancestors]


def minutes(now: datetime, number: int) -> datetime:
    return now - timedelta(minutes=number)


def test_the_nearest_ancestors_are_shown_and_the_page_says_how_they_were_found(put: Put, now: datetime) -> None:
    perl = stored(
        put,
        event(10, 1, "sshd", minutes(now, 50)),
        event(20, 10, "bash", minutes(now, 40)),
        event(30, 20, "perl", minutes(now, 30)),
    )
    tree = around(event=perl)
    assert names(tree) == ["sshd", "bash"]
    assert tree is not None
    assert (tree.by_ids, tree.by_pid, tree.cut_above) == (False, True, False)
    assert all(node.ref for node in tree.ancestors)
    assert SAID in process_tree(tree)


def test_without_an_ancestor_that_is_stored_the_page_says_nothing_of_numbers(put: Put, now: datetime) -> None:
    tree = around(event=stored(put, event(30, 20, "perl", now)))
    assert tree is not None
    assert (tree.ancestors, tree.by_pid) == ((), False)
    assert SAID not in process_tree(tree)


def test_what_is_above_the_topmost_is_told_and_a_gap_is_said(put: Put, now: datetime) -> None:
    told = {"parent": {"pid": 10, "name": "sshd"}}
    perl = stored(put, event(20, 10, "bash", minutes(now, 9), process=told), event(30, 20, "perl", now))
    tree = around(event=perl)
    assert tree is not None
    assert [(node.name, node.ref is None) for node in tree.ancestors] == [("sshd", True), ("bash", False)]
    assert tree.cut_above


def test_of_a_number_that_was_given_out_again_the_latest_before_the_child_is_taken(put: Put, now: datetime) -> None:
    perl = stored(
        put,
        event(20, 1, "older", minutes(now, 50)),
        event(20, 1, "bash", minutes(now, 40)),
        event(20, 1, "later", minutes(now, 10)),
        event(30, 20, "perl", minutes(now, 30)),
    )
    assert names(around(event=perl)) == ["bash"]


def test_a_process_that_had_ended_is_no_parent(put: Put, now: datetime) -> None:
    perl = stored(
        put,
        event(20, 1, "bash", minutes(now, 50)),
        event(20, 1, "bash", minutes(now, 40), "end"),
        event(30, 20, "perl", minutes(now, 30)),
    )
    assert names(around(event=perl)) == []


def test_one_that_the_child_calls_otherwise_is_no_parent(put: Put, now: datetime) -> None:
    called = {"parent": {"pid": 20, "name": "cron"}}
    perl = stored(put, event(20, 1, "bash", minutes(now, 50)), event(30, 20, "perl", now, process=called))
    tree = around(event=perl)
    assert names(tree) == ["cron"]
    assert tree is not None
    assert tree.ancestors[0].ref is None


def test_an_event_long_after_the_start_is_traced_from_the_start(put: Put, now: datetime) -> None:
    change = stored(
        put,
        event(20, 1, "bash", minutes(now, 50)),
        event(30, 20, "perl", minutes(now, 40)),
        event(20, 1, "later", minutes(now, 20)),
        event(30, 20, "perl", now, "change"),
    )
    assert names(around(event=change)) == ["bash"]


def test_a_ring_of_forged_numbers_at_one_moment_ends(put: Put, now: datetime) -> None:
    one = stored(put, event(20, 30, "a", now), event(30, 30, "self", now), event(30, 20, "b", now))
    assert len(names(around(event=one))) <= 3


def test_a_chain_is_followed_to_a_bound(put: Put, now: datetime) -> None:
    last = stored(put, *(event(100 + n, 99 + n, f"n{n}", minutes(now, 60 - n)) for n in range(40)))
    assert len(names(around(event=last))) == MAX_ANCESTORS


def test_other_hosts_other_teams_and_other_days_have_no_part(put: Put, other_team: Team, now: datetime) -> None:
    put(event(20, 1, "elsewhere", minutes(now, 5), host={"name": "db-2"}))
    put(event(20, 1, "theirs", minutes(now, 5)), team=other_team)
    put(event(20, 1, "long ago", now - timedelta(hours=30)))
    assert names(around(event=stored(put, event(30, 20, "perl", now)))) == []


def test_no_more_events_are_looked_at_than_the_bound(
    put: Put, now: datetime, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(by_pid, "MOST_EVENTS", 5)
    noise = [event(1000 + n, 1, "cc", minutes(now, 20)) for n in range(10)]
    perl = stored(put, event(20, 1, "bash", minutes(now, 50)), *noise, event(30, 20, "perl", now))
    with django_assert_max_num_queries(8):
        assert names(around(event=perl)) == []


def test_a_preview_does_not_look(put: Put, now: datetime, django_assert_num_queries: Any) -> None:
    perl = stored(put, event(20, 1, "bash", minutes(now, 50)), event(30, 20, "perl", now))
    perl.document()
    with django_assert_num_queries(0):
        assert names(around(event=perl, whole=False)) == []
