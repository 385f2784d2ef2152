"""Exceptions that cover more alerts than a person waits for: a worker closes them, under the same undo."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Change, Team
from alerts import bulk, bulk_work, restoring, triage
from alerts.bulk_covered import CHANGED
from alerts.errors import NothingToUndo, ScopeRefused
from alerts.exceptions import add, disable, saving, take_back
from alerts.models import Alert, BulkAct, Status
from alerts.undo import undo
from rules import shared
from rules.models import ExceptionItem, Rule
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
ON = {
    host: {"field": "host.name", "type": "match", "operator": "included", "value": host} for host in ("web-1", "web-2")
}


@pytest.fixture
def alerts(tmp_path, cast, monkeypatch):
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 10)
    monkeypatch.setattr(bulk_work, "PORTION", 8)
    load(tmp_path, most=1_000)
    return raised([event(event__id=str(number), host__name=f"web-{1 + number % 2}") for number in range(40)])


def save(alert, actor, *hosts, **given):
    groups = [[ON[host]] for host in hosts or ("web-1",)]
    given = {"close_matching": "benign_positive", **given}
    by = {"actor": actor, "now": LATER, "team_ids": [alert.team_id]}
    return add(alert=alert, entries=groups[0], more=groups[1:], reason="known", **by, **given)


def work(portions=1_000):
    now, done = LATER + timedelta(seconds=1), 0
    while done < portions and bulk_work.work_portion(now=now, worker=uuid4()):
        now, done = now + timedelta(seconds=1), done + 1
    return now


def closed():
    return Alert.objects.filter(status=Status.CLOSED)


def undone(added, actor, **more):
    told = {
        "actor": actor,
        "now": LATER + timedelta(minutes=2),
        "team_ids": list(actor.teams.values_list("pk", flat=True)),
    }
    return undo(group=added.group, **told, **more)


def again(act):
    return BulkAct.objects.get(pk=act.pk)


def test_many_are_closed_by_a_worker_in_portions_under_the_group_of_the_exception(alerts, cast):
    added = save(alerts[0], cast.rosa)
    assert (added.closed, added.act.pk, closed().count()) == ([], added.group, 0)
    work()
    act = again(added.act)
    assert (act.state, act.done, act.total, act.skipped) == (BulkAct.State.DONE, 20, 20, 0)
    assert set(closed().values_list("host_name", "reason", "closed_by_exception")) == {
        ("web-1", "benign_positive", added.item.pk)
    }
    assert Change.objects.filter(group=added.group, verb="closed", door=Change.Door.PAGE).count() == 20


def test_a_few_are_closed_at_once(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 20)
    added = save(alerts[0], cast.rosa)
    assert (len(added.closed), added.act) == (20, None)


def test_the_saving_costs_the_same_however_many_it_covers(alerts, cast):
    with CaptureQueriesContext(connection) as queries:
        save(alerts[0], cast.rosa)
    assert len(queries) < 40


def test_more_open_alerts_than_are_looked_at_in_the_request_are_looked_at_by_the_worker(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "LOOKED_AT", 5)
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 1_000)
    added = save(alerts[0], cast.rosa)
    work()
    assert again(added.act).done == closed().count() == 20


def test_each_is_closed_by_the_group_that_covers_it(alerts, cast):
    added = save(alerts[0], cast.rosa, "web-1", "web-2")
    work()
    items = {item.entries[0]["value"]: item.pk for item in added.items}
    assert set(closed().values_list("host_name", "closed_by_exception")) == set(items.items())
    assert again(added.act).done == 40


@pytest.mark.parametrize("portions", [0, 1, 1_000])
def test_one_undo_takes_back_the_exception_and_what_was_closed_so_far(alerts, cast, portions):
    added = save(alerts[0], cast.rosa, "web-1", "web-2")
    work(portions)
    taken = undone(added, cast.rosa)
    assert taken.act.pk == added.group
    assert not ExceptionItem.objects.filter(removed_at=None).exists()
    work()
    assert not closed().exists()
    assert again(added.act).state == BulkAct.State.DONE
    with pytest.raises(NothingToUndo):
        undone(added, cast.rosa)


def test_an_exception_taken_back_by_itself_opens_again_what_it_closed_and_the_other_one_stays(alerts, cast):
    added = save(alerts[0], cast.rosa, "web-1", "web-2")
    work()
    first = next(item for item in added.items if item.entries == [ON["web-1"]])
    by = {"actor": cast.rosa, "now": LATER + timedelta(minutes=2), "team_ids": [alerts[0].team_id]}
    taken = take_back(item=first, **by)
    assert (taken.reopened, taken.act.total) == ([], 20)
    work()
    assert set(closed().values_list("host_name", flat=True)) == {"web-2"}
    undone(added, cast.rosa)
    work()
    assert not closed().exists()
    assert not BulkAct.objects.exclude(state=BulkAct.State.DONE).exists()


def test_an_exception_that_is_off_meanwhile_closes_nothing_more(alerts, cast):
    added = save(alerts[0], cast.rosa)
    work(1)
    some = closed().count()
    disable(item=added.item, actor=cast.rosa, now=LATER, team_ids=[alerts[0].team_id])
    work()
    assert (closed().count(), again(added.act).error) == (some, CHANGED)
    assert 0 < some < 20


def test_what_a_colleague_changes_meanwhile_stays_as_he_wants_it(alerts, cast):
    added = save(alerts[0], cast.rosa)
    his = alerts[38]
    by = {"actor": cast.ana, "now": LATER + timedelta(milliseconds=1), "team_ids": [his.team_id]}
    triage.set_status(alert_ids=[his.pk], status="acknowledged", **by)
    work()
    his.refresh_from_db()
    assert (his.status, again(added.act).done) == (Status.ACKNOWLEDGED, 19)


def test_what_stands_for_counted_hits_stays_open_and_is_counted(alerts, cast):
    Alert.objects.filter(pk=alerts[0].pk).update(suppressed=3)
    added = save(alerts[2], cast.rosa)
    work()
    act = again(added.act)
    assert (act.done, act.skipped, act.arguments["left_open"]) == (19, 0, 1)


def test_stopped_it_leaves_off_and_the_exception_stays(alerts, cast):
    added = save(alerts[0], cast.rosa)
    work(1)
    bulk.stop(act_id=added.group, actor=cast.rosa, now=LATER)
    some = closed().count()
    work()
    assert closed().count() == some < 20
    assert ExceptionItem.objects.get(pk=added.item.pk).enabled


def test_more_copies_than_are_made_at_once_are_refused_in_words(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "MOST_COPIES", 5)
    rules = [Rule.objects.get()]
    for number in range(3):
        rule = Rule.objects.get(pk=rules[0].pk)
        rule.pk, rule.name, rule._state.adding = f"copy-{number}", f"copy {number}", True
        rule.save(force_insert=True)
        rules.append(rule)
    shared.create_list(name="L", rules=rules, list_id="L", actor=cast.rosa, now=LATER)
    with pytest.raises(ScopeRefused, match=r"8 exceptions, 2 groups of conditions on each of 4 rules\. At most 5"):
        save(alerts[0], cast.rosa, "web-1", "web-2", list_id="L")
    assert not ExceptionItem.objects.exists()


def test_a_key_of_one_team_has_no_alerts_of_another_closed(alerts, cast):
    other = Team.objects.create(name="Second", slug="second")
    cast.rosa.teams.add(other)
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts[10:20]]).update(team=other)
    added = save(alerts[0], cast.rosa)  # for the team of the first alert alone
    work()
    assert added.act
    assert closed().filter(team=other).count() == 0
    assert closed().count() == 15


def test_two_undos_at_once_leave_nothing_closed(alerts, cast, monkeypatch):
    added = save(alerts[0], cast.ana, "web-1", "web-2")
    work()
    by = {"actor": cast.ana, "now": LATER + timedelta(minutes=1), "team_ids": [alerts[0].team_id]}
    take_back(item=added.items[0], **by)
    undone(added, cast.ana)
    real = restoring.restore
    done: list[object] = []

    def restore(changes, **told):
        if not done:  # the other worker ends its portion between our reading and our locks
            done.append(real(changes[:3], **{**told, "group": uuid4()}))
        return real(changes, **told)

    monkeypatch.setattr(bulk_work, "restore", restore)
    work()
    assert set(BulkAct.objects.values_list("state", flat=True)) == {BulkAct.State.DONE}
    assert (closed().count(), ExceptionItem.objects.filter(removed_at=None).count()) == (0, 0)
