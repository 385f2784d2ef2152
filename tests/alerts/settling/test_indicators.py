"""Indicator match over what is kept: new events meet known indicators, new indicators kept events."""

from datetime import timedelta

import pytest

from alerts.models import Kind
from rules.exceptions import create_item
from tests.alerts.settling.world import MINUTE, NOW, joined_alerts, load, on_user, settle, threat_match, told
from tests.alerts.world import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(tmp_path):
    return load(tmp_path, threat_match(), interval="1h", since="now-65m")


def indicator(address="198.51.100.7", at=NOW, **fields):
    return event(
        at, _index="logs-ti_feed-default", threat__indicator__ip=address, threat__indicator__type="ipv4-addr", **fields
    )


def visit(address="198.51.100.7", at=NOW, **fields):
    return event(at, source__ip=address, **fields)


def test_a_new_event_meets_an_indicator_that_is_known(rule):
    told(indicator(at=NOW - timedelta(days=20)), now=NOW - timedelta(days=20))
    assert settle(NOW - timedelta(days=19)) == 0
    told(visit(), visit("203.0.113.1"))
    assert settle() == 1
    (alert,) = joined_alerts()
    assert alert.kind == Kind.INDICATOR
    (match,) = alert.facts["matches"]
    assert (match["field"], match["value"], match["indicator_field"]) == (
        "source.ip",
        "198.51.100.7",
        "threat.indicator.ip",
    )
    assert match["indicator"] == {"ip": "198.51.100.7", "type": "ipv4-addr"}
    assert list(alert.events.order_by("position").values_list("role", flat=True)) == ["source", "indicator"]


def test_a_new_indicator_meets_events_that_are_kept(rule):
    told(visit())
    assert settle() == 0
    told(indicator(at=NOW + 40 * MINUTE), now=NOW + 40 * MINUTE)
    assert settle(NOW + 41 * MINUTE) == 1


def test_but_not_events_older_than_the_look_back(rule):
    told(visit())
    settle()
    told(indicator(at=NOW + 70 * MINUTE), now=NOW + 70 * MINUTE)
    assert settle(NOW + 71 * MINUTE) == 0


def test_nor_an_indicator_older_than_its_history(rule):
    told(indicator(at=NOW - timedelta(days=32)), now=NOW - timedelta(days=32))
    settle(NOW - timedelta(days=31))
    told(visit())
    assert settle() == 0


def test_an_event_is_one_alert_however_many_indicators_name_it(rule):
    told(visit(), indicator())
    assert settle() == 1
    told(indicator(feed="other"), now=NOW + MINUTE)
    settle(NOW + 2 * MINUTE)
    assert len(joined_alerts()) == 1


def test_exceptions_are_about_events_and_not_about_indicators(rule, cast):
    create_item(rule=rule, entries=on_user("svc-ci"), reason="r", name="n", actor=None, now=NOW)
    told(indicator(user__name="svc-ci"), visit(), visit(user__name="ivan"))
    assert settle() == 1
    assert joined_alerts()[0].user_name == "ivan"
