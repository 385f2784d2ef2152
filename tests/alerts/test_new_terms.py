"""New terms: an alert for what a rule has not met in its history, known when judged."""

from datetime import timedelta

import pytest

from alerts.models import Alert
from events.models import Batch
from rules.models import SeenTerm
from tests.alerts.world import NOW, event, load, other_team, post, raised, terms, work

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def rule(tmp_path):
    return load(tmp_path, new_terms=["process.parent.name"], history="now-5d")


def parent(name, at=NOW, **fields):
    return event(at, process__parent__name=name, **fields)


def test_what_was_never_seen_is_an_alert_and_says_what_was_new(rule):
    (alert,) = raised([parent("cron")])
    assert terms(alert)["fields"] == ["process.parent.name"]
    assert terms(alert)["values"] == ["cron"]
    assert terms(alert)["history"] == "5 d"
    assert terms(alert)["history_start"] == (NOW - 5 * DAY).isoformat()


def test_the_same_again_within_the_history_is_none(rule):
    raised([parent("cron", NOW - 5 * DAY + timedelta(seconds=1))], now=NOW - DAY)
    assert raised([parent("cron")]) == []


def test_the_same_again_after_the_history_is_new(rule):
    raised([parent("cron", NOW - 5 * DAY - timedelta(seconds=1))], now=NOW - DAY)
    assert len(raised([parent("cron")])) == 1


def test_the_history_begins_with_its_first_instant(rule):
    raised([parent("cron", NOW - 5 * DAY)], now=NOW - DAY)
    assert raised([parent("cron")]) == []


def test_of_equal_terms_in_one_batch_the_oldest_is_the_alert(rule):
    alerts = raised([parent("cron", NOW), parent("cron", NOW - timedelta(minutes=2)), parent("at", NOW)])
    assert [(terms(alert)["values"], alert.event_time) for alert in alerts] == [
        (["cron"], NOW - timedelta(minutes=2)),
        (["at"], NOW),
    ]


def test_equal_terms_at_the_same_instant_are_one_alert(rule):
    assert len(raised([parent("cron"), parent("cron")])) == 1


def test_a_late_arrival_is_new_and_takes_nothing_back(rule):
    raised([parent("cron")])
    (late,) = raised([parent("cron", NOW - timedelta(hours=1))], now=NOW + timedelta(seconds=5))
    assert late.event_time == NOW - timedelta(hours=1)
    assert Alert.objects.count() == 2


def test_judging_again_doubles_nothing(rule):
    raised([parent("cron"), parent("at")])
    Batch.objects.update(state=Batch.State.PENDING, attempts=0)
    work()
    assert Alert.objects.count() == 2


def test_an_event_without_the_field_is_ignored(rule):
    assert raised([parent(None)]) == []


def test_an_event_that_the_query_does_not_match_is_no_history(rule):
    raised([parent("cron", NOW - DAY, process__name="ls")], now=NOW - DAY)
    assert len(raised([parent("cron")])) == 1


def test_teams_have_histories_of_their_own(rule):
    raised([parent("cron")])
    assert len(raised([parent("cron")], team=other_team())) == 1


def test_one_event_raises_an_alert_for_every_new_combination(tmp_path):
    load(tmp_path, new_terms=["host.name", "process.args"])
    alerts = raised([event(process__args=["a", "b"])])
    assert sorted(terms(alert)["values"] for alert in alerts) == [["web-1", "a"], ["web-1", "b"]]


def test_by_time_of_arrival_where_the_rule_says_so(tmp_path):
    load(tmp_path, new_terms=["process.parent.name"], history="now-5d", by_ingest=True)
    raised([parent("cron", NOW - 10 * DAY)], now=NOW - DAY)
    assert raised([parent("cron")]) == []


def test_what_an_exception_covers_is_no_history(rule, cast):
    from rules.exceptions import create_item, disable_item
    from rules.models import HeldBack

    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": "web-1"}]
    item = create_item(rule=rule, entries=entries, reason="r", name="n", actor=None, now=NOW)
    assert raised([parent("cron", NOW - DAY)], now=NOW - DAY) == []
    assert HeldBack.objects.get().item == item
    assert not SeenTerm.objects.exists()
    disable_item(item=item, actor=None, now=NOW)
    assert len(raised([parent("cron")])) == 1


def test_the_evidence_line_begins_with_what_was_new(rule):
    (alert,) = raised([parent("cron")])
    assert alert.evidence.startswith("new parent.name \ue000cron\ue001")


def test_ids_that_repeat_the_host_and_the_user_are_left_out_of_the_evidence_line(tmp_path):
    load(tmp_path, new_terms=["host.id", "user.id", "process.parent.name"], history="now-5d")
    (alert,) = raised([parent("cron", host__id="f07c5c736dd1bf765912f671e75cd440", user__id="0")])
    assert alert.evidence.startswith("new here for this user: parent.name \ue000cron\ue001")
    assert "f07c5c736dd1bf765912f671e75cd440" not in alert.evidence
    assert terms(alert)["fields"] == ["host.id", "user.id", "process.parent.name"]


def test_a_path_needs_no_name_and_the_program_is_not_said_twice(tmp_path):
    load(tmp_path, query="host.os.type:linux", new_terms=["host.id", "process.executable"], history="now-5d")
    wrote = event(
        host__id="f07c",
        process__executable="/usr/bin/perl",
        event__category=["file"],
        event__type=["creation"],
        event__action="creation",
        file__path="/root/.ssh/authorized_keys",
    )
    (alert,) = raised([wrote])
    assert alert.evidence == "new here: \ue000/usr/bin/perl\ue001 · creation /root/.ssh/authorized_keys"


def test_an_id_is_told_where_no_column_says_it_or_nothing_else_is_new(tmp_path):
    load(tmp_path, new_terms=["host.id"], history="now-5d")
    (alert,) = raised([parent("cron", host__id="f07c")])
    assert alert.evidence.startswith("new host.id \ue000f07c\ue001")


def test_an_id_without_a_host_to_its_name_comes_after_what_says_something(tmp_path):
    load(tmp_path, new_terms=["host.id", "process.parent.name"], history="now-5d")
    (alert,) = raised([parent("cron", host__id="f07c", host__name=None)])
    assert alert.evidence.startswith("new parent.name \ue000cron\ue001, host.id \ue000f07c\ue001")


def test_what_a_column_says_comes_last(tmp_path):
    load(tmp_path, new_terms=["host.name", "process.parent.name"], history="now-5d")
    (alert,) = raised([parent("cron")])
    assert alert.evidence.startswith("new parent.name \ue000cron\ue001, host.name \ue000web-1\ue001")


def test_hits_beyond_the_cap_are_remembered_all_the_same(tmp_path):
    load(tmp_path, new_terms=["process.parent.name"], most=1)
    assert len(raised([parent("cron"), parent("at", NOW + timedelta(seconds=1))])) == 1
    assert raised([parent("at", NOW + timedelta(minutes=10))], now=NOW + timedelta(minutes=10)) == []


def test_posting_without_judging_raises_nothing(rule):
    post([parent("cron")])
    assert not Alert.objects.exists()
