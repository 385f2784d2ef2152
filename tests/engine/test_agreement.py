"""Interpreter, batch matcher, explanation and narrowing must say the same of any tree and any event."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.errors import LanguageError
from engine.explain import explain
from engine.interpret import matches
from engine.languages.kql import parse_kql
from engine.leaves import pin_dates
from engine.matcher import Expression, Matcher
from engine.prefilter import columns_of, narrows_to, prefilter
from engine.stored_trees import tree_from_json, tree_to_json
from engine.tree import RANGES, And, Leaf, MatchAll, MatchNone, Nested, Not, Op, Or
from tests.engine.texts import TEXTS

FIELDS = [
    "event.category",
    "event.action",
    "event.dataset",
    "data_stream.dataset",
    "host.name",
    "user.name",
    "source.ip",
    "process.entity_id",
    "process.name.caseless",
    "destination.port",
    "message",
    "@timestamp",
    "acme.x",
    "acme.list.y",
    "process.code_signature.trusted",
]
PATTERNS = ["a*", "*b", "*", "a?*", "A*b", "?", "10.*", r"\*", r"a\*b", "É*", "x*", "k*", "\x00*", "now*", "*c"]

texts = st.sampled_from(TEXTS)
scalars = st.one_of(texts, st.booleans(), st.integers(-1, 3), st.just(1.0), st.just(1763600000000), st.none())
values = st.one_of(scalars, st.lists(scalars, max_size=3))
fields = st.sampled_from(FIELDS)
several_texts = st.lists(texts, min_size=1, max_size=3).map(tuple)
several_patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple)
leaves = st.one_of(
    st.builds(Leaf, fields, st.sampled_from([Op.IS, Op.PHRASE]), several_texts, st.booleans()),
    st.builds(Leaf, fields, st.just(Op.WILDCARD), several_patterns, st.booleans()),
    st.builds(Leaf, fields, st.sampled_from(sorted(RANGES)), st.tuples(texts)),
    st.builds(Leaf, fields, st.just(Op.EXISTS)),
    st.builds(
        Leaf,
        st.sampled_from(["*", "event.*", "*.name", "acme*"]),
        st.sampled_from([Op.IS, Op.WILDCARD]),
        st.tuples(texts),
        st.booleans(),
        st.just(True),
    ),
    st.sampled_from([MatchAll(), MatchNone()]),
)


def _compound(children):
    several = st.lists(children, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        st.builds(And, several),
        st.builds(Or, several),
        st.builds(Not, children),
        st.builds(Nested, st.sampled_from(["acme", "acme.list", "event"]), children),
    )


trees = st.recursive(leaves, _compound, max_leaves=12)


def _event(flat, elements):
    """Some fields nested, some dotted, and an array of objects under acme.list."""
    event: dict[str, Any] = {}
    for number, (field, value) in enumerate(flat.items()):
        top, dot, rest = field.partition(".")
        if dot and number % 3:
            event.setdefault(top, {})[rest] = value
        else:
            event[field] = value
    if elements:
        acme = event.setdefault("acme", {})
        acme["list"] = elements
    return event


events = st.builds(
    _event,
    st.dictionaries(st.sampled_from([*FIELDS, "process.name", "event.ingested"]), values, max_size=8),
    st.lists(st.dictionaries(st.sampled_from(["x", "y"]), values, max_size=2), max_size=3),
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.lists(trees, min_size=1, max_size=4), st.lists(events, min_size=1, max_size=4))
@quick
def test_all_ways_to_judge_an_event_agree(several, batch):
    matcher = Matcher([Expression(str(number), tree) for number, tree in enumerate(several)])
    lines = [("logs-x", json.dumps(event).encode()) for event in batch]
    for _again in range(2):
        hits = {(int(hit.key), hit.row) for hit in matcher.match(lines)}
        for row, event in enumerate(batch):
            document = Document.of(event)
            for number, tree in enumerate(several):
                expected = matches(tree, document)
                assert ((number, row) in hits) is expected
                assert explain(tree, document).held is expected


@given(trees, events)
@quick
def test_narrowing_never_drops_a_match(tree, event):
    document = Document.of(event)
    if matches(tree, document):
        assert narrows_to(prefilter(tree), columns_of(document))


@given(trees, events)
@quick
def test_clauses_of_an_explanation_add_up(tree, event):
    explanation = explain(tree, Document.of(event))
    clauses = explanation.clauses()
    if explanation.held:
        assert all(clause.held for clause in clauses)
    elif clauses:
        assert not all(clause.held for clause in clauses)


@given(trees)
@quick
def test_trees_survive_storage(tree):
    stored = json.dumps(tree_to_json(tree))
    assert tree_from_json(json.loads(stored)) == tree
    assert "\\u0000" not in stored


@given(trees, events)
@quick
def test_dates_pinned_to_the_arrival_mean_what_they_meant(tree, event):
    event["event.ingested"] = "2026-11-20T12:00:00Z"
    event.pop("event", None)
    document = Document.of(event)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert matches(pin_dates(tree, now), document) is matches(tree, document)


@given(st.text(alphabet='ab*:()"\\{}<>= \n\xa0andortNOTu01?', max_size=60), events)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_is_a_tree_or_an_error_with_its_place(text, event):
    tree = _read(text)
    if isinstance(tree, LanguageError):
        lines = text.split("\n")
        assert 1 <= tree.line <= len(lines)
        assert 1 <= tree.column <= len(lines[tree.line - 1]) + 1
        assert tree.width >= 1
        assert str(tree)
    else:
        document = Document.of(event)
        assert explain(tree, document).held is matches(tree, document)


def _read(text):
    try:
        return parse_kql(text)
    except LanguageError as error:
        return error
