"""Alerts written back as events: what rules that read alerts find, and what keeps them from going in circles."""

import pytest

from alerts.lineage import MAX_DEPTH
from alerts.models import Alert
from engine import parse_kql
from events import process_tree
from events.models import ArrivalNote
from events.searching import ORDINARY, Window, indices_asked
from events.store import count, histogram, search
from tests.alerts.raising.world import (
    INDEX_OF_ALERTS,
    NOW,
    alerts,
    as_judged,
    at,
    counted,
    hit,
    met,
    new_terms,
    raising,
    rule,
    sequence,
    suppressing,
    written,
)
from tests.alerts.world import event, post, work

pytestmark = pytest.mark.django_db
WHOLE = Window(NOW.replace(hour=0), NOW.replace(hour=23))


class TestWhatIsWritten:
    def test_the_event_stands_beside_what_we_say_of_it(self, tmp_path):
        active = rule(tmp_path)
        source = at(3)
        raising(hit(active, source))
        (alert,) = alerts()
        (document,) = written()
        told = document["kibana"]["alert"]
        assert (document["host"]["name"], document["process"]["name"]) == ("web-1", "perl")
        assert (document["event"]["kind"], document["event"]["action"]) == ("signal", "exec")
        assert document["@timestamp"] == document["event"]["ingested"] == "2026-11-20T14:06:00.000Z"
        assert told["uuid"] == bytes(alert.identity).hex()
        assert (told["severity"], told["risk_score"], told["workflow_status"]) == ("high", 73, "open")
        assert (told["original_time"], told["depth"]) == ("2026-11-20T14:06:03.000Z", 1)
        assert told["original_event"]["action"] == "exec"
        assert told["ancestors"] == [
            {"id": source.event.uid.hex(), "index": source.event.index, "type": "event", "depth": 0}
        ]
        assert (told["rule"]["rule_id"], told["rule"]["name"], told["rule"]["type"]) == ("perl", alert.name, "query")
        assert told["rule"]["tags"] == ["OS: Linux", "Test"]
        assert told["rule"]["threat"][0]["technique"][0]["subtechnique"][0]["id"] == "T1059.006"
        assert document["signal"]["rule"]["name"] == alert.name
        assert "building_block_type" not in told

    def test_what_a_sender_made_up_is_left_out(self, tmp_path):
        active = rule(tmp_path)
        raising(hit(active, at(0, kibana__alert__workflow_status="closed", kibana__made__up="x", signal__rule__id="x")))
        (document,) = written()
        assert document["kibana"]["alert"]["workflow_status"] == "open"
        assert "made" not in document["kibana"]
        assert "id" not in document["signal"]["rule"]

    def test_a_sequence_is_a_shell_and_its_blocks(self, tmp_path):
        active = rule(tmp_path, kind="eql")
        raising(sequence(active, at(0, user__name="eve"), at(5)))
        shell, one, two = written()
        groups = [document["kibana"]["alert"]["group"] for document in (shell, one, two)]
        assert [group["id"] for group in groups] == [shell["kibana"]["alert"]["uuid"]] * 3
        assert [group.get("index") for group in groups] == [None, 0, 1]
        assert ("user" in shell, one["user"]["name"], two["user"]["name"]) == (False, "eve", "svc-ci")
        assert [document["kibana"]["alert"].get("building_block_type") for document in (shell, one, two)] == [
            None,
            "default",
            "default",
        ]
        assert len(shell["kibana"]["alert"]["ancestors"]) == 2

    def test_a_count_has_its_group_alone(self, tmp_path):
        active = rule(tmp_path, kind="threshold")
        raising(counted(active, [at(0), at(1)], of=9, user__name="svc-ci"))
        (document,) = written()
        assert document["user"] == {"name": "svc-ci"}
        assert "host" not in document
        assert document["kibana"]["alert"]["threshold_result"]["count"] == 9

    def test_new_terms_indicators_and_suppression_say_theirs(self, tmp_path):
        fresh = rule(tmp_path, rule_id="new", new_terms=["process.name"])
        known = rule(tmp_path, rule_id="known", kind="threat_match")
        folded = rule(tmp_path, rule_id="folded", more=suppressing("host.name", minutes=5))
        raising(
            new_terms(fresh, at(0), "perl"), met(known, at(1), at(2)), hit(folded, at(3)), hit(folded, at(4)), now=NOW
        )
        told = {document["kibana"]["alert"]["rule"]["rule_id"]: document for document in written()}
        assert told["new"]["kibana"]["alert"]["new_terms"] == ["perl"]
        assert told["known"]["threat"]["enrichments"][0]["matched"]["atomic"] == "198.51.100.7"
        assert told["folded"]["kibana"]["alert"]["suppression"] == {
            "terms": [{"field": "host.name", "value": "web-1"}],
            "docs_count": 1,
            "start": "2026-11-20T14:06:03.000Z",
            "end": "2026-11-20T14:06:04.000Z",
        }

    def test_an_alert_that_is_found_again_is_not_written_again(self, tmp_path):
        active = rule(tmp_path)
        one = hit(active, at(0))
        raising(one)
        raising(one)
        assert len(written()) == 1


