"""Thresholds over what is kept: marks, cardinality, the quiet between two alerts of a group."""

from datetime import timedelta

import pytest

from alerts.models import Kind
from rules.exceptions import create_item
from rules.models import GroupMark
from tests.alerts.settling.world import (
    MINUTE,
    NOW,
    SECOND,
    SOON,
    joined_alerts,
    load,
    named,
    on_user,
    settle,
    threshold,
    told,
)

pytestmark = pytest.mark.django_db


def some(first, last, **fields):
    return [named("a", second, **fields) for second in range(first, last)]


def counts():
    return [alert.facts["count"] for alert in joined_alerts()]


def test_a_group_that_grows_large_enough_over_several_batches_is_one_alert(tmp_path):
    load(tmp_path, threshold(5, "host.name"))
    told(*some(0, 3), named("a", 0, host__name="db-1"))
    assert settle() == 0
    told(*some(3, 6), now=NOW + SOON)
    assert settle(NOW + 2 * SOON) == 1
    (alert,) = joined_alerts()
    assert alert.kind == Kind.THRESHOLD
    assert alert.facts["terms"] == [{"field": "host.name", "value": "web-1"}]
    assert (alert.facts["count"], alert.facts["value"], alert.events.count()) == (6, 5, 6)
    assert alert.event_time == NOW + 5 * SECOND


def test_only_later_events_count_again_and_only_after_the_interval(tmp_path):
    load(tmp_path, threshold(5, "host.name"))
    told(*some(0, 6))
    assert settle() == 1
    told(*some(20, 24), now=NOW + 30 * SECOND)
    assert settle(NOW + 40 * SECOND) == 0
    told(*some(24, 26), now=NOW + 50 * SECOND)
    assert settle(NOW + MINUTE) == 0
    assert settle(NOW + 5 * MINUTE + 5 * SECOND) == 1
    assert counts() == [6, 6]
    assert settle(NOW + 20 * MINUTE) == 0


def test_events_further_apart_than_the_look_back_do_not_count_together(tmp_path):
    load(tmp_path, threshold(3, "host.name"))
    told(named("a"), named("a", 300), named("a", 541), now=NOW + 10 * MINUTE)
    assert settle(NOW + 20 * MINUTE) == 0
    told(named("a", 700), now=NOW + 21 * MINUTE)
    assert settle(NOW + 22 * MINUTE) == 1
    assert counts() == [3]


def test_different_values_count_where_the_rule_asks_for_them(tmp_path):
    load(tmp_path, threshold(1, "host.name", cardinality=("user.name", 3)))
    told(*some(0, 5), *some(0, 5, user__name="ivan"))
    assert settle() == 0
    told(named("a", 7, user__name="eve"), now=NOW + SOON)
    assert settle(NOW + 2 * SOON) == 1
    (alert,) = joined_alerts()
    assert alert.facts["cardinality"] == {"field": "user.name", "value": 3, "needed": 3}
    assert alert.facts["count"] == 11


def test_without_fields_all_events_are_one_group(tmp_path):
    load(tmp_path, threshold(4))
    told(*some(0, 2), *some(0, 2, host__name="db-1"))
    assert settle() == 1
    assert joined_alerts()[0].facts["terms"] == []


def test_what_is_excepted_does_not_count(tmp_path, cast):
    rule = load(tmp_path, threshold(5, "host.name"))
    told(*some(0, 3), *some(3, 6, user__name="ivan"))
    create_item(rule=rule, entries=on_user("ivan"), reason="r", name="n", actor=None, now=NOW)
    assert settle() == 0
    told(*some(6, 9), now=NOW + SOON)
    assert settle(NOW + 2 * SOON) == 1
    assert counts() == [6]


def test_an_alert_keeps_the_last_hundred_events_and_tells_how_many_there_were(tmp_path):
    load(tmp_path, threshold(100, "host.name"))
    told(*some(0, 130))
    assert settle() == 1
    (alert,) = joined_alerts()
    assert (alert.facts["count"], alert.events.count()) == (130, 100)


def test_an_event_of_the_future_counts_as_of_its_arrival_and_blinds_nobody(tmp_path):
    load(tmp_path, threshold(2, "host.name"))
    told(named("a", 3600), named("a", 3601))
    assert settle() == 1
    assert GroupMark.objects.get().last_at == NOW
    told(named("a", 400), named("a", 401), now=NOW + 401 * SECOND)
    assert settle(NOW + 10 * MINUTE) == 1


def test_a_rule_by_arrival_counts_by_arrival(tmp_path):
    load(tmp_path, 'timestamp_override = "event.ingested"\n' + threshold(2, "host.name"))
    told(named("a", -86_400), now=NOW)
    told(named("a", -3_600), now=NOW + SECOND)
    assert settle() == 1


def test_after_long_silence_a_backlog_is_counted_window_by_window(tmp_path):
    load(tmp_path, threshold(3, "host.name"))
    hour = timedelta(hours=1)
    told(*[named("a", 3_600 * hours + second) for hours in range(3) for second in range(3)], now=NOW + 3 * hour)
    assert settle(NOW + 3 * hour + SOON) == 3
    assert counts() == [3, 3, 3]
