"""Rules in ES|QL: what is made of their files, and what the rows of a window are."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import RuleFileError
from engine.pipelines.page import HIDDEN
from engine.pipelines.providing import provide
from engine.pipelines.tables import read_table
from engine.plan import Pipeline, logic_from_json, logic_to_json
from engine.rule_types.esql import NEEDS_MODEL, compiled
from engine.rulefile import compile_rule, load_rule
from engine.rulefile.overriding import check_overrides, overridden
from engine.running import Event, Rule, event_of, run, told_of_event
from engine.wording import in_words

HEAD = """
[rule]
description = "x"
name = "Odd"
risk_score = 47
rule_id = "odd"
severity = "medium"
from = "now-10m"
type = "esql"
"""
NOW = datetime(2026, 11, 20, 10, 10, tzinfo=UTC)
COUNTED = 'FROM logs-* | WHERE event.action == "login" | STATS n = COUNT(*) BY user.name | WHERE n >= 2'


def definition(query: str, extra: str = "") -> Any:
    return load_rule(f"{HEAD}{extra}\nquery = '''{query}'''", "odd.toml")


def rule(query: str, extra: str = "") -> Rule:
    found = definition(query, extra)
    return Rule(found, compile_rule(found, "odd.toml"))


def event(line: int, minute: int, **fields: Any) -> Event:
    return event_of(line, {"@timestamp": f"2026-11-20T10:{minute:02}:00Z", "_index": "logs-a-b", **fields})


def logins(*names: Any) -> list[Event]:
    return [event(line, line, user={"name": name}, event={"action": "login"}) for line, name in enumerate(names)]


def found(query: str, events: list[Event], extra: str = "") -> list[tuple[tuple[int | None, ...], Any]]:
    return [(finding.events, finding.row) for finding in run([rule(query, extra)], events, now=NOW)]


class TestPlans:
    @pytest.mark.parametrize(
        ("query", "aggregating", "at_once", "by"),
        [
            ("FROM logs-* | WHERE a == 1 | KEEP a", False, True, ()),
            ('FROM logs-* | EVAL b = 1 | GROK a "%{WORD:c}" | MV_EXPAND c | KEEP a, b, c', False, True, ()),
            ("FROM logs-* | SORT a | LIMIT 5 | KEEP a", False, False, ()),
            ("FROM logs-* | INLINE STATS n = COUNT(*) BY a | WHERE n > 1 | KEEP a", False, False, ()),
            ("FROM logs-* | STATS n = COUNT(*) BY a, b = TO_LOWER(c)", True, False, ("a", "b")),
            ("FROM logs-* | STATS n = COUNT(*) BY a, b | STATS m = MAX(n) BY a", True, False, ("a",)),
            ("FROM logs-* | STATS n = COUNT(*)", True, False, ()),
        ],
    )
    def test_a_pipeline_says_what_its_rows_are(self, query: str, aggregating: bool, at_once: bool, by: Any) -> None:
        plan = rule(query).compiled.plan
        assert isinstance(plan, Pipeline)
        assert (plan.text, plan.aggregating, plan.at_once, plan.by) == (query, aggregating, at_once, by)

    def test_the_columns_of_events_are_those_that_are_used(self) -> None:
        plan = rule('FROM logs-* | WHERE KQL("a: 1") | EVAL x = b + c | KEEP x, d').compiled.plan
        assert isinstance(plan, Pipeline)
        assert (plan.fields, plan.whole) == ((f"{HIDDEN}1", "b", "c", "d"), False)
        everything = rule("FROM logs-*").compiled.plan
        assert isinstance(everything, Pipeline)
        assert everything.whole

    def test_the_tree_has_the_leading_conditions_and_the_filters(self) -> None:
        extra = 'filters = [{ query = { term = { "host.name" = "h" } } }]'
        tree = rule('FROM logs-* | WHERE user.name == "x" | STATS n = COUNT(*) | WHERE n > 1', extra).compiled.tree
        assert tree is not None
        assert in_words(tree) == "user.name is x and host.name is h"

    def test_the_indices_are_those_of_from_whatever_the_file_says_beside_it(self) -> None:
        both = rule("// reads | all\nFROM logs-a-*, .alerts-* /* | */ METADATA _id | KEEP a", 'index = ["other-*"]')
        assert both.compiled.indices == both.definition.indices == ("logs-a-*", ".alerts-*")
        assert [part.indices for part in both.compiled.parts] == [("logs-a-*", ".alerts-*")]

    def test_logic_survives_its_storage(self) -> None:
        logic = rule(COUNTED, 'multivalue = "any"').compiled.logic
        assert logic is not None
        assert logic_from_json(logic_to_json(logic)) == logic

    def test_the_pipeline_is_compiled_when_it_runs_and_then_kept(self) -> None:
        logic = rule(COUNTED).compiled.logic
        assert logic is not None
        assert isinstance(logic.plan, Pipeline)
        assert compiled(logic.plan) is compiled(logic.plan)
        assert compiled(logic.plan).by == ("user.name",)


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "part"),
        [
            ("FROM logs-* | WHERE", "WHERE"),
            ("FROM logs-* | KEEP a | WHERE b == 1", "b"),
            ("ROW a = 1", "ROW"),
            ('FROM logs-* | WHERE KQL("a: (")', "not closed"),
            ('FROM logs-* | WHERE a RLIKE "("', ""),
        ],
    )
    def test_what_cannot_run_is_refused_with_its_place(self, query: str, part: str) -> None:
        with pytest.raises(RuleFileError) as refused:
            rule(query)
        cause = refused.value.cause
        assert refused.value.key == "rule.query"
        assert cause is not None
        assert cause.line == 1
        assert cause.column > 1 or query.startswith("ROW")

    def test_a_rule_that_asks_a_model_is_not_evaluated_and_is_no_error(self) -> None:
        asks = rule('FROM logs-* | COMPLETION answer = message WITH { "inference_id": "m" } | KEEP answer').compiled
        assert (asks.logic, asks.evaluated, asks.reason_not_evaluated) == (None, False, NEEDS_MODEL)
        with pytest.raises(RuleFileError, match="Unknown column"):
            rule('FROM logs-* | COMPLETION answer = message WITH { "inference_id": "m" } | KEEP a | WHERE b == 1')
        only_named = rule('FROM logs-* | WHERE event.action == "completion" | KEEP event.action').compiled
        assert only_named.evaluated

    @pytest.mark.parametrize("joins", ["LOOKUP JOIN t ON a", "ENRICH _any:t ON a WITH b", "ENRICH t"])
    def test_a_rule_that_joins_what_is_not_here_is_not_evaluated_and_says_so(self, joins: str) -> None:
        before = provide(lambda _name: None)
        try:
            found = rule(f"FROM logs-* | {joins}").compiled
        finally:
            provide(before)
        assert (found.logic, found.evaluated) == (None, False)
        assert found.reason_not_evaluated == "The query joins the table or list “t”, and there is none here"

    def test_a_rule_joins_what_a_provider_has_and_anew_when_that_changes(self) -> None:
        tables = {"t": read_table("t", ["a:keyword,b:keyword", "x,1"])}
        before = provide(tables.get)
        try:
            logic = rule("FROM logs-* | ENRICH t ON a WITH c = b | WHERE c IS NOT NULL").compiled.logic
            assert logic is not None
            assert isinstance(logic.plan, Pipeline)
            assert logic.plan.at_once
            first = compiled(logic.plan)
            assert compiled(logic.plan) is first
            tables["t"] = read_table("t", ["a:keyword,b:keyword", "y,1"])
            assert compiled(logic.plan) is not first
        finally:
            provide(before)

    def test_a_multivalue_of_another_kind_is_refused(self) -> None:
        with pytest.raises(RuleFileError) as refused:
            definition(COUNTED, 'multivalue = "all"')
        assert refused.value.key == "rule.multivalue"


class TestMultivalue:
    EVENT = event(0, 1, event={"type": ["start", "info"]})
    QUERY = 'FROM logs-* | WHERE event.type == "start" | KEEP event.type'

    def test_a_field_of_several_values_is_compared_only_where_the_rule_says_so(self) -> None:
        assert found(self.QUERY, [self.EVENT]) == []
        assert found(self.QUERY, [self.EVENT], 'multivalue = "strict"') == []
        assert found(self.QUERY, [self.EVENT], 'multivalue = "any"') == [((0,), {"event.type": ["info", "start"]})]

    def test_it_is_part_of_what_the_rule_looks_for(self) -> None:
        said_nothing, strict, any_match = (
            rule(self.QUERY, extra).compiled.logic_hash for extra in ("", 'multivalue = "strict"', 'multivalue = "any"')
        )
        assert said_nothing == strict != any_match

    def test_people_may_set_it_beside_the_file(self) -> None:
        given = definition(self.QUERY)
        check_overrides(given, {"multivalue": "any"})
        changed = overridden(given, {"multivalue": "any"})
        assert compile_rule(changed).logic_hash == rule(self.QUERY, 'multivalue = "any"').compiled.logic_hash
        back = overridden(definition(self.QUERY, 'multivalue = "any"'), {"multivalue": "strict"})
        assert compile_rule(back).logic_hash == rule(self.QUERY).compiled.logic_hash

    def test_it_cannot_be_set_to_something_else_or_for_other_rules(self) -> None:
        with pytest.raises(RuleFileError):
            check_overrides(definition(self.QUERY), {"multivalue": "some"})
        kql = load_rule(HEAD.replace('"esql"', '"query"') + 'query = "a: 1"', "odd.toml")
        with pytest.raises(RuleFileError, match="only for"):
            check_overrides(kql, {"multivalue": "any"})


class TestRuns:
    def test_a_group_is_a_hit_with_its_events_and_its_row(self) -> None:
        assert found(COUNTED, logins("ana", "bo", "ana", "cy", "bo", "ana")) == [
            ((0, 2, 5), {"n": 3, "user.name": "ana"}),
            ((1, 4), {"n": 2, "user.name": "bo"}),
        ]

    def test_only_events_of_the_window_and_of_the_index_count(self) -> None:
        early = event_of(9, {"@timestamp": "2026-11-20T09:59:59Z", "user.name": "ana", "event.action": "login"})
        late = event_of(10, {"@timestamp": "2026-11-20T10:10:01Z", "user.name": "ana", "event.action": "login"})
        other = event(11, 3, user={"name": "ana"}, event={"action": "login"})
        foreign = event_of(11, {**other.document.raw, "_index": "metrics-a-b"})
        assert found(COUNTED, [*logins("ana"), early, late, foreign]) == []

    def test_the_rules_own_clock_decides(self) -> None:
        later = {"event.ingested": "2026-11-20T10:05:00Z", "user.name": "ana", "event.action": "login"}
        events = [event_of(line, {"@timestamp": "2026-11-20T08:00:00Z", **later}) for line in range(2)]
        assert found(COUNTED, events) == []
        assert len(found(COUNTED, events, 'timestamp_override = "event.ingested"')) == 1

    def test_now_is_the_end_of_the_window(self) -> None:
        query = 'FROM logs-* | EVAL age = DATE_DIFF("minutes", @timestamp, NOW()) | KEEP age'
        assert found(query, [event(0, 4)]) == [((0,), {"age": 6})]

    def test_each_row_of_an_event_is_a_hit_of_it(self) -> None:
        query = "FROM logs-* METADATA _id, _index | MV_EXPAND tags | KEEP _id, _index, tags"
        [first, second] = found(query, [event(3, 1, tags=["a", "b"], _id="x")])
        assert first == ((3,), {"_id": "x", "_index": "logs-a-b", "tags": "a"})
        assert second == ((3,), {"_id": "x", "_index": "logs-a-b", "tags": "b"})

    def test_rows_with_whole_events_have_what_their_event_has(self) -> None:
        rows = [row for _, row in found("FROM logs-* | EVAL n = 1, m = none", [event(0, 1, a=1), event(1, 2, b=2)])]
        assert rows[0] == {"@timestamp": "2026-11-20T10:01:00.000Z", "a": 1, "n": 1, "m": None}
        assert "a" not in rows[1]

    def test_what_is_found_does_not_hang_on_the_order_of_lines(self) -> None:
        events = logins("ana", "bo", "ana", "bo")
        assert found(COUNTED, events) == found(COUNTED, events[::-1])

    def test_a_pipeline_that_fails_costs_no_other_rule_its_findings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = rule(COUNTED)
        monkeypatch.setattr("engine.running.pipelines.compiled", lambda _: 1 / 0)
        other = load_rule(HEAD.replace('"esql"', '"query"') + 'query = "user.name: ana"', "odd.toml")
        hits = list(run([broken, Rule(other, compile_rule(other))], logins("ana"), now=NOW))
        assert [hit.type for hit in hits] == ["query"]


class TestExplanations:
    def told(self, line: int, *names: Any, query: str = COUNTED) -> Any:
        events = logins(*names)
        return told_of_event(rule(query), events[line], events)

    def test_an_event_of_a_group_that_is_large_enough(self) -> None:
        told = self.told(0, "ana", "bo", "ana")
        assert told["matched"]
        assert "why_not" not in told
        assert told["row"] == {"n": 2, "user.name": "ana"}
        assert [clause["clause"] for clause in told["clauses"]] == ["event.action is login"]
        assert [command["rows"] for command in told["commands"]] == [1, 1, 1, 1]
        [condition] = told["conditions"]
        assert (condition["clause"], condition["held"], condition["values"]) == ("n >= 2", True, {"n": 2})

    def test_an_event_of_a_group_that_is_too_small(self) -> None:
        told = self.told(1, "ana", "bo", "ana")
        assert not told["matched"]
        assert told["row"] == {"n": 1, "user.name": "bo"}
        assert (told["why_not"]["clause"], told["why_not"]["value"]) == ("n >= 2", False)

    def test_an_event_that_a_condition_left_out_names_it_with_its_value(self) -> None:
        told = self.told(0, "ana", query='FROM logs-* | WHERE user.name == "bo" AND event.action == "login"')
        why = told["why_not"]
        assert (told["matched"], why["clause"], why["found"]) == (False, 'user.name == "bo"', ["ana"])
        assert (why["field"], why["held"], why["value"]) == ("user.name", False, False)

    def test_null_is_told_apart_from_false(self) -> None:
        several = [event(0, 1, event={"type": ["start", "info"]})]
        told = told_of_event(rule('FROM logs-* | WHERE event.type == "start"'), several[0], several)
        assert (told["why_not"]["value"], told["why_not"]["found"]) == (None, ["info", "start"])
        assert told["clauses"][0]["held"]

    def test_an_event_of_another_index_is_told_so(self) -> None:
        foreign = event_of(0, {"_index": "metrics-a-b", "@timestamp": "2026-11-20T10:00:00Z"})
        told = told_of_event(rule(COUNTED), foreign, [foreign])
        assert (told["matched"], told["why_not"]["field"], told["commands"]) == (False, "_index", [])

    def test_a_command_that_drops_the_row_is_named(self) -> None:
        events = logins("ana", "bo")
        told = told_of_event(rule("FROM logs-* | SORT user.name | LIMIT 1"), events[1], events)
        assert (told["matched"], told["why_not"]["clause"]) == (False, "LIMIT 1")

    def test_an_event_older_than_the_window_is_explained_as_of_its_time(self) -> None:
        old = [event_of(0, {"@timestamp": "2026-11-19T10:00:00Z", "user.name": "ana", "event.action": "login"})]
        events = [*old, event(1, 9)]
        assert told_of_event(rule(COUNTED), events[0], events)["row"] == {"n": 1, "user.name": "ana"}

    def test_an_event_without_a_time_or_company_is_explained_alone(self) -> None:
        alone = event_of(0, {"user.name": "ana", "event.action": "login"})
        assert told_of_event(rule(COUNTED), alone)["row"] == {"n": 1, "user.name": "ana"}


def test_reading_the_sources_of_a_hostile_query_takes_no_time() -> None:
    started = time.perf_counter()
    for text in ("FROM " + '"' * 50_000, "/*" * 50_000, "FROM a" + "`" * 50_000, "/" * 100_000, '"""' * 30_001):
        assert definition(text).indices
    assert time.perf_counter() - started < 2
