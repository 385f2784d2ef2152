"""What columns say of KQL agrees with the evaluator: nothing is lost, and what they tell is told exactly."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from time import process_time
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alerts.kept import sources_of
from alerts.models import Alert, Reason, Severity, Status
from alerts.selectors.narrowing import columns_say
from alerts.selectors.own_columns import MOST_PATTERNS
from alerts.selectors.searching import document_of
from engine import Document, Tree, matches, parse_kql
from engine.tree import RANGES, And, Leaf, MatchAll, MatchNone, Nested, Not, Op, Or
from events.store import StoredEvent
from tests.alerts.world import event, load, raised

pytestmark = pytest.mark.django_db
HOSTS = ("a", "ab", "A", "a*b", "%", "a_b", None, ["a", "b"], ["x", "ab"], "")
# More than what is sent can say, as names with dots are unfolded at the door.
PRETENDING: tuple[dict[str, Any], ...] = (
    {},
    {"kibana.alert.severity": "critical", "kibana.alert.rule.name": ["Curl", "a"]},
    {"kibana.alert": {"severity": ["low", "high"], "rule.tags": "a", "workflow_reason": "other"}},
    {"kibana": {"alert.severity": "medium", "alert": {"risk_score": 99}, "alert.rule": {"threat.technique.id": "T1"}}},
    {"kibana": [{"alert": {"severity": "low"}}, {"alert.rule.name": "a"}], "kibana.alert.severity.more": "low"},
    {"kibana": "high", "kibana.alert.rule": [{"uuid": "a", "risk_score": "70"}], "kibana.alerts": "a"},
)
NAMES = ("a", "ab", "A", "Perl was started", "100%", "a_b", "a*b", "a\\b", "", "É", "aXb", "70")
LISTS: tuple[list[str], ...] = ([], ["a"], ["a", "ab"], ["T1059", "T1059.006"], ["", "a_b"], ["100%", "É"])
FEW = (
    "kibana.alert.severity", "kibana.alert.rule.severity", "kibana.alert.risk_score", "kibana.alert.rule.risk_score",
    "kibana.alert.workflow_status", "kibana.alert.workflow_reason", "kibana.alert.building_block_type",
)  # fmt: skip
TEXTS = (
    "kibana.alert.rule.name", "kibana.alert.rule.uuid", "kibana.alert.rule.rule_id", "kibana.alert.rule.tags",
    "kibana.alert.rule.threat.technique.id", "host.name", "user.name",
)  # fmt: skip
UNTOLD = (
    "process.name", "process.args", "kibana.alert.rule.type", "kibana.alert.rule", "kibana.alert.severity.more",
    "kibana.alerts",
)  # fmt: skip
SAID = (*Severity.labels, *Status.values, *Reason.values, "default", "70", "70.0", "+70", "7e1", "0", "100", "High")
PATTERNS = ("h*", "*", "7*", "*e*", "a*", "*b", "a*b", "a?b", "*%*", r"a\*b", r"a\\*", "a_*", "T1059*", "*.*", "É", "")
WORDS = st.sampled_from((*NAMES, *SAID, "T1059", "perl", "root", "exec", "a\x00", "a\ud800", "a" * 600))


def _leaves(fields: Sequence[str]) -> st.SearchStrategy[Leaf]:
    several, fold = st.lists(WORDS, min_size=1, max_size=3).map(tuple), st.booleans()
    patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple)
    field = st.sampled_from(fields)
    return st.one_of(
        st.builds(Leaf, field, st.sampled_from([Op.IS, Op.PHRASE]), several, fold),
        st.builds(Leaf, field, st.just(Op.WILDCARD), patterns, fold),
        st.builds(Leaf, field, st.sampled_from(sorted(RANGES)), st.tuples(WORDS)),
        st.builds(Leaf, field, st.just(Op.EXISTS)),
        st.builds(Leaf, field, st.just(Op.REGEX), st.just(("[a-h]+",)), fold),
    )


LEAVES = st.one_of(
    _leaves(FEW),
    _leaves(TEXTS),
    _leaves(UNTOLD),
    st.sampled_from([MatchAll(), MatchNone(), Leaf("kibana.alert.*", Op.IS, ("high",), wild_field=True)]),
    _leaves(FEW).map(lambda leaf: Nested("kibana.alert", leaf)),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@pytest.fixture
def documents(tmp_path, cast) -> dict[int, Document]:
    """Alerts of every kind of host, name, tags and state, some of events that pretend, as the evaluator sees them."""
    load(tmp_path, most=1_000)
    raised([event(host__name=host, user__name=user) for host in HOSTS for user in ("root", "a", None)])
    severities, scores = cycle(Severity.values), cycle((0, 21, 70, 71, 100))
    names, lists, others = cycle(NAMES), cycle(LISTS), cycle(LISTS[1:])
    states = cycle([("open", ""), *(("closed", reason) for reason in Reason.values), ("acknowledged", "")])
    alerts = list(Alert.objects.select_related("assignee", "rule", "revision"))
    assert len(alerts) == 3 * len(HOSTS)
    for alert in alerts:
        alert.severity, alert.risk_score, alert.name = next(severities), next(scores), next(names)
        alert.tags, alert.techniques = next(lists), next(others)
        alert.status, alert.reason = next(states)
        alert.building_block = alert.pk % 3 == 0
    Alert.objects.bulk_update(
        alerts, ["severity", "risk_score", "name", "tags", "techniques", "status", "reason", "building_block"]
    )
    events, pretending = sources_of(alerts), cycle(PRETENDING)
    return {alert.pk: document_of(alert, saying(events[alert.pk], next(pretending))) for alert in alerts}


def saying(stored: StoredEvent, said: dict[str, Any]) -> StoredEvent:
    """The event with something more in it."""
    return replace(stored, raw=orjson.dumps(orjson.loads(stored.raw) | said))


def agrees(tree: Tree, documents: dict[int, Document]) -> None:
    """Held to the evaluator: all of what is true passes, and where columns tell, nothing else does."""
    true = {number for number, document in documents.items() if matches(tree, document)}
    assert true <= set(Alert.objects.filter(columns_say(tree).narrowed).values_list("pk", flat=True))
    if (answer := columns_say(tree).told) is None:
        return
    alerts = Alert.objects.filter(odd=False) if columns_say(tree).asks_events else Alert.objects.all()
    asked = set(alerts.values_list("pk", flat=True))
    assert set(alerts.filter(answer).values_list("pk", flat=True)) == true & asked


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
@example(tree=Or((MatchAll(), Leaf("host.name", Op.IS, ("a",)))))
@example(tree=Not(Or((Leaf("kibana.alert.severity", Op.IS, ("high",)), Leaf("process.args", Op.IS, ("x",))))))
def test_columns_lose_nothing_and_tell_what_the_evaluator_says(documents, tree):
    agrees(tree, documents)


def test_every_question_about_an_alert_itself_is_answered_as_the_evaluator_does(documents):
    for field in (*FEW, *TEXTS):
        for value in (*NAMES, *SAID):
            agrees(Leaf(field, Op.PHRASE, (value,)), documents)
            agrees(Not(Leaf(field, Op.IS, (value, "nothing"))), documents)
        for pattern in PATTERNS:
            agrees(Leaf(field, Op.WILDCARD, (pattern,)), documents)
        for op in RANGES:
            agrees(Leaf(field, op, ("70.0",)), documents)
        agrees(Leaf(field, Op.EXISTS), documents)


TOLD = (
    "*",
    "not *",
    "kibana.alert.severity: (high or critical)",
    "kibana.alert.severity: h*",
    'kibana.alert.rule.name: "Perl was started"',
    "kibana.alert.rule.name: Perl*star*",
    "not kibana.alert.rule.rule_id: perl",
    "kibana.alert.workflow_status: open and not kibana.alert.workflow_reason: *",
    "kibana.alert.workflow_reason: null",
    "kibana.alert.risk_score >= 70",
    "kibana.alert.rule.tags: a and kibana.alert.rule.threat.technique.id: (T1059 or T1110)",
)


MIXED = (
    ("kibana.alert.severity: high and process.args: x", "kibana.alert.severity: high"),
    ("not (kibana.alert.severity: low or process.args: x)", "not kibana.alert.severity: low"),
    (
        "(kibana.alert.severity: low and process.args: x) or (kibana.alert.severity: high and process.args: y)",
        "kibana.alert.severity: (low or high)",
    ),
    ("kibana.alert.severity: low or process.args: x", "*"),
    ("not (kibana.alert.severity: low and process.args: x)", "*"),
)


def test_what_an_alert_says_of_itself_is_told_by_columns_alone(documents):
    for kql in TOLD:
        tree = parse_kql(kql)
        assert columns_say(tree).told is not None, kql
        assert not columns_say(tree).asks_events, kql
        agrees(tree, documents)


def test_of_odd_alerts_what_both_say_is_not_told(documents):
    tree = parse_kql("kibana.alert.severity: high and not host.name: a*")
    assert columns_say(tree).told is not None
    assert columns_say(tree).asks_events
    agrees(tree, documents)


def test_of_a_mixed_text_the_alert_itself_narrows_what_is_looked_at(documents):
    for kql, own in MIXED:
        tree = parse_kql(kql)
        assert columns_say(tree).told is None, kql
        left = {number for number, document in documents.items() if matches(parse_kql(own), document)}
        assert set(Alert.objects.filter(columns_say(tree).narrowed).values_list("pk", flat=True)) == left, kql


def test_an_event_says_nothing_of_the_alert_that_it_raised(documents):
    for document in documents.values():
        held = {name: document.values(name) for name in document.field_names() if name.startswith("kibana.alert.")}
        assert len(held["kibana.alert.severity"]) == len(held["kibana.alert.risk_score"]) == 1
        assert held["kibana.alert.rule.uuid"] == ("perl",)
        assert "kibana.alert.severity.more" not in held
    assert sum(document.values("kibana.alerts") == ("a",) for document in documents.values()) > 0


def test_more_patterns_than_the_database_is_asked_with_each_alert_are_left_to_the_evaluator(documents):
    tree = parse_kql(
        "kibana.alert.rule.name: (" + " or ".join(f"a{number}*" for number in range(MOST_PATTERNS + 1)) + ")"
    )
    assert columns_say(tree).told is None
    agrees(tree, documents)


def test_of_thousands_of_questions_is_said_what_columns_tell_in_less_than_a_second():
    tree = parse_kql(" and ".join(f"kibana.alert.risk_score > {number}" for number in range(2_500)))
    begun = process_time()
    assert columns_say(tree).told is not None
    assert process_time() - begun < 1


def test_a_pattern_of_tags_is_left_to_the_evaluator(documents):
    tree = parse_kql("kibana.alert.rule.tags: a*")
    assert columns_say(tree).told is None
    agrees(tree, documents)
