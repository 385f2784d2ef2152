"""Closing thousands of alerts with an exception, and saving it on hundreds of rules, is a few statements."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Change
from alerts.exceptions import add
from alerts.models import Alert, Status
from alerts.undo import undo
from rules import shared
from rules.models import ExceptionItem, Rule
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
ENTRY = {"field": "host.name", "type": "match", "operator": "included", "value": "web-1"}


def save(alert, actor, **given):
    return add(alert=alert, entries=[ENTRY], reason="known", actor=actor, now=LATER, team_ids=[alert.team_id], **given)


def test_closing_what_an_exception_covers_and_its_undo_cost_no_queries_for_each_alert(tmp_path, cast):
    load(tmp_path, most=10_000)
    alerts = raised([event(event__id=str(number)) for number in range(200)])
    with CaptureQueriesContext(connection) as queries:
        added = save(alerts[0], cast.rosa, close_matching="benign_positive")
    assert (len(added.closed), len(queries) < 60) == (200, True), len(queries)
    closed = Change.objects.filter(group=added.group, verb="closed")
    assert sorted(int(one.object_id) for one in closed) == [one.pk for one in alerts]
    assert {one.after["status"] for one in closed} == {"closed"}
    assert set(Alert.objects.values_list("version", "closed_by_exception")) == {(2, added.item.pk)}
    with CaptureQueriesContext(connection) as queries:
        undo(group=added.group, actor=cast.rosa, now=LATER, team_ids=[alerts[0].team_id])
    assert len(queries) < 60
    states = {(one.version, one.status, one.closed_by_exception_id) for one in Alert.objects.all()}
    assert states == {(3, Status.OPEN.value, None)}


def copied(tmp_path, number=60):
    """A rule, and so many others like it."""
    rules = [load(tmp_path)]
    for at in range(number):
        rule = Rule.objects.get(pk=rules[0].pk)
        rule.pk, rule.name, rule._state.adding = f"copy-{at}", f"copy {at}", True
        rule.save(force_insert=True)
        rules.append(rule)
    return rules


def test_saving_in_a_shared_list_of_many_rules_costs_no_queries_for_each_rule(tmp_path, cast):
    rules, (alert,) = copied(tmp_path), raised([event()])
    shared.create_list(name="L", rules=rules, list_id="L", actor=cast.rosa, now=LATER)
    groups = [[{**ENTRY, "value": f"h{number}"}] for number in range(5)]
    with CaptureQueriesContext(connection) as queries:
        added = save(alert, cast.rosa, list_id="L", more=groups)
    assert len(queries) < 120, len(queries)
    assert len(added.items) == ExceptionItem.objects.count() == 6 * 61
    assert Change.objects.filter(group=added.group, object_type="exception", verb="create").count() == 6 * 61


def test_changing_an_exception_of_a_shared_list_of_many_rules_costs_no_queries_for_each_rule(tmp_path, cast):
    first, *others = copied(tmp_path)
    shared.create_list(name="L", rules=[first], list_id="L", actor=cast.rosa, now=LATER)
    told = {"list_id": "L", "actor": cast.rosa, "now": LATER}
    made = [shared.add_item(entries=[ENTRY], reason="r", name=f"n{at}", **told).item_id for at in range(3)]
    said = {"entries": [{**ENTRY, "value": "web-9"}], "reason": "other", "name": "other", "version": None}
    acts = {
        "add_rules": {"rules": others},
        "edit_item": {"item_id": made[0], **said},
        "disable_item": {"item_id": made[0]},
        "enable_item": {"item_id": made[0], "note": "again"},
        "remove_item": {"item_id": made[1]},
        "remove_rules": {"rules": others},
    }
    for name, given in acts.items():
        with CaptureQueriesContext(connection) as queries:
            changed = getattr(shared, name)(**told, **given)
        assert len(queries) < 30, (name, len(queries))
        assert len(changed.items) >= 60, name
        recorded = Change.objects.filter(group=changed.group, object_type="exception")
        assert recorded.count() == len(changed.items), name
    again = shared.add_rules(rules=others, **told)
    assert ExceptionItem.objects.filter(removed_at=None).count() == 2 * 61
    assert {item.name for item in again.items} == {"other", "n2"}
    assert {item.version for item in ExceptionItem.objects.filter(item_id=made[0], rule=others[0])} == {6}
