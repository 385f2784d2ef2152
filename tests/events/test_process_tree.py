"""A process is shown among its relatives, as far as events of them are stored."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from events.process_tree import around
from events.store import StoredEvent, read_batch
from events.templatetags.processes import process_chain, process_tree
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db
SAID = "What started it was not recorded."


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


def wrote(entity: str, now: datetime, **more: Any) -> dict[str, Any]:
    """A file event of a process, which says nothing of what started it."""
    return did(entity, "file", now, **more) | {"_id": f"file-{entity}", "file": {"path": "/root/.ssh/authorized_keys"}}


def written(put: Put, *documents: dict[str, Any]) -> StoredEvent:
    """The last of these events, stored."""
    return next(event for event in read_batch(batch_of(put(*documents))) if event.document().values("file.path"))


def test_an_event_that_says_nothing_of_its_parent_has_the_ancestors_of_its_process(put: Put, now: datetime) -> None:
    event = written(
        put,
        started(2, 1, "sshd", now),
        started(3, 2, "bash", now),
        started(4, 3, "emacs", now, user={"name": "root"}),
        started(5, 3, "ls", now),
        wrote("p4", now),
    )
    tree = around(event=event)
    assert tree is not None
    assert [node.name for node in tree.ancestors] == ["parent of sshd", "sshd", "bash"]
    assert [node.name for node in tree.siblings] == ["ls"]
    assert (tree.process.name, tree.process.command_line, tree.process.user) == ("emacs", "emacs -x", "root")
    assert (tree.process.ref, tree.process.time) == (event.ref, event.time)
    chain = around(event=event, whole=False)
    assert chain is not None
    assert chain.ancestors == tuple(replace(node, deeds={}) for node in tree.ancestors)
    assert chain.process == replace(tree.process, deeds={})


def test_looking_for_what_started_it_costs_one_query_and_only_where_the_event_does_not_say(
    put: Put, now: datetime, django_assert_num_queries: Any
) -> None:
    events = stored(put, started(2, 1, "sshd", now), started(3, 2, "bash", now))
    file = written(put, wrote("p3", now))
    with django_assert_num_queries(3):  # the relatives, their blocks, what they did
        around(event=events["bash"])
    with django_assert_num_queries(4):
        around(event=file)
    with django_assert_num_queries(2):
        around(event=events["bash"], whole=False)
    with django_assert_num_queries(3):
        around(event=file, whole=False)


def test_a_parent_that_only_the_start_names_is_told(put: Put, now: datetime) -> None:
    start = started(4, 3, "emacs", now)
    del start["process"]["parent"]["entity_id"]
    tree = around(event=written(put, start, wrote("p4", now)))
    assert tree is not None
    assert [(node.name, node.ref) for node in tree.ancestors] == [("parent of emacs", None)]


def test_where_nothing_tells_what_started_it_that_is_said(put: Put, other_team: Team, now: datetime) -> None:
    put(started(4, 3, "emacs", now), team=other_team)
    tree = around(event=written(put, wrote("p4", now)))
    assert tree is not None
    assert tree.ancestors == ()
    assert SAID in process_tree(tree)
    assert SAID in process_chain(tree)


def test_the_first_process_of_a_host_was_started_by_none(put: Put, now: datetime) -> None:
    document = did("p1", "network", now)
    document["process"] |= {"name": "systemd", "pid": 1}
    [event] = read_batch(batch_of(put(document)))
    tree = around(event=event)
    assert tree is not None
    assert SAID not in process_tree(tree)


def test_of_events_that_happened_together_the_one_that_names_a_parent_tells_it(
    put: Put, now: datetime, django_assert_num_queries: Any
) -> None:
    events = stored(put, started(2, 1, "nginx", now), started(3, 2, "sh", now))
    file, nobodys = written(put, wrote("p3", now)), written(put, wrote("p9", now))
    with django_assert_num_queries(3):  # the step is at hand
        tree = around(event=file, others=[file, events["sh"]])
    assert tree is not None
    assert [node.name for node in tree.ancestors] == ["parent of nginx", "nginx"]
    assert tree.process.ref == file.ref
    other = around(event=nobodys, others=[nobodys, events["sh"]])
    assert other is not None
    assert [node.name for node in other.ancestors] == ["parent of nginx", "nginx"]
    assert other.process.ref == events["sh"].ref
    [silent] = read_batch(batch_of(put({"message": "an event about no process"})))
    assert around(event=silent, others=[silent, events["sh"]]) == other
