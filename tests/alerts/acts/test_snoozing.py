"""Snoozed alerts sleep by the clock, or until their fold has so many more."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change
from alerts import snoozing, triage, undo
from alerts.errors import SnoozeRefused, StaleAlert
from alerts.models import Alert
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
FOLD = b"f" * 16
HOUR = timedelta(hours=1)


@pytest.fixture
def alert(tmp_path, cast):
    load(tmp_path)
    made = raised([event()])[0]
    Alert.objects.filter(pk=made.pk).update(fold=FOLD)
    return Alert.objects.get(pk=made.pk)


def more(number, now=NOW):
    made = raised([event() for _ in range(number)], now=now)
    Alert.objects.filter(pk__in=[one.pk for one in made]).update(fold=FOLD)


def snooze(alert, cast, **given):
    given = {"until": NOW + HOUR, "actor": cast.ana, "now": NOW} | given
    return snoozing.snooze(alert_ids=[alert.pk], team_ids=[alert.team_id], **given)


def again(alert):
    return Alert.objects.get(pk=alert.pk)


def test_it_sleeps_until_its_time_and_wakes_by_the_clock_alone(alert, cast):
    snooze(alert, cast)
    assert snoozing.is_asleep(again(alert), NOW + HOUR / 2)
    assert not snoozing.is_asleep(again(alert), NOW + HOUR)
    entry = Change.objects.get(verb="snoozed")
    assert entry.after["snoozed_until"] == (NOW + HOUR).isoformat()
    assert "15:06 UTC" in entry.note


def test_it_is_undone_and_woken(alert, cast):
    done = snooze(alert, cast)
    undo.undo(group=done.group, actor=cast.ana, now=NOW, team_ids=[alert.team_id])
    assert again(alert).snoozed_until is None
    snooze(alert, cast, recurs=2)
    snoozing.wake(alert_ids=[alert.pk], actor=cast.ana, now=NOW, team_ids=[alert.team_id])
    assert (again(alert).snoozed_until, again(alert).snooze_recurs) == (None, None)


def test_it_wakes_when_it_has_recurred_so_many_times(alert, cast):
    snooze(alert, cast, recurs=3)
    more(2)
    assert snoozing.wake_recurring(NOW) == []
    more(1)
    assert snoozing.wake_recurring(NOW) == [alert.pk]
    assert again(alert).snoozed_until is None
    assert Change.objects.get(verb="woke").note == "It recurred 3 times."


def test_thousands_that_have_not_recurred_keep_nobody_behind_them_asleep(
    tmp_path, cast, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(snoozing, "WAKE_AT_ONCE", 2)
    load(tmp_path, most=1_000)
    sleepers = raised([event(host__name=f"h{number}") for number in range(21)])
    numbers = [one.pk for one in sleepers]
    snoozing.snooze(
        alert_ids=numbers, until=NOW + HOUR, recurs=2, actor=cast.ana, now=NOW, team_ids=[sleepers[0].team_id]
    )
    raised([event(host__name=f"h{number}") for number in (3, 18, 19, 20, 18, 19, 20)])
    assert snoozing.wake_recurring(NOW) == numbers[18:20]
    assert snoozing.wake_recurring(NOW) == numbers[20:]
    with django_assert_num_queries(1):
        assert snoozing.wake_recurring(NOW) == []


def test_any_other_act_on_it_wakes_it(alert, cast):
    snooze(alert, cast)
    triage.set_status(alert_ids=[alert.pk], status="acknowledged", actor=cast.ana, now=NOW, team_ids=[alert.team_id])
    assert again(alert).snoozed_until is None


def test_a_closed_one_stays_closed(alert, cast):
    by = {"actor": cast.ana, "now": NOW, "team_ids": [alert.team_id]}
    triage.set_status(alert_ids=[alert.pk], status="closed", reason="duplicate", **by)
    assert snooze(alert, cast).changed == []


def test_not_for_ever_and_not_by_viewers_and_not_over_others(alert, cast):
    for until in (NOW, NOW + timedelta(days=31)):
        with pytest.raises(SnoozeRefused):
            snooze(alert, cast, until=until)
    with pytest.raises(SnoozeRefused):
        snooze(alert, cast, recurs=0)
    with pytest.raises(NotAllowed):
        snooze(alert, cast, actor=cast.vera)
    with pytest.raises(StaleAlert):
        snooze(alert, cast, versions={alert.pk: 7})


def test_tomorrow_is_nine_o_clock_where_the_person_is():
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert snoozing.until_of("tomorrow", now=late, time_zone="UTC") == datetime(2026, 11, 21, 9, tzinfo=UTC)
    there = snoozing.until_of("tomorrow", now=late, time_zone="Asia/Singapore")
    assert there == datetime(2026, 11, 22, 1, tzinfo=UTC)
    with pytest.raises(SnoozeRefused):
        snoozing.until_of("never", now=late, time_zone="UTC")
