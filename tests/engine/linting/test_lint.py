"""The linter names what hardly was meant, at its place, and says nothing about what is right."""

import pytest

from engine import RuleDefinition, load_rule
from engine.linting import lint

RULE = """
[rule]
rule_id = "11111111-0000-4000-8000-000000000001"
name = "A rule"
description = "It says what it sees."
type = "{type}"
language = "{language}"
index = ["logs-*"]
severity = "high"
risk_score = 73
interval = "{interval}"
from = "{back}"
query = '''
{query}
'''
{extra}
"""


def _rule(
    query: str, language: str = "kuery", interval: str = "5m", back: str = "now-9m", extra: str = ""
) -> RuleDefinition:
    kind = "query" if language == "kuery" else "eql"
    text = RULE.format(query=query, language=language, type=kind, interval=interval, back=back, extra=extra)
    return load_rule(text, "rule.toml")


def _codes(query: str, language: str = "kuery", **more: str) -> list[str]:
    return [finding.code for finding in lint(_rule(query, language, **more))]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('process.name:"cmd*"', "literal_star"),
        ('process.name:(bash or "/tmp/*")', "literal_star"),
        (r'registry.path:"HKLM\explorer\runmru"', "dead_escape"),
        (r'process.executable:"C:\Agent\tmp"', "dead_escape"),
        ("process.args:(*one*\n  *two* or *three*)", "lost_or"),
        ("destination.domain:cdn??.example", "literal_question_mark"),
        (r"process.executable:?\:\\Windows\\*", "literal_question_mark"),
    ],
)
def test_kql(query: str, code: str) -> None:
    assert _codes(query) == [code]


@pytest.mark.parametrize(
    "query",
    [
        'kubernetes.audit.objectRef.verbs:"*"',
        "process.name:cmd* and process.args:(*one* or *two*)",
        r'winlog.event_data.ShareName:"\\\\*\\ADMIN$"',
        r'process.executable:"C:\\Windows\\explorer.exe"',
        r'process.executable:"C:\Windows\explorer.exe"',
        "url.path:/api/v1/secrets?limit*",
        'url.full:"http://example.org/?a=1"',
        "file.name:*S3 Browser*",
        "process.name:perl and\n  process.args:(a or\n  b)",
    ],
)
def test_kql_that_is_right_has_no_finding(query: str) -> None:
    assert _codes(query) == []


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ('process where process.name in ("bash", "/dev/fd/*")', ["literal_star"]),
        ('process where process.name == "python*"', ["literal_star"]),
        ('process where "python*" != process.name', ["literal_star"]),
        ('process where not process.name in~ ("a*", concat("b", "c"))', ["literal_star"]),
        (r'process where process.executable == "?:\\Windows\\x"', ["literal_star"]),
        ('process where process.name == "cmd.exe" or process.name in ("a.exe", "b.dll")', ["case_sensitive"]),
        (r'process where process.executable : "C:\temp"', ["dead_escape"]),
        ("sequence by host.id [process where true] [file where true]", ["no_maxspan"]),
        ("sequence by host.id with maxspan=10m [process where true] [file where true]", ["lookback_below_maxspan"]),
    ],
)
def test_eql(query: str, codes: list[str]) -> None:
    assert _codes(query, "eql") == codes


@pytest.mark.parametrize(
    "query",
    [
        'process where process.name : ("python*", "cmd.exe") and process.args like "*x*"',
        'process where process.name in~ ("cmd.exe") and process.parent.name : "a*"',
        'process where process.name in ("a", "b") and process.args : "*c*"',
        r'process where process.executable : "?:\\Windows\\*"',
        'process where process.executable : """?:\\temp\\*"""',
        "sequence by host.id with maxspan=5m [process where true] [file where true]",
        "sequence by host.id with maxspan=500ms [process where true] [file where true]",
    ],
)
def test_eql_that_is_right_has_no_finding(query: str) -> None:
    assert _codes(query, "eql") == []


def test_a_finding_names_its_place_in_the_query() -> None:
    (finding,) = lint(_rule('process.name:perl and\n  process.args:"x*"'))
    assert (finding.key, finding.line, finding.column, finding.width) == ("query", 2, 16, 4)
    assert "“x*”" in finding.message


def test_a_filter_with_the_single_backslashes_of_a_path() -> None:
    def codes(pattern: str) -> list[str]:
        extra = f"""[[rule.filters]]
[rule.filters.query.wildcard."file.path"]
case_insensitive = true
value = '{pattern}'"""
        return _codes("process.name:perl", extra=extra)

    assert codes(r"?:\ProgramData\*") == ["dead_escape"]
    assert codes(r"?:\\ProgramData\\*") == []
    assert codes(r"*.tmp\*") == []


def test_a_look_back_shorter_than_the_interval() -> None:
    assert _codes("process.name:perl", interval="10m") == ["lookback_below_interval"]


def test_a_query_that_cannot_be_read_has_no_finding_and_no_crash() -> None:
    assert _codes("process.name:(", "kuery") == []
    assert _codes('process where "', "eql") == []


def test_a_rule_with_thousands_of_mistakes_is_cut_short() -> None:
    assert len(_codes("process.name:(" + " or ".join(f'"{n}*"' for n in range(5_000)) + ")")) == 50
