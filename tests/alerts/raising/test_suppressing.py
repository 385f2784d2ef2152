"""Suppression: one alert for a group, the others counted at it, whatever the batches, the order and the workers."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.evaluation import judge_lookbacks
from alerts.models import Alert, SignalCount, Status, SuppressedHit
from alerts.raising import raise_alerts
from alerts.retention import forget_old
from alerts.suppressing import suppression_of
from rules.loading import load_rules
from rules.models import RuleRun
from rules.ruleset import forget
from tests.alerts.raising.world import (
    NOW,
    alerts,
    at,
    counted,
    counts,
    event,
    hit,
    raising,
    rule,
    sequence,
    stored,
    suppressing,
)
from tests.alerts.world import PERL, RULE, post, work

pytestmark = pytest.mark.django_db


class TestAGroup:
    def test_the_first_hit_is_the_alert_and_the_others_are_counted_at_it(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        hits = [hit(active, at(second)) for second in (0, 10, 20)]
        raised = raising(*hits)
        (alert,) = alerts()
        assert (raised.alerts["perl"], raised.suppressed["perl"], raised.over["perl"]) == (1, 2, 0)
        assert alert.suppression == [{"field": "host.name", "value": "web-1"}]
        assert (alert.event_time, alert.suppressed) == (NOW, 2)
        assert alert.suppressed_from == NOW + timedelta(seconds=10)
        assert alert.suppressed_until == NOW + timedelta(seconds=20)

    def test_other_values_are_another_group(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", "user.name", minutes=5))
        raising(*(hit(active, at(0, host__name=host, user__name=user)) for host in "ab" for user in "xy"))
        assert sorted(counts()) == [("a", 0), ("a", 0), ("b", 0), ("b", 0)]

    def test_a_list_counts_as_a_whole_whatever_its_order(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.ip", minutes=5))
        lists = (["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.1"], ["10.0.0.1"])
        raising(*(hit(active, at(second, host__ip=ips)) for second, ips in enumerate(lists)))
        assert [(alert.suppression[0]["value"], alert.suppressed) for alert in alerts()] == [
            (["10.0.0.1", "10.0.0.2"], 1),
            ("10.0.0.1", 0),
        ]

    def test_events_without_the_field_are_a_group_of_their_own(self, tmp_path):
        active = rule(tmp_path, more=suppressing("user.name", "host.name", minutes=5))
        raising(*(hit(active, at(second, user__name=None)) for second in range(3)), hit(active, at(4)))
        assert [alert.suppressed for alert in alerts()] == [2, 0]
        assert alerts()[0].suppression[0] == {"field": "user.name", "value": None}

    def test_or_stay_apart_where_the_rule_says_so(self, tmp_path):
        active = rule(tmp_path, more=suppressing("user.name", "host.name", minutes=5, strategy="doNotSuppress"))
        raising(
            *(hit(active, at(second, user__name=None)) for second in range(3)), hit(active, at(4)), hit(active, at(5))
        )
        assert [(alert.suppression_key is None, alert.suppressed) for alert in alerts()] == [
            (True, 0),
            (True, 0),
            (True, 0),
            (False, 1),
        ]

    def test_teams_are_told_apart(self, tmp_path, cast):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        (theirs,) = stored([event()], team=cast.otto.teams.get())
        raising(hit(active, at(0)), hit(active, theirs))
        assert [alert.suppressed for alert in alerts()] == [0, 0]


class TestTheWindow:
    def test_it_counts_from_the_arrival_of_the_first_event(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        raising(*(hit(active, at(seconds)) for seconds in (0, 200, 299, 300, 500, 599, 600)))
        assert [alert.suppressed for alert in alerts()] == [2, 2, 0]

    def test_it_goes_on_in_later_passes(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        for seconds in (0, 200, 299, 300):
            raising(hit(active, at(seconds)), now=NOW + timedelta(seconds=seconds))
        assert [alert.suppressed for alert in alerts()] == [2, 0]
        assert SuppressedHit.objects.count() == 2

    def test_what_is_judged_late_is_counted_at_the_alert_soon_after(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        raising(hit(active, at(200)))
        raising(hit(active, at(0)))
        assert [alert.suppressed for alert in alerts()] == [1]

    def test_without_a_duration_it_is_the_interval(self, tmp_path):
        active = rule(tmp_path, interval="5m", more=suppressing("host.name"))
        start = 240  # NOW is 14:06, and a bucket of five minutes begins at 14:10
        raising(*(hit(active, at(seconds)) for seconds in (0, start - 1, start, start + 299, start + 300)))
        assert [alert.suppressed for alert in alerts()] == [1, 1, 0]

    def test_a_closed_alert_counts_nothing_more(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        raising(hit(active, at(0)), hit(active, at(1)))
        Alert.objects.update(status=Status.CLOSED)
        raising(hit(active, at(2)))
        raising(hit(active, at(3)))
        assert [alert.suppressed for alert in alerts()] == [1, 1]

    @pytest.mark.parametrize(
        ("duration", "minutes"),
        [
            ({"value": 90, "unit": "s"}, 1.5),
            ({"value": 2, "unit": "h"}, 120),
            ({"value": 10**30, "unit": "d"}, 365 * 24 * 60),
            ({"value": -5, "unit": "m"}, None),
            ({"value": 5, "unit": "parsec"}, None),
            ({"value": "5", "unit": "m"}, None),
            (None, None),
        ],
    )
    def test_durations_are_read_as_written_and_others_mean_a_run(self, tmp_path, duration, minutes):
        active = rule(tmp_path, more={"alert_suppression": {"group_by": ["host.name"], "duration": duration}})
        asked = suppression_of(active.definition)
        assert asked.window == (timedelta(minutes=minutes) if minutes else None)


class TestCountedOnce:
    def test_a_hit_that_is_judged_again_counts_no_more(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        hits = [hit(active, at(second)) for second in range(4)]
        raising(*hits)
        for again in (hits, hits[2:], hits[:1]):
            raised = raising(*again)
            assert (raised.alerts.total(), raised.suppressed.total()) == (0, 0)
        assert [alert.suppressed for alert in alerts()] == [3]

    def test_nor_after_its_alert_was_closed(self, tmp_path):
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        hits = [hit(active, at(second)) for second in range(4)]
        raising(*hits)
        Alert.objects.update(status=Status.CLOSED)
        raising(*hits)
        assert [alert.suppressed for alert in alerts()] == [3]

    def test_an_alert_counts_up_to_a_bound_and_the_rest_goes_over(self, tmp_path, monkeypatch):
        monkeypatch.setattr("alerts.suppressing.MOST_COUNTED", 2)
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        first = raising(*(hit(active, at(second)) for second in range(2)))
        then = raising(*(hit(active, at(second)) for second in range(2, 6)))
        assert (first.suppressed.total(), then.suppressed.total(), then.over.total()) == (1, 1, 3)
        assert [alert.suppressed for alert in alerts()] == [2]

    def test_identities_are_forgotten_when_their_events_are_gone(self, tmp_path, settings):
        settings.RETENTION_DAYS = 30
        active = rule(tmp_path, more=suppressing("host.name", minutes=5))
        raising(hit(active, at(0)), hit(active, at(1)))
        later = NOW + timedelta(days=40)
        day = 40 * 86_400
        raising(hit(active, at(day)), hit(active, at(day + 1)), now=later)
        assert forget_old(later).suppressed_hits == 1
        assert list(SuppressedHit.objects.values_list("day", flat=True)) == [later.date()]


class TestBesideTheCap:
    def test_only_alerts_count_against_the_maximum(self, tmp_path):
        active = rule(tmp_path, most=2, more=suppressing("host.name", minutes=5))
        hits = [hit(active, at(place, host__name=f"web-{place % 2}")) for place in range(6)]
        raised = raising(*hits)
        assert (raised.alerts.total(), raised.suppressed.total(), raised.over.total()) == (2, 4, 0)

    def test_hits_whose_alert_was_over_the_maximum_are_over_it_too(self, tmp_path):
        active = rule(tmp_path, most=1, more=suppressing("host.name", minutes=5))
        raised = raising(*(hit(active, at(place, host__name=f"web-{place % 2}")) for place in range(6)))
        assert (raised.alerts.total(), raised.suppressed.total(), raised.over.total()) == (1, 2, 3)
        assert [(row.raised, row.over) for row in SignalCount.objects.all()] == [(1, 3)]


class TestOtherTypes:
    def test_a_threshold_is_suppressed_by_its_own_group(self, tmp_path):
        more = {"alert_suppression": {"duration": {"value": 10, "unit": "m"}}}
        active = rule(tmp_path, kind="threshold", more=more)
        for start in (0, 60, 700):
            group = [at(start + second) for second in range(2)]
            raising(counted(active, group, user__name="svc-ci"))
        raising(counted(active, [at(800, user__name="eve"), at(801, user__name="eve")], user__name="eve"))
        assert [(alert.suppression[0]["value"], alert.suppressed) for alert in alerts()] == [
            ("svc-ci", 1),
            ("svc-ci", 0),
            ("eve", 0),
        ]

    def test_a_sequence_by_what_its_events_share_and_its_blocks_stay_away(self, tmp_path):
        active = rule(tmp_path, kind="eql", more=suppressing("host.name", "process.name", minutes=10))
        one = sequence(active, at(0), at(1, process__name="sh"), identity=b"one")
        two = sequence(active, at(2), at(3, process__name="dash"), identity=b"two")
        raised = raising(one, two)
        (alert,) = alerts()
        assert (raised.alerts.total(), raised.suppressed.total(), alert.suppressed) == (1, 1, 1)
        assert alert.suppression[1] == {"field": "process.name", "value": None}
        assert Alert.objects.filter(shell=alert).count() == 2


_moments = st.lists(st.integers(0, 3_000), min_size=1, max_size=24, unique=True)


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(mkdtemp())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=_moments, cuts=st.sets(st.integers(1, 23), max_size=5))
def test_however_the_hits_are_divided_into_passes_the_counts_are_the_same(db, folder, moments, cuts):
    assert _in_passes(folder, sorted(moments), cuts) == _in_passes(folder, sorted(moments), set())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(st.integers(0, 299), min_size=1, max_size=16, unique=True), data=st.data())
def test_within_one_window_the_order_does_not_matter_either(db, folder, moments, data):
    order = data.draw(st.permutations(moments))
    cuts = data.draw(st.sets(st.integers(1, 15), max_size=5))
    assert [suppressed for _, suppressed in _in_passes(folder, order, cuts)] == [len(moments) - 1]


def _in_passes(folder, moments, cuts):
    """Alerts and counts when hits come in this order, cut into passes; everything is undone afterwards."""
    forget()
    with transaction.atomic():
        active = rule(folder, more=suppressing("host.name", minutes=5))
        hits = [hit(active, at(moment)) for moment in moments]
        edges = [0, *sorted(cut for cut in cuts if cut < len(hits)), len(hits)]
        for start, end in pairwise(edges):
            raise_alerts(hits=hits[start:end], now=NOW)
            raise_alerts(hits=hits[max(start - 2, 0) : end], now=NOW)  # judged again
        found = [(alert.event_time, alert.suppressed) for alert in alerts()]
        assert len(found) + sum(number for _, number in found) == len(moments)
        transaction.set_rollback(True)
    forget()
    return found


FROM_A_FILE = """
[rule.alert_suppression]
group_by = ["host.name"]
missing_fields_strategy = "suppress"
[rule.alert_suppression.duration]
unit = "m"
value = 5
"""


def test_a_rule_file_says_it_and_the_runs_tell_of_it(tmp_path):
    path = tmp_path / "folded.toml"
    path.write_text(
        RULE.format(
            rule_id="folded",
            name="Folded",
            query=PERL,
            severity="low",
            risk=21,
            interval="5m",
            most=100,
            more=FROM_A_FILE,
        )
    )
    long_ago = NOW - timedelta(days=30)
    load_rules(paths=[path], source="test", actor=None, now=long_ago, enable=True)
    judge_lookbacks(now=long_ago, worker=uuid4())
    for seconds in (0, 30, 60):
        moment = NOW + timedelta(seconds=seconds)
        post([event(moment), event(moment, host__name="web-2")], now=moment)
        work(moment)
    assert sorted(counts()) == [("web-1", 2), ("web-2", 2)]
    assert [(run.alerts, run.suppressed) for run in RuleRun.objects.order_by("pk")] == [(2, 0), (0, 2), (0, 2)]
