"""What is probably not meant about an exception, sign by sign; none of it keeps anybody from saving."""

import pytest

from alerts.exceptions.lints import Carried, Lint, lints
from engine import Document


def entry(field, value, kind="match", operator="included", **more):
    return {"field": field, "type": kind, "operator": operator, "value": value, **more}


def about(*entries, events=(), silenced=0, total=0) -> list[Lint]:
    carried = Carried(entries)
    for one in events:
        carried.look(Document.of(one))
    return lints([list(entries)], carried, silenced=[silenced], total=total)


def codes(*entries, **given) -> set[str]:
    return {lint.code for lint in about(*entries, **given)}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([entry("process.name", "backup")], "name_only"),
        ([entry("process.parent.name", "backup"), entry("process.name", "sh")], "name_only"),
        ([entry("process.executable", "/tmp/x")], "writable"),
        ([entry("process.executable", "/dev/shm/x")], "writable"),
        ([entry("process.executable", r"C:\Users\ana\x.exe")], "writable"),
        ([entry("process.executable", "%TEMP%\\x.exe")], "writable"),
        ([entry("process.executable", "/opt/svc-ci/bin/x"), entry("user.name", "svc-ci")], "writable"),
        ([entry("process.executable", "*/x", "wildcard")], "leading_wildcard"),
        ([entry("user.name", "root")], "root_alone"),
        ([entry("user.name", "NT AUTHORITY\\SYSTEM")], "root_alone"),
        ([entry("user.id", "0")], "root_alone"),
        ([entry("host.name", "ip-10-0-3-7.ec2.internal")], "short_lived"),
        ([entry("host.name", "web-7d4b9c6f5d-x2x9z")], "short_lived"),
        ([entry("host.name", "i-0abc1234def567890")], "short_lived"),
        ([entry("@timestamp", "2026-11-22T00:25:08.494Z")], "only_once"),
        ([entry("user.name", "root"), entry("process.parent.entity_id", "a1")], "only_once"),
        ([entry("user.name", "x", operator="excluded")], "negative_only"),
        ([entry("host.os.type", "linux")], "wide_fields"),
        ([entry("process.executable", r"C:\Temp\*", "wildcard")], "backslash"),
    ],
)
def test_each_is_found(entries, code):
    assert code in codes(*entries)


@pytest.mark.parametrize(
    "entries",
    [
        [entry("process.executable", "/usr/bin/rsync"), entry("user.name", "backup")],
        [entry("user.name", "root"), entry("process.executable", "/usr/sbin/cron")],
        [entry("host.name", "db-1"), entry("process.executable", "/usr/bin/perl")],
        [entry("host.name", "ci-runner-04"), entry("process.executable", "/usr/bin/perl")],
        [entry("process.name", "perl"), entry("process.parent.executable", "/usr/sbin/cron")],
    ],
)
def test_what_is_sound_is_left_alone(entries):
    assert codes(*entries) == set()


@pytest.mark.parametrize(("field", "what"), [("process.executable", "any path"), ("user.name", "anything")])
def test_a_wildcard_in_front_lets_a_path_in_front_of_paths_alone(field, what):
    [said] = [lint.message for lint in about(entry(field, "*x", "wildcard")) if lint.code == "leading_wildcard"]
    assert said == f"A pattern that begins with a wildcard lets {what} in front."


def test_a_host_that_is_tagged_as_such_is_short_lived():
    tagged = {"host": {"name": "runner", "tags": ["ci", "ephemeral"]}}
    assert "short_lived" in codes(entry("host.name", "runner"), events=[tagged])


def test_a_writable_path_is_mended_by_the_hash_that_the_events_carry():
    condition = entry("process.parent.executable", "/home/ci/run")
    bare, hashed = {"process": {"name": "x"}}, {"process": {"parent": {"hash": {"sha256": "ab"}}}}
    assert [lint.add for lint in about(condition, events=[hashed]) if lint.code == "writable"] == [
        "process.parent.hash.sha256"
    ]
    assert [lint.add for lint in about(condition, events=[bare]) if lint.code == "writable"] == [""]


def test_fields_that_are_missing_often_or_always():
    events = [{"user": {"name": "a"}}] * 6 + [{"host": {"name": "h"}}] * 4
    assert "often_missing" in codes(entry("user.name", "a"), events=events)
    assert "never_carried" in codes(entry("user.email", "a"), events=events)
    assert "often_missing" not in codes(entry("user.name", "a"), events=events[:8])


def test_a_case_that_never_occurs():
    assert "case" in codes(entry("user.name", "CI"), events=[{"user": {"name": "ci"}}])
    assert "case" not in codes(entry("user.name", "CI", case_sensitive=False), events=[{"user": {"name": "ci"}}])


def test_most_of_the_alerts():
    condition = entry("user.name", "a")
    assert "too_broad" in codes(condition, silenced=9, total=10)
    assert "too_broad" not in codes(condition, silenced=8, total=10)
    assert "too_broad" not in codes(condition, silenced=4, total=4)


def test_two_groups_that_say_the_same():
    one = [entry("host.name", "db-1"), entry("user.name", "a")]
    found = lints([one, one[::-1]], Carried(one), silenced=[1, 1], total=9)
    assert [(lint.code, lint.group) for lint in found] == [("twice", 1)]
