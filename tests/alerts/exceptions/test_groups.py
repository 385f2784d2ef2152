"""Groups of conditions (OR) on one rule or several: judged together, saved in one act, taken back in one."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.errors import AlreadyExcepted, GuardRefused, NothingToUndo, ScopeRefused
from alerts.exceptions import add, approve, draft, edit, preview, take_back
from alerts.exceptions.groups import GroupError
from alerts.models import Alert, Reason, Status
from alerts.selectors.undoable import taken_back
from alerts.triage import set_status
from alerts.undo import undo
from rules.exceptions import create_item
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
AFTER = NOW + timedelta(minutes=2)


def entry(field, value, kind="match", operator="included", **more):
    return {"field": field, "type": kind, "operator": operator, "value": value, **more}


CI = [entry("user.name", "svc-ci"), entry("host.name", "ci-*", "wildcard")]
BACKUP = [entry("user.name", "backup")]
BOTH = [entry("host.name", "ci-1")]


@pytest.fixture
def rule(tmp_path, cast):
    return load(tmp_path)


@pytest.fixture
def alerts(rule):
    """Three by the CI account on ci-1, ci-2 and web-1, two by the backup account (one on ci-1), one by Ivan."""
    where = [
        ("svc-ci", "ci-1"),
        ("svc-ci", "ci-2"),
        ("svc-ci", "web-1"),
        ("backup", "ci-1"),
        ("backup", "db"),
        ("ivan", "db"),
    ]
    return raised([event(user__name=user, host__name=host) for user, host in where])


def look(rule, groups, **given):
    team_ids = list(Alert.objects.values_list("team_id", flat=True).distinct())
    return preview(rule=rule, entries=groups[0], more=groups[1:], team_ids=team_ids, now=LATER, **given)


def save(alert, actor, groups, **given):
    by: dict[str, Any] = {
        "reason": "known",
        "close_matching": Reason.BENIGN_POSITIVE,
        "now": LATER,
        "team_ids": [alert.team_id],
    } | given
    return add(alert=alert, entries=groups[0], more=groups[1:], actor=actor, **by)


def test_the_preview_says_what_each_condition_leaves_and_what_each_group_adds(rule, alerts):
    shown = look(rule, [CI, BACKUP, BOTH], alert=alerts[5])
    assert (shown.total, shown.silenced) == (6, 4)
    assert [one.per_entry for one in shown.groups] == [[3, 2], [2], [2]]
    assert [(one.silenced, one.adds) for one in shown.groups] == [(2, 2), (2, 2), (2, 0)]
    assert [(miss.group, miss.field) for miss in shown.misses] == [(0, "user.name"), (0, "host.name")]


def test_each_group_is_an_exception_saved_and_undone_in_one_act(alerts, cast):
    added = save(alerts[0], cast.ana, [CI, BACKUP])
    assert [item.entries for item in added.items] == [CI, BACKUP]
    assert sorted(added.closed) == [alerts[at].pk for at in (0, 1, 3, 4)]
    by = dict(Alert.objects.filter(status=Status.CLOSED).values_list("pk", "closed_by_exception"))
    assert by[alerts[0].pk] == added.items[0].pk
    assert by[alerts[4].pk] == added.items[1].pk
    undo(group=added.group, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])
    assert not ExceptionItem.objects.filter(removed_at=None).exists()
    assert not Alert.objects.filter(status=Status.CLOSED).exists()


def test_one_of_them_taken_back_opens_only_what_it_closed(alerts, cast):
    added = save(alerts[0], cast.ana, [CI, BACKUP])
    taken = take_back(item=added.items[1], actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])
    assert sorted(taken.reopened) == [alerts[3].pk, alerts[4].pk]
    assert ExceptionItem.objects.get(removed_at=None) == added.items[0]


def test_what_is_left_of_an_act_is_undone_where_one_of_its_exceptions_is_gone_already(alerts, cast):
    saved = save(alerts[0], cast.rosa, [CI, BACKUP])
    by: dict[str, Any] = {"actor": cast.rosa, "now": AFTER, "team_ids": [alerts[0].team_id]}
    take_back(item=saved.items[1], **by)
    assert saved.group not in taken_back([saved.group])
    undone = undo(group=saved.group, **by)
    assert sorted(undone.alerts) == [alerts[0].pk, alerts[1].pk]
    assert not ExceptionItem.objects.filter(removed_at=None).exists()
    assert not Alert.objects.filter(status=Status.CLOSED).exists()
    assert taken_back([saved.group]) == {saved.group}
    with pytest.raises(NothingToUndo):
        undo(group=saved.group, **by)


def test_the_guard_asks_all_groups(alerts, cast):
    verdict = {"status": Status.CLOSED, "reason": Reason.TRUE_POSITIVE, "actor": cast.ana, "now": LATER}
    set_status(alert_ids=[alerts[4].pk], team_ids=[alerts[4].team_id], **verdict)
    with pytest.raises(GuardRefused) as refused:
        save(alerts[0], cast.ana, [CI, BACKUP])
    assert refused.value.alert_ids == (alerts[4].pk,)
    assert not ExceptionItem.objects.exists()


def test_an_entry_that_cannot_be_read_names_its_group(rule, alerts):
    with pytest.raises(GroupError) as error:
        look(rule, [CI, [entry("source.ip", "nonsense")]])
    assert (error.value.group, error.value.index) == (1, 0)


def test_too_many_groups_are_refused(alerts, cast):
    with pytest.raises(ScopeRefused):
        save(alerts[0], cast.ana, [[entry("host.name", f"h{at}")] for at in range(11)])


def test_it_holds_on_several_rules_at_once(tmp_path, alerts, cast):
    other = load(tmp_path, rule_id="other", name="Another", query="process.name:perl and user.name:*")
    more = raised([event(user__name="backup", host__name="new")])
    assert {one.rule_id for one in more} == {"perl", "other"}
    shown = look(alerts[0].rule, [BACKUP], rules=[other])
    assert (shown.total, shown.silenced) == (8, 4)
    added = save(alerts[0], cast.ana, [BACKUP], rule_ids=["other"])
    assert {item.rule_id for item in added.items} == {"perl", "other"}
    assert len(added.closed) == 4
    undo(group=added.group, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])
    assert not ExceptionItem.objects.filter(removed_at=None).exists()


def test_what_one_of_the_rules_has_already_is_not_saved_twice(tmp_path, alerts, cast):
    load(tmp_path, rule_id="other", name="Another", query="process.name:perl and user.name:*")
    save(alerts[0], cast.ana, [BACKUP])
    added = save(alerts[0], cast.ana, [BACKUP], rule_ids=["other"], now=AFTER)
    assert [item.rule_id for item in added.items] == ["other"]
    with pytest.raises(AlreadyExcepted):
        save(alerts[0], cast.ana, [BACKUP], rule_ids=["other"], now=AFTER)


def test_a_rule_that_is_not_there_and_too_many_rules_are_refused(alerts, cast):
    with pytest.raises(ScopeRefused):
        save(alerts[0], cast.ana, [BACKUP], rule_ids=["nowhere"])
    with pytest.raises(ScopeRefused):
        save(alerts[0], cast.ana, [BACKUP], rule_ids=[f"r{at}" for at in range(60)])


def test_without_an_alert_it_is_written_on_the_rule(rule, alerts, cast):
    by: dict[str, Any] = {"actor": cast.ana, "now": LATER, "team_ids": [alerts[0].team_id]}
    added = add(rule=rule, entries=BACKUP, reason="known", close_matching=None, **by)
    assert added.item.from_alert is None
    assert added.item.rule_id == rule.pk


def test_a_draft_carries_everything_and_approving_saves_it_all(tmp_path, alerts, cast):
    load(tmp_path, rule_id="other", name="Another", query="process.name:perl and user.name:*")
    teams = [alerts[0].team_id]
    said: dict[str, Any] = {
        "reason": "known",
        "close_matching": Reason.BENIGN_POSITIVE,
        "now": LATER,
        "team_ids": teams,
    }
    waiting = draft(alert=alerts[0], entries=CI, more=[BACKUP], rule_ids=["other"], actor=cast.ana, **said)
    assert (waiting.more, waiting.rule_ids) == ([BACKUP], ["other"])
    with pytest.raises(AlreadyExcepted):
        draft(alert=alerts[0], entries=CI, more=[BACKUP], rule_ids=["other"], actor=cast.ana, **said)
    added = approve(draft_id=waiting.pk, version=1, actor=cast.rosa, now=AFTER, team_ids=teams)
    assert len(added.items) == 4
    assert {item.owner for item in added.items} == {cast.ana}
    assert sorted(added.closed) == [alerts[at].pk for at in (0, 1, 3, 4)]


def test_a_group_added_to_a_stored_exception_becomes_one_of_its_own(rule, alerts, cast):
    item = create_item(rule=rule, entries=CI, reason="known", name="CI", actor=cast.ana, now=LATER)
    by: dict[str, Any] = {"actor": cast.ana, "now": AFTER, "team_ids": [alerts[0].team_id]}
    edit(item=item, version=1, entries=CI, more=[BACKUP], reason="known", name="CI", **by)
    assert [one.entries for one in ExceptionItem.objects.order_by("pk")] == [CI, BACKUP]


def test_of_many_alerts_the_true_positives_are_looked_at_though_the_time_is_up(rule, alerts, cast):
    verdict = {"status": Status.CLOSED, "reason": Reason.TRUE_POSITIVE, "actor": cast.ana, "now": LATER}
    set_status(alert_ids=[alerts[4].pk], team_ids=[alerts[4].team_id], **verdict)
    shown = look(rule, [BACKUP], seconds=-1.0)
    assert [one.id for one in shown.true_positives] == [alerts[4].pk]
