import pytest

from engine.indices import index_matches

PROCESS = "logs-endpoint.events.process-default"


@pytest.mark.parametrize(
    ("patterns", "index", "expected"),
    [
        (["logs-endpoint.events.*"], PROCESS, True),
        (["logs-endpoint.events.process*"], PROCESS, True),
        (["logs-endpoint.events.process-*"], PROCESS, True),
        (["logs-endpoint.events.file-*"], PROCESS, False),
        (["auditbeat-*", "logs-endpoint.events.*"], PROCESS, True),
        (["auditbeat-*,logs-endpoint.events.*"], PROCESS, True),
        ([PROCESS], PROCESS, True),
        (["LOGS-endpoint.events.*"], PROCESS, False),
        (["logs-?ndpoint.events.*"], PROCESS, False),
        (["logs-*", "-logs-endpoint.*"], PROCESS, False),
        (["-logs-endpoint.*", "logs-*"], PROCESS, True),
        (["logs-*", "-logs-endpoint.*", PROCESS], PROCESS, True),
        (["-logs-endpoint.*"], "logs-aws.cloudtrail-default", False),
        (["*"], PROCESS, True),
        (["_all"], PROCESS, True),
        (["*"], ".alerts-security.alerts-default", False),
        (["_all"], ".alerts-security.alerts-default", False),
        ([".alerts-security.*"], ".alerts-security.alerts-default", True),
        (["logs*events*default"], PROCESS, True),
        (["*events*events*"], PROCESS, False),
        (["logs-*-default-*default"], PROCESS, False),
        (["remote:logs-*"], PROCESS, False),
        ([], PROCESS, True),
        ([], ".alerts-security.alerts-default", True),
        (["", " "], PROCESS, False),
    ],
)
def test_patterns_let_in_what_elasticsearch_would(patterns, index, expected):
    assert index_matches(patterns, index) is expected


def test_a_pattern_of_many_stars_costs_no_backtracking():
    assert index_matches(["*a" * 120 + "*"], "b" * 100_000) is False
