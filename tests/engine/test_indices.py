import pytest

from engine.indices import index_matches, known_name, may_be_behind_alerts, only_of_alerts

PROCESS = "logs-endpoint.events.process-default"
BACKING = ".ds-logs-endpoint.events.process-default-2026.01.01-000001"


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
        (["logs-endpoint.events.process*"], BACKING, True),
        (["logs-*"], BACKING, True),
        ([PROCESS], BACKING, True),
        (["*"], BACKING, True),
        (["logs-*default-2026*"], BACKING, False),
        ([".ds-logs-endpoint.*"], BACKING, True),
        (["logs-*", "-logs-endpoint.*"], BACKING, False),
        (["logs-*", f"-{BACKING}"], BACKING, False),
        (["logs-endpoint.events.file-*"], BACKING, False),
        (["logs-*"], f"partial-{BACKING}", True),
        (["logs-*"], f"restored-{BACKING}", True),
        (["logs-*"], ".ds-logs-x-default-000001", True),
        (["logs-*"], ".ds-logs-x-default", False),
        ([".alerts-security.*"], ".internal.alerts-security.alerts-default-000001", True),
        ([".internal.alerts-*"], ".internal.alerts-security.alerts-default-000001", True),
        (["*", "alerts-*"], ".internal.alerts-security.alerts-default-000001", False),
        ([".alerts-security.alerts-default"], ".alerts-security.alerts-default", True),
        ([".alerts-security.alerts-*"], ".alerts-security.alerts-default", True),
        ([".alerts-security.alerts-other"], ".alerts-security.alerts-default", False),
        ([".internal.alerts-security.alerts-default-*"], ".alerts-security.alerts-default", True),
        ([".internal.alerts-security.alerts-default-000001"], ".alerts-security.alerts-default", True),
        ([".internal.*"], ".alerts-security.alerts-default", True),
        ([".internal.alerts-security.alerts-other-*"], ".alerts-security.alerts-default", False),
        ([".internal.alerts-security.alerts-default-*"], "logs-alerts-default", False),
    ],
)
def test_patterns_let_in_what_elasticsearch_would(patterns, index, expected):
    assert index_matches(patterns, index) is expected


@pytest.mark.parametrize(
    ("patterns", "only"),
    [
        ([".alerts-security.alerts-default"], True),
        ([".alerts-security.*"], True),
        ([".alerts-security.alerts-*,.internal.alerts-security.alerts-default-*"], True),
        ([".alerts-security.*", "-.alerts-security.alerts-other"], True),
        ([".alerts-security.*", "logs-*"], False),
        ([".*"], False),
        (["*"], False),
        (["-.alerts-security.*"], False),
        ([], False),
    ],
)
def test_a_list_may_mean_alerts_alone(patterns, only):
    assert only_of_alerts(patterns) is only


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        (".internal.alerts-security.alerts-default-*", True),
        (".internal.alerts-*", True),
        (".i*", True),
        (".*", True),
        (".internal.alerts-security.alerts-default-000001", True),
        (".internal.alerts-stack.*", False),
        (".alerts-security.*", False),
        ("logs-*", False),
        ("*", False),
    ],
)
def test_the_index_behind_the_alias_of_alerts_may_be_meant(pattern, may):
    assert may_be_behind_alerts(pattern) is may


def test_a_pattern_of_many_stars_costs_no_backtracking():
    assert index_matches(["*a" * 120 + "*"], "b" * 100_000) is False


@pytest.mark.parametrize(
    ("index", "known"),
    [
        (PROCESS, PROCESS),
        (BACKING, PROCESS),
        (f"partial-{BACKING}", PROCESS),
        (".ds-logs-x-2025.12.31-2026.01.01-000012", "logs-x-2025.12.31"),
        (".ds-.fleet-actions-results-2026.01.01-1234567", ".fleet-actions-results"),
        (".ds-logs-x-default-2026.01.01-00001", ".ds-logs-x-default-2026.01.01-00001"),
        (".internal.alerts-security.alerts-default-000001", ".alerts-security.alerts-default"),
        (".internalalerts-000001", ".internalalerts-000001"),
        ("partial-logs-x", "partial-logs-x"),
    ],
)
def test_an_index_behind_a_data_stream_or_an_alias_is_known_by_that_name(index, known):
    assert known_name(index) == known
