"""A process is shown among its relatives, as far as events of them are stored."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from events.process_tree import around
from events.store import StoredEvent, read_batch
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db


def started(number: int, parent: int, name: str, now: datetime, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"{number}-{name}",
        "@timestamp": (now - timedelta(minutes=60 - number)).isoformat(),
        "event": {"category": ["process"], "type": ["start"]},
        "process": {
            "entity_id": f"p{number}", "name": name, "pid": number, "args": [name, "-x"],
            "parent": {"entity_id": f"p{parent}", "name": f"parent of {name}"},
        },
        **more,
    }  # fmt: skip


def stored(put: Put, *documents: dict[str, Any]) -> dict[str, StoredEvent]:
    events = read_batch(batch_of(put(*documents)))
    return {str(event.document().values("process.name")[0]): event for event in events}


def test_ancestors_children_and_siblings(put: Put, now: datetime) -> None:
    events = stored(
        put,
        started(2, 1, "sshd", now),
        started(3, 2, "bash", now, user={"name": "root"}),
        started(4, 3, "perl", now),
        started(5, 4, "sh", now),
        started(6, 3, "ls", now),
        {
            "process": {"entity_id": "p4", "name": "a file event", "parent": {"entity_id": "p3"}},
            "event.category": "file",
        },
    )
    tree = around(event=events["perl"])
    assert tree is not None
    assert [node.name for node in tree.ancestors] == ["parent of sshd", "sshd", "bash"]
    assert [node.ref is None for node in tree.ancestors] == [True, False, False]
    assert tree.ancestors[2].user == "root"
    assert [node.name for node in tree.children] == ["sh"]
    assert [node.name for node in tree.siblings] == ["ls"]
    assert tree.process.command_line == "perl -x"
    assert not tree.more


def test_a_ring_of_forged_ids_ends(put: Put, now: datetime) -> None:
    events = stored(put, started(1, 2, "a", now), started(2, 1, "b", now))
    tree = around(event=events["a"])
    assert tree is not None
    assert [node.name for node in tree.ancestors] == ["b"]


def test_an_event_without_a_process_has_no_tree(put: Put, now: datetime) -> None:
    [event] = read_batch(batch_of(put({"message": "x"})))
    assert around(event=event) is None


def test_other_teams_processes_are_no_relatives(put: Put, other_team: Team, now: datetime) -> None:
    put(started(2, 1, "theirs", now), team=other_team)
    events = stored(put, started(1, 0, "ours", now))
    tree = around(event=events["ours"])
    assert tree is not None
    assert tree.children == ()


def test_lists_are_cut_and_say_so(put: Put, now: datetime) -> None:
    events = stored(put, started(1, 0, "make", now), *(started(number, 1, "cc", now) for number in range(2, 60)))
    tree = around(event=events["make"])
    assert tree is not None
    assert len(tree.children) == 50
    assert tree.more


def did(entity: str, category: str, now: datetime, **more: Any) -> dict[str, Any]:
    return {"@timestamp": now.isoformat(), "event": {"category": [category]}, "process": {"entity_id": entity}, **more}


def test_each_process_says_what_it_did_besides(put: Put, now: datetime) -> None:
    events = stored(put, started(2, 1, "sshd", now), started(3, 2, "bash", now), started(4, 3, "curl", now))
    put(*(did("p3", "file", now) for _ in range(3)), did("p4", "network", now))
    put(did("p4", "network", now, data_stream={"dataset": "endpoint.events.dns"}), did("p4", "registry", now))
    tree = around(event=events["bash"])
    assert tree is not None
    assert tree.process.deeds == {"file": 3}
    assert tree.children[0].deeds == {"network": 1, "dns": 1, "registry": 1}
    assert tree.ancestors[-1].deeds == {}


def test_it_goes_up_to_the_top_in_few_queries(put: Put, now: datetime, django_assert_max_num_queries: Any) -> None:
    events = stored(put, *(started(number, number - 1, f"n{number}", now) for number in range(1, 20)))
    with django_assert_max_num_queries(8):
        tree = around(event=events["n19"])
    assert tree is not None
    assert [node.name for node in tree.ancestors[1:]] == [f"n{number}" for number in range(1, 19)]
    assert tree.ancestors[0].name == "parent of n1"
    with django_assert_max_num_queries(2):
        chain = around(event=events["n19"], whole=False)
    assert chain is not None
    assert chain.ancestors == tuple(replace(node, deeds={}) for node in tree.ancestors)


def test_without_entity_ids_the_event_tells_of_its_parent(put: Put, now: datetime) -> None:
    [event] = read_batch(batch_of(put({"process": {"name": "sh", "parent": {"name": "sshd"}}})))
    tree = around(event=event)
    assert tree is not None
    assert not tree.by_ids
    assert [node.name for node in tree.ancestors] == ["sshd"]


def test_a_process_with_very_many_events_is_looked_at_to_a_bound(put: Put, now: datetime) -> None:
    events = stored(put, started(2, 1, "dns", now), started(3, 2, "kid", now))
    put(*(did("p2", "network", now) for _ in range(700)))
    tree = around(event=events["kid"])
    assert tree is not None
    assert tree.ancestors[-1].name == "dns"
    assert tree.ancestors[-1].deeds == {"network": 500}
