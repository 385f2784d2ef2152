"""Exceptions looked at again: unsafe, too broad and unused ones are found, whatever page nobody opens."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.selectors import default_team
from alerts import exceptions
from alerts.models import Alert, ExceptionCheck
from alerts.reviewing.checks import check, check_due, due
from alerts.reviewing.renewing import AGAIN_AFTER, review_again
from alerts.selectors.ledger import ledger
from alerts.triage import set_status
from rules.errors import ExceptionRefused
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
MONTH = NOW + timedelta(days=30)


def entry(field, value):
    return {"field": field, "type": "match", "operator": "included", "value": value}


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event(), event(user__name="other")])


def team():
    return [default_team().pk]


def rosa():
    return User.objects.get(username="rosa")


def added(alert, *entries, now=NOW):
    saved = exceptions.add(alert=alert, entries=list(entries), reason="known", actor=rosa(), now=now, team_ids=team())
    return saved.item


def closed(alert, reason, now=LATER):
    alert = Alert.objects.get(pk=alert.pk)
    set_status(
        alert_ids=[alert.pk], status="closed", reason=reason, note="looked at", now=now, team_ids=team(),
        actor=User.objects.get(username="ana"),
    )  # fmt: skip


def shown(facet, now=LATER):
    page = ledger(user=rosa(), team_ids=team(), show=facet, now=now).page
    return [row.item.pk for row in page.items]


def test_a_verdict_that_changes_later_is_found(alerts):
    item = added(alerts[0], entry("user.name", "svc-ci"))
    assert check(item, NOW).hides == ""
    closed(alerts[0], "true_positive")
    found = check(item, LATER)
    assert (found.hides, found.alert_id) == ("covered", alerts[0].pk)
    assert shown("hides") == [item.pk]


def test_an_alert_of_another_rule_on_an_event_that_was_held_back_is_found(alerts, tmp_path):
    item = added(alerts[0], entry("user.name", "svc-ci"))
    load(tmp_path, rule_id="other-rule", name="Another rule")
    new = raised([event()])
    assert [one.rule_id for one in new] == ["other-rule"]
    closed(new[0], "true_positive")
    found = check(item, LATER)
    assert (found.hides, found.alert_id) == ("elsewhere", new[0].pk)


def test_one_that_takes_out_nearly_the_whole_rule_is_too_broad(alerts):
    item = added(alerts[0], entry("user.name", "svc-ci"))
    assert check(item, NOW).share is None, "three hits are too few to say"
    raised([event() for _ in range(27)])
    found = check(item, NOW)
    assert found.share == pytest.approx(27 / 30)
    assert shown("broad", NOW) == [item.pk]


def test_a_name_alone_is_too_broad_whatever_it_held_back(alerts):
    item = added(alerts[0], entry("process.name", "perl"))
    assert check(item, NOW).broad == "name_only"


def test_an_exception_for_a_host_that_went_silent_is_stale(alerts):
    host = alerts[0].host_name
    item = added(alerts[0], entry("host.name", host), entry("user.name", "svc-ci"))
    assert check(item, NOW).gone == ""
    found = check(item, MONTH)
    assert (found.gone_field, found.gone) == ("host.name", host)
    assert shown("stale", MONTH) == [item.pk]


def test_what_was_found_of_an_older_version_is_shown_no_more(alerts):
    item = added(alerts[0], entry("process.name", "perl"))
    check(item, NOW)
    assert shown("broad", NOW) == [item.pk]
    exceptions.edit(
        item=item, version=item.version, entries=[entry("user.name", "svc-ci")], reason="narrower", name=item.name,
        actor=rosa(), now=LATER, team_ids=team(),
    )  # fmt: skip
    assert shown("broad") == []
    assert [one.pk for one in due(LATER)] == [item.pk]


def test_each_is_looked_at_in_turn_and_then_rests(alerts):
    items = [added(alerts[0], entry("user.name", "svc-ci")), added(alerts[2], entry("user.name", "other"))]
    assert check_due(NOW, seconds=0) == 1
    assert check_due(NOW, seconds=0) == 1
    assert check_due(NOW) == 0
    assert {one.item_id for one in ExceptionCheck.objects.all()} == {item.pk for item in items}
    assert check_due(NOW + timedelta(minutes=11)) == 2


def test_one_that_is_off_is_not_looked_at(alerts):
    item = added(alerts[0], entry("user.name", "svc-ci"))
    exceptions.disable(item=item, version=item.version, actor=rosa(), now=NOW, team_ids=team())
    assert not due(LATER).exists()


def test_reviewed_moves_the_date_and_nothing_else(alerts):
    item = added(alerts[0], entry("user.name", "svc-ci"))
    kept = review_again(item=item, version=item.version, actor=rosa(), now=LATER)
    assert kept.review_at == LATER + AGAIN_AFTER
    assert (kept.entries, kept.reason, kept.expires_at) == (item.entries, item.reason, item.expires_at)


def test_what_is_off_cannot_be_reviewed(alerts):
    item = added(alerts[0], entry("user.name", "svc-ci"))
    exceptions.disable(item=item, version=item.version, actor=rosa(), now=NOW, team_ids=team())
    with pytest.raises(ExceptionRefused, match="not in force"):
        review_again(item=ExceptionItem.objects.get(pk=item.pk), version=None, actor=rosa(), now=LATER)


def test_the_days_on_which_something_was_held_back_are_counted(alerts):
    added(alerts[0], entry("user.name", "svc-ci"))
    raised([event(), event()])
    row = ledger(user=rosa(), team_ids=team(), show="all", now=NOW).page.items[0]
    assert (row.held_back, row.days[-1], len(row.days)) == (2, 2, 30)


def test_a_longer_ledger_costs_no_further_query(alerts):
    added(alerts[0], entry("user.name", "svc-ci"))
    with CaptureQueriesContext(connection) as one:
        ledger(user=rosa(), team_ids=team(), show="all", now=NOW)
    for number in range(5):
        added(alerts[2], entry("user.name", f"other-{number}"))
    with CaptureQueriesContext(connection) as six:
        ledger(user=rosa(), team_ids=team(), show="all", now=NOW)
    assert len(six) == len(one)
