"""What the linter says of ES|QL: at its place, once for a field, and nothing where the rule says what it means."""

import pytest

from engine.linting import lint
from engine.rulefile import RuleDefinition, load_rule

RULE = """
[rule]
rule_id = "11111111-0000-4000-8000-000000000001"
name = "A rule"
description = "It says what it sees."
type = "esql"
severity = "high"
risk_score = 73
interval = "5m"
from = "{back}"
{extra}
query = '''{query}'''
"""
ID = "FROM logs-* METADATA _id "


def rule(query: str, back: str = "now-9m", extra: str = "") -> RuleDefinition:
    return load_rule(RULE.format(query=query, back=back, extra=extra), "rule.toml")


def codes(query: str, **more: str) -> list[str]:
    return [finding.code for finding in lint(rule(query, **more))]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (ID + '| WHERE event.type == "start"', "several_values"),
        (ID + '| WHERE NOT event.category IN ("process")', "several_values"),
        (ID + '| WHERE process.args LIKE "-d*"', "several_values"),
        (ID + '| WHERE STARTS_WITH(event.action, "log")', "several_values"),
        (ID + '| EVAL x = CASE(event.type == "start", 1, 0) | WHERE x == 1', "several_values"),
        (ID + '| EVAL line = MV_CONCAT(process.args, " ")', "sorted_values"),
        ('FROM logs-* | WHERE user.name == "root"', "no_id"),
        (ID + "| LIMIT 5", "limit_without_sort"),
        (ID + "| SORT a | STATS c = COUNT(*) BY b | LIMIT 5", "limit_without_sort"),
        (ID + '| WHERE user.name LIKE "root"', "like_without_wildcard"),
        (ID + '| WHERE user.name LIKE ("root", "a*")', "like_without_wildcard"),
        (ID + '| WHERE user.name == "adm*n"', "literal_star"),
        (ID + '| WHERE user.name IN ("adm*n")', "literal_star"),
        (ID + '| WHERE process.name IN ("cmd.exe", "powershell.exe")', "case_sensitive"),
        ("FROM logs-* | STATS c = COUNT(*) BY t = DATE_TRUNC(1 hour, @timestamp)", "lookback_below_bucket"),
    ],
)
def test_what_hardly_was_meant_is_named(query: str, code: str) -> None:
    assert codes(query) == [code]


@pytest.mark.parametrize(
    "query",
    [
        ID + '| MV_EXPAND event.type | WHERE event.type == "start"',
        ID + '| WHERE MV_CONTAINS(event.type, "start")',
        ID + '| WHERE KQL("event.type: start")',
        ID + '| EVAL event.action = MV_FIRST(event.action) | WHERE event.action == "x"',
        ID + "| WHERE event.type IS NOT NULL",
        'FROM logs-* | STATS c = COUNT(*) BY event.type | WHERE event.type == "start"',
        ID + "| SORT a | WHERE b == 1 | LIMIT 5",
        ID + '| WHERE TO_LOWER(process.name) == "cmd.exe"',
        ID + '| WHERE dns.question.name == "example.com"',
        ID + '| WHERE user.name LIKE "ro?t"',
        "FROM logs-* | STATS c = COUNT(*) BY t = DATE_TRUNC(1 minute, @timestamp)",
        "FROM logs-* | WHERE",
    ],
)
def test_nothing_is_said_of_what_is_right_or_cannot_be_read(query: str) -> None:
    assert codes(query) == []


def test_a_rule_that_compares_any_value_may_compare_fields_of_several() -> None:
    assert codes(ID + '| WHERE event.type == "start"', extra='multivalue = "any"') == []


def test_a_field_is_named_once_and_where_it_is_first_compared() -> None:
    [finding] = lint(rule(ID + '\n| WHERE event.type == "a" OR event.type == "b"'))
    assert (finding.key, finding.line, finding.column, finding.width) == ("query", 2, 9, 10)