class TestRulesThatReadAlerts:
    def test_they_fire_on_the_next_pass(self, tmp_path):
        rule(tmp_path)
        rule(tmp_path, rule_id="higher", name="Perl again", query='kibana.alert.rule.rule_id:"perl"')
        _read_alerts("higher")
        post([event()])
        work()
        assert [(alert.rule_id, alert.depth, alert.host_name) for alert in alerts()] == [
            ("perl", 1, "web-1"),
            ("higher", 2, "web-1"),
        ]

    def test_an_alert_never_descends_from_its_own_rule(self, tmp_path):
        active = rule(tmp_path, query="kibana.alert.depth >= 1 or process.name:perl")
        raising(hit(active, at(0)))
        (own,) = as_judged()
        raised = raising(hit(active, own))
        assert (raised.alerts.total(), raised.looped["perl"]) == (0, 1)

    def test_nor_through_another_rule(self, tmp_path):
        one, two = rule(tmp_path, rule_id="one"), rule(tmp_path, rule_id="two")
        raising(hit(one, at(0)))
        (first,) = as_judged()
        raising(hit(two, first))
        (second,) = as_judged()
        assert [each["rule"] for each in second.document.raw["kibana"]["alert"]["ancestors"] if "rule" in each] == [
            "one"
        ]
        assert raising(hit(one, second)).looped["one"] == 1
        assert raising(sequence(one, at(9), second)).looped["one"] == 1

    def test_the_chain_ends_at_its_greatest_depth(self, tmp_path):
        rules = [rule(tmp_path, rule_id=f"r{number}") for number in range(MAX_DEPTH + 1)]
        judged = at(0)
        for active in rules[:-1]:
            raising(hit(active, judged))
            (judged,) = as_judged()
        assert Alert.objects.latest("pk").depth == MAX_DEPTH
        assert raising(hit(rules[-1], judged)).looped.total() == 1

    def test_an_agent_cannot_keep_a_rule_from_firing_by_made_up_ancestors(self, tmp_path):
        active = rule(tmp_path)
        made_up = at(0, kibana__alert__ancestors=[{"rule": "perl"}], kibana__alert__depth=9)
        assert raising(hit(active, made_up)).alerts.total() == 1

    def test_alerts_on_each_other_come_to_an_end(self, tmp_path):
        for name in ("one", "two"):
            rule(tmp_path, rule_id=name, name=name, query="kibana.alert.rule.name:* or process.name:perl")
            _read_alerts(name)
        post([event()])
        work()
        assert sorted((alert.rule_id, alert.depth) for alert in alerts()) == [
            ("one", 1),
            ("one", 2),
            ("two", 1),
            ("two", 2),
        ]


class TestWhoDoesNotSeeThem:
    def test_searches_leave_them_out_unless_they_are_asked_for(self, tmp_path):
        raising(hit(rule(tmp_path), at(0)))
        team = [alerts()[0].team_id]
        for text, expected in (("process.name:perl", 1), ("kibana.alert.rule.name:*", 1), ("*", 1)):
            tree = parse_kql(text)
            indices = indices_asked(tree)
            found = search(tree=tree, window=WHOLE, team_ids=team, indices=indices, limit=10)
            assert [one.index == INDEX_OF_ALERTS for one in found.events] == [text.startswith("kibana")] * expected
            assert histogram(tree=tree, window=WHOLE, team_ids=team, indices=indices).total.number == expected
        assert count(tree=parse_kql("*"), window=WHOLE, team_ids=team, indices=ORDINARY).number == 1
        assert count(tree=parse_kql("*"), window=WHOLE, team_ids=team).number == 2

    def test_process_trees_and_notes_of_agents_do_too(self, tmp_path):
        active = rule(tmp_path)
        parent = at(0, process__entity_id="p")
        child = at(1, process__entity_id="c", process__parent__entity_id="p")
        raising(hit(active, parent), hit(active, child))
        tree = process_tree.around(event=parent.event)
        assert [node.ref.index for node in tree.children] == [child.event.index]
        assert not ArrivalNote.objects.exists()

    def test_rules_without_an_index_do_not_read_them(self, tmp_path):
        rule(tmp_path)
        rule(tmp_path, rule_id="all", name="All", query="kibana.alert.rule.name:*")
        post([event()])
        work()
        assert [alert.rule_id for alert in alerts()] == ["perl"]


def _read_alerts(rule_id):
    """Have a loaded rule read alerts, besides what it read."""
    from rules import epoch
    from rules.models import Rule, RuleRevision

    revision = Rule.objects.get(pk=rule_id).revision
    definition = {**revision.definition, "index": [".alerts-security.*", "logs-*"]}
    changed = RuleRevision.objects.create(
        rule_id=rule_id,
        number=revision.number + 1,
        definition=definition,
        source_text=revision.source_text,
        tree=revision.tree,
        compiler_version=revision.compiler_version,
        logic_hash=revision.logic_hash,
        created_at=revision.created_at,
    )
    Rule.objects.filter(pk=rule_id).update(revision=changed)
    epoch.bump()
