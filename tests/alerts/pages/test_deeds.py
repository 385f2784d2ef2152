"""What folds: the same deed done again, and never two that differ in who or what was acted upon."""

import time
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps

from alerts.deeds import DIFFERING, deed_of
from alerts.evaluation import judge_lookbacks
from alerts.evidence_line import without_marks
from alerts.models import Alert
from alerts.selectors.sentence import summary_sentence
from engine import Document
from rules.loading import load_rules
from tests.alerts.pages.world import PACK, World


def member_added(world: World, minutes: int, member: str) -> dict[str, Any]:
    return {
        "@timestamp": (world.now - timedelta(minutes=minutes)).isoformat(),
        "data_stream": {"type": "logs", "dataset": "system.security", "namespace": "default"},
        "event": {
            "category": ["iam"], "type": ["group", "change"], "action": "added-member-to-group", "code": "4728",
            "outcome": "success", "id": f"m{minutes}",
        },
        "host": {"name": "dc-01", "os": {"type": "windows"}},
        "user": {"name": "gnowak", "target": {"name": member, "group": {"name": "Domain Admins"}}},
        "group": {"name": "Domain Admins"},
        "winlog": {"channel": "Security", "event_id": "4728", "record_id": str(9_000 + minutes)},
    }  # fmt: skip


def test_each_new_member_of_a_privileged_group_waits_by_itself(world: World) -> None:
    paths = [PACK / "windows_privileged_group_member.toml"]
    load_rules(paths=paths, source="pack", actor=None, now=world.now - timedelta(days=1), enable=True)
    judge_lookbacks(now=world.now, worker=uuid4())
    names = ["support-helper", "backdoor$evil", "guest", "guest"]
    alerts = world.send(member_added(world, minutes, name) for minutes, name in enumerate(names, 1))
    assert len(alerts) == 4
    assert len({bytes(alert.fold or b"") for alert in alerts}) == 3  # the guest was added twice
    told = {without_marks(alert.evidence).split(" success")[0] for alert in alerts}
    assert told == {f"gnowak added-member-to-group → {name} in Domain Admins" for name in names}
    sentence = "".join(part.text for part in summary_sentence(alerts[0]))
    assert sentence.startswith(f"gnowak performed added-member-to-group upon {names[0]} in Domain Admins on dc-01 at")


@pytest.mark.parametrize(
    "fields",
    [
        {"user__target": {"name": "root"}},
        {"user__effective": {"name": "root"}},
        {"group": {"name": "wheel"}},
        {"source__ip": "203.0.113.9"},
        {"source__port": 22},
        {"destination__ip": "203.0.113.9"},
        {"destination__port": 445},
        {"destination__bytes": 40_000_000},
        {"dns__question": {"name": "evil.example"}},
        {"url": {"original": "/shell"}},
        {"user_agent": {"original": "curl"}},
        {"service": {"name": "backup"}},
        {"email": {"to": {"address": ["a@tidewater.example"]}}},
        {"cloud": {"account": {"id": "2"}}},
        {"okta": {"target": [{"alternate_id": "a@tidewater.example"}]}},
        {"process__working_directory": "/root"},
        {"process__pid_file": "/tmp/x"},
        {"network__community_id": "1:x"},
        {"message": "told in words alone"},
        {"something": {"nobody": {"thought": {"of": True}}}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_whatever_an_event_says_beyond_times_and_numbers_keeps_it_apart(world: World, fields: dict[str, Any]) -> None:
    one, other, again = world.send([world.perl(1), world.perl(4, **fields), world.perl(7, **fields)])
    assert one.fold != other.fold
    assert other.fold == again.fold is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"event__sequence": 77},
        {"process__start": "2026-11-20T10:00:00Z"},
        {"process__parent__pid": 7},
        {"process__parent__entity_id": "another"},
        {"process__group_leader": {"pid": 7, "entity_id": "x", "start": "2026-11-20T10:00:00Z"}},
        {"log": {"offset": 7}},
        {"agent": {"ephemeral_id": "x", "version": "8.17.4"}},
        {"winlog": {"record_id": "7"}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_is_another_each_time_keeps_nothing_apart(world: World, fields: dict[str, Any]) -> None:
    one, other = world.send([world.perl(1), world.perl(4, **fields)])
    assert one.fold is not None
    assert one.fold == other.fold


def test_what_was_folded_by_less_waits_by_itself_after_the_upgrade(world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(4)])
    world.close(alerts[:1])
    import_module("alerts.migrations.0015_folds_anew").unfold(apps, None)
    assert {alert.fold for alert in Alert.objects.filter(pk__in=[alert.pk for alert in alerts])} == {None}


def flow(**fields: Any) -> bytes:
    ends = {"source.ip": "10.0.0.1", "destination.ip": "10.0.0.2", "destination.port": 445, "source.port": 50_000}
    return deed_of(Document.of(ends | {"network.community_id": "1:x", "source.bytes": 1_800} | fields))


def test_a_connection_made_again_has_another_port_and_other_bytes() -> None:
    assert flow() == flow(**{"source.port": 50_001, "network.community_id": "1:y", "source.bytes": 2_400})
    assert flow() != flow(**{"source.port": 3_389})
    assert flow() != flow(**{"source.bytes": 1_800_000_000})


def test_values_cannot_be_written_so_that_they_read_as_others() -> None:
    documents: list[dict[str, Any]] = [
        {"a": "x", "b": "y"}, {"a": ["x", "y"]}, {"a": 'x","b","y'}, {"a": "x", "b": ["y", "y"]}, {"a": "xy"},
        {"a": 1}, {"a": "1"}, {"a": True}, {"a": "true"}, {"a": 10**300}, {"a": "\ud800"}, {"a": "\\ud800"},
    ]  # fmt: skip
    assert len({deed_of(Document.of(one)) for one in documents}) == len(documents)


def test_what_belongs_together_in_an_object_of_an_array_is_not_mixed_up() -> None:
    one = {"target": [{"user": "guest", "group": "Domain Admins"}, {"user": "ana"}]}
    other = {"target": [{"user": "guest"}, {"user": "ana", "group": "Domain Admins"}]}
    assert Document.of(one).flat == Document.of(other).flat
    assert deed_of(Document.of(one)) != deed_of(Document.of(other))
    lists = [{"a": [{"b": [1, 2]}, {"b": [3]}]}, {"a": [{"b": [1]}, {"b": [2, 3]}]}]
    assert deed_of(Document.of(lists[0])) != deed_of(Document.of(lists[1]))


def test_no_field_that_names_a_deed_is_left_out() -> None:
    telling = (
        "name", "user", "ip", "path", "executable", "args", "command_line", "domain", "email", "group", "code",
        "action", "outcome", "target", "question", "full",
    )  # fmt: skip
    assert not [field for field in DIFFERING if field.rsplit(".", 1)[-1] in telling]


def test_looking_at_a_whole_event_is_cheap() -> None:
    raw = {f"kind{number % 9}.of.field{number}": f"value {number}" for number in range(120)}
    document = Document.of(raw)
    assert document.flat
    began = time.perf_counter()
    for _ in range(200):
        deed_of(document)
    assert (time.perf_counter() - began) / 200 < 0.001  # some 30 microseconds on an idle machine
