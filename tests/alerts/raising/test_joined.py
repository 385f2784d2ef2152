"""Alerts of several events: shells and building blocks, counts, indicators, and what is kept with them."""

from datetime import timedelta

import pytest

from alerts import kept
from alerts.facts import BlockFacts, SequenceFacts, ThresholdFacts, facts_of
from alerts.models import Alert, AlertEvent, Kind, Severity, SignalCount
from alerts.selectors.filtering import filtered
from alerts.selectors.shapes import QueueFilters
from tests.alerts.raising.world import NOW, alerts, at, counted, hit, met, new_terms, raising, rule, sequence

pytestmark = pytest.mark.django_db


class TestSequences:
    def test_it_is_a_shell_with_a_building_block_for_each_event(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        first, second = at(0), at(5, process__name="sh", process__command_line="sh -i")
        raised = raising(sequence(active, first, second))
        (shell,) = alerts()
        blocks = list(Alert.objects.filter(shell=shell).order_by("pk"))
        assert (raised.alerts["perl"], raised.ids) == (1, [shell.pk])
        assert (shell.kind, shell.building_block, shell.event_time) == (Kind.SEQUENCE, False, second.event.time)
        assert [(block.kind, block.building_block) for block in blocks] == [(Kind.BLOCK, True)] * 2
        assert [block.event_time for block in blocks] == [first.event.time, second.event.time]
        assert [facts_of("block", block.facts) for block in blocks] == [BlockFacts(0, 2, "1"), BlockFacts(1, 2, "2")]
        facts = facts_of(shell.kind, shell.facts)
        assert isinstance(facts, SequenceFacts)
        assert [step.event for step in facts.steps] == [first.event.uid.hex(), second.event.uid.hex()]

    def test_the_shell_has_what_its_events_share(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        raising(sequence(active, at(0, user__name="eve"), at(5)))
        (shell,) = alerts()
        assert (shell.host_name, shell.user_name, shell.odd) == ("web-1", None, True)
        assert set(Alert.objects.filter(shell=shell).values_list("user_name", flat=True)) == {"eve", "svc-ci"}

    def test_its_events_are_kept_once_in_order_and_its_blocks_find_theirs(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        events = [at(second, process__pid=second) for second in (0, 5, 9)]
        raising(sequence(active, *events))
        (shell,) = alerts()
        assert [(one.role, one.position) for one in kept.events_of(shell)] == [
            ("step 1", 0),
            ("step 2", 1),
            ("step 3", 2),
        ]
        assert AlertEvent.objects.count() == 3
        assert kept.source_of(shell).uid == events[-1].event.uid
        blocks = list(Alert.objects.filter(shell=shell).order_by("pk"))
        found = kept.sources_of([shell, *blocks])
        assert [found[block.pk].uid for block in blocks] == [one.event.uid for one in events]
        assert found[blocks[0].pk].raw == events[0].event.raw
        assert [one.event.uid for one in kept.events_of(blocks[1])] == [events[1].event.uid]

    def test_found_again_it_is_the_same_and_another_is_another(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        one, two = at(0), at(5)
        raising(sequence(active, one, two))
        raised = raising(sequence(active, one, two), sequence(active, one, two, identity=b"two"))
        assert (raised.alerts.total(), Alert.objects.filter(shell=None).count(), Alert.objects.count()) == (1, 2, 6)

    def test_the_maximum_counts_shells(self, tmp_path):
        active = rule(tmp_path, kind="eql", most=2)
        pairs = [(at(place), at(place + 1)) for place in range(0, 6, 2)]
        raised = raising(*(sequence(active, *pair, identity=bytes([place])) for place, pair in enumerate(pairs)))
        assert (raised.alerts.total(), raised.over.total(), Alert.objects.count()) == (2, 1, 6)
        assert SignalCount.objects.get().over_uids == [pairs[2][1].event.uid.hex()]

    def test_the_queue_shows_the_shell_and_no_block(self, tmp_path, cast):
        active = rule(tmp_path, kind="eql")
        raising(sequence(active, at(0), at(5)))
        assert [alert.kind for alert in filtered(cast.ana, QueueFilters(), NOW)] == [Kind.SEQUENCE]

    def test_a_sample_is_dated_by_its_latest_event(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        raising(sequence(active, at(9), at(0), kind=Kind.SAMPLE))
        (shell,) = alerts()
        assert (shell.kind, shell.event_time) == (Kind.SAMPLE, NOW + timedelta(seconds=9))

    def test_the_line_tells_the_deeds_in_order(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        raising(sequence(active, at(0), at(5, process__command_line="sh -i")))
        assert alerts()[0].evidence == "bash → \ue000perl\ue001 -e exec ⇒ bash → sh -i"

    def test_statements_do_not_grow_with_alerts(self, tmp_path, django_assert_max_num_queries):
        active = rule(tmp_path, kind="eql")
        hits = [sequence(active, at(place), at(place + 1), identity=bytes([place])) for place in range(0, 40, 2)]
        with django_assert_max_num_queries(24):
            raising(*hits)


class TestCounts:
    def test_it_keeps_the_last_hundred_events_and_the_number_of_all(self, tmp_path):
        active = rule(tmp_path, kind="threshold")
        events = [at(place / 10) for place in range(104)]
        raising(counted(active, events, of=250, user__name="svc-ci"))
        (alert,) = alerts()
        facts = facts_of(alert.kind, alert.facts)
        assert isinstance(facts, ThresholdFacts)
        assert (alert.kind, facts.count, alert.event_time) == (Kind.THRESHOLD, 250, events[-1].event.time)
        assert [one.event.uid for one in kept.events_of(alert)] == [one.event.uid for one in events[-100:]]
        assert kept.source_of(alert).uid == events[-1].event.uid
        assert alert.odd
        assert alert.evidence.startswith("250 events · user.name \ue000svc-ci\ue001")

    def test_a_group_alerts_again_when_it_is_reached_anew(self, tmp_path):
        active = rule(tmp_path, kind="threshold")
        first, then = [at(0), at(1)], [at(400), at(401)]
        raising(counted(active, first, user__name="svc-ci"))
        raising(counted(active, first, user__name="svc-ci"))
        raising(counted(active, then, user__name="svc-ci"))
        assert len(alerts()) == 2


class TestIndicators:
    def test_it_is_the_alert_of_the_event_with_the_indicator_beside_it(self, tmp_path):
        active = rule(tmp_path, kind="threat_match")
        event, feed = at(9, destination__ip="198.51.100.7"), at(0, threat__indicator__ip="198.51.100.7")
        raising(met(active, event, feed))
        (alert,) = alerts()
        assert (alert.kind, alert.host_name, alert.event_time) == (Kind.INDICATOR, "web-1", event.event.time)
        assert facts_of(alert.kind, alert.facts).matches[0].indicator["provider"] == "feed"
        assert [(one.role, one.event.uid) for one in kept.events_of(alert)] == [
            ("source", event.event.uid),
            ("indicator", feed.event.uid),
        ]
        assert kept.source_of(alert).uid == event.event.uid

    def test_another_indicator_makes_no_second_alert_of_the_event(self, tmp_path):
        active = rule(tmp_path, kind="threat_match")
        event, one, two = at(9), at(0), at(1)
        raising(met(active, event, one))
        assert raising(met(active, event, one, two)).alerts.total() == 0


class TestLearning:
    def test_one_alert_stands_for_everything_that_is_new_while_history_is_short(self, tmp_path):
        active = rule(tmp_path, new_terms=["process.name"])
        first = [new_terms(active, at(place), f"p{place}", learning=True) for place in range(3)]
        raised = raising(*first)
        raising(*(new_terms(active, at(place), f"p{place}", learning=True) for place in range(3, 30)))
        raising(*first)
        (alert,) = alerts()
        facts = facts_of(alert.kind, alert.facts)
        assert (raised.alerts.total(), raised.suppressed.total()) == (1, 2)
        assert (alert.kind, alert.learning, alert.suppressed) == (Kind.NEW_TERMS, True, 29)
        assert (facts.combinations, len(facts.examples), facts.examples[19].values) == (30, 20, ["p19"])

    def test_afterwards_each_new_value_is_an_alert_again(self, tmp_path):
        active = rule(tmp_path, new_terms=["process.name"])
        raising(new_terms(active, at(0), "a", learning=True))
        raising(new_terms(active, at(1), "b"), new_terms(active, at(2), "c"))
        assert [(alert.learning, alert.suppressed) for alert in alerts()] == [(True, 0), (False, 0), (False, 0)]


MAPPED = {
    "severity_mapping": (
        {"field": "event.severity", "operator": "equals", "value": "73", "severity": "high"},
        {"field": "event.severity", "operator": "equals", "value": "99", "severity": "critical"},
        {"field": "event.code", "operator": "equals", "value": "7", "severity": "low"},
    ),
    "risk_score_mapping": ({"field": "event.risk_score", "operator": "equals", "value": ""},),
    "rule_name_override": "message",
}


class TestTheEventsWord:
    @pytest.mark.parametrize(
        ("fields", "severity", "score", "name"),
        [
            ({}, Severity.MEDIUM, 47, "Perl was started"),
            ({"event__severity": 73}, Severity.HIGH, 47, "Perl was started"),
            ({"event__severity": 99, "event__code": "7"}, Severity.CRITICAL, 47, "Perl was started"),
            ({"event__severity": 74}, Severity.MEDIUM, 47, "Perl was started"),
            ({"event__code": "7"}, Severity.LOW, 47, "Perl was started"),
            ({"event__risk_score": 61}, Severity.MEDIUM, 61, "Perl was started"),
            ({"event__risk_score": [12, 88, 300]}, Severity.MEDIUM, 88, "Perl was started"),
            ({"event__risk_score": 101}, Severity.MEDIUM, 47, "Perl was started"),
            ({"message": "Ransomware note"}, Severity.MEDIUM, 47, "Ransomware note"),
            ({"message": "Quiet\u202eesion"}, Severity.MEDIUM, 47, "Quiet⟨U+202E⟩esion"),
            ({"message": ["one", "two"]}, Severity.MEDIUM, 47, "Perl was started"),
        ],
    )
    def test_severity_score_and_name_follow_the_fields_that_the_rule_names(
        self, tmp_path, fields, severity, score, name
    ):
        active = rule(tmp_path, severity="medium", risk=47, more=MAPPED)
        raising(hit(active, at(0, **fields)))
        (alert,) = alerts()
        assert (alert.severity, alert.risk_score, alert.name) == (severity, score, name)

    def test_of_a_sequence_what_all_events_say_and_nothing_on_its_blocks(self, tmp_path):
        active = rule(tmp_path, kind="eql", severity="medium", risk=47, more=MAPPED)
        raising(sequence(active, at(0, event__severity=99, message="a"), at(5, event__severity=99, message="b")))
        (shell,) = alerts()
        assert (shell.severity, shell.name) == (Severity.CRITICAL, "Perl was started")
        assert set(Alert.objects.filter(shell=shell).values_list("severity", "name")) == {
            (Severity.MEDIUM, "Perl was started")
        }
