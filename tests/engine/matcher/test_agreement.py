"""The matcher must say what the interpreter says, of any tree and any event, however its tables fare."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.indices import index_matches
from engine.interpret import matches
from engine.matcher import DEFAULT_BOUNDS, Bounds, Expression, Matcher
from engine.tree import And, Leaf, Not, Op, Or
from tests.engine.matcher.worlds import EAGER, TINY, dotted_events, line, nested_events, spread, trees

INDICES = ["logs-x", "logs-y", ".z"]
thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
expressions = st.lists(st.tuples(trees, st.sampled_from([(), ("logs-*",), ("logs-x", ".z")])), min_size=1, max_size=6)
bounds = pytest.mark.parametrize("bounds", [DEFAULT_BOUNDS, EAGER, TINY], ids=["usual", "eager", "tiny"])


def matcher_of(several, limits: Bounds) -> Matcher:
    return Matcher([Expression(str(number), tree, indices) for number, (tree, indices) in enumerate(several)], limits)


def expected(several, events) -> set[tuple[str, int]]:
    return {
        (str(number), row)
        for row, (index, event) in enumerate(events)
        for number, (tree, indices) in enumerate(several)
        if index_matches(indices, index) and matches(tree, Document.of(event))
    }


@bounds
@given(expressions, st.lists(st.tuples(st.sampled_from(INDICES), nested_events), min_size=1, max_size=6))
@example(
    [(Or((Leaf("acme.list.*", Op.EXISTS, (), False, True), Leaf("acme.x", Op.IS, ("true",)))), ())],
    [("logs-x", {"acme": {"list": [{"y": 1}], "x": 1}}), ("logs-x", {"acme": {"list": {}, "x": True}})],
)
@thorough
def test_stored_events_are_judged_as_the_interpreter_judges_them(bounds, several, events):
    matcher = matcher_of(several, bounds)
    wanted = expected(several, events)
    lines = [(index, line(event)) for index, event in events]
    for _cold_then_warm in range(3):
        rows = matcher.rows(lines, normalised=True)
        assert {(key, row) for key, found in rows.items() for row in found} == wanted
        assert all(found == sorted(set(found)) for found in rows.values())
        assert {(hit.key, hit.row) for hit in matcher.match(lines, normalised=True)} == wanted


@bounds
@given(expressions, st.lists(st.tuples(st.sampled_from(INDICES), dotted_events), min_size=1, max_size=4))
@thorough
def test_events_of_any_shape_are_judged_as_the_interpreter_judges_them(bounds, several, events):
    matcher = matcher_of(several, bounds)
    wanted = expected(several, events)
    for _cold_then_warm in range(2):
        assert {(hit.key, hit.row) for hit in matcher.match([(i, line(e)) for i, e in events])} == wanted
        keys = [(key, row) for row, (i, e) in enumerate(events) for key in matcher.keys_of(i, Document.of(e))]
        assert set(keys) == wanted


@given(trees, st.lists(nested_events, min_size=1, max_size=4))
@thorough
def test_it_does_not_matter_whether_objects_are_in_arrays(tree, events):
    matcher = matcher_of([(tree, ())], EAGER)
    for event in events:
        wanted = matches(tree, Document.of(spread(event)))
        assert bool(matcher.rows([("x", line(spread(event)))], normalised=True)) is wanted


@given(st.lists(trees, min_size=1, max_size=4), st.lists(nested_events, min_size=30, max_size=40))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_batches_of_any_size_say_the_same(several, events):
    pairs = [(tree, ()) for tree in several]
    lines = [("logs-x", line(event)) for event in events * 4]
    wanted = expected(pairs, [("logs-x", event) for event in events * 4])
    for size in (1, 7, len(lines)):
        matcher, found = matcher_of(pairs, Bounds(warm_after=3)), set()
        for start in range(0, len(lines), size):
            rows = matcher.rows(lines[start : start + size], normalised=True)
            found |= {(key, start + row) for key, several_rows in rows.items() for row in several_rows}
        assert found == wanted


@pytest.mark.parametrize("most", [1, 3, 32])
def test_expressions_that_have_too_many_alternatives_are_right_all_the_same(most):
    """Twelve pairs, of each of which one must hold: four thousand combinations."""
    pairs = [
        Or((Leaf(f"a{n}.x", Op.IS, ("1",)), Leaf(f"b{n}.y", Op.WILDCARD, ("v*",)), Not(Leaf(f"c{n}", Op.EXISTS))))
        for n in range(12)
    ]
    tree = And((Leaf("event.category", Op.IS, ("process",)), *pairs))
    good: dict[str, Any] = {f"a{n}": {"x": 1} for n in range(6)} | {f"b{n}": {"y": "vv"} for n in range(6, 12)}
    good |= {f"c{n}": 1 for n in range(12)} | {"event": {"category": ["process"]}}
    events = [good, good | {"b7": {"y": "w"}}, good | {"a3": {"x": 2}}, good | {"c3": None, "a3": {"x": 2}}]
    matcher = Matcher([Expression("r", tree)], Bounds(alternatives=most, warm_after=2))
    for _ in range(5):
        assert matcher.rows([("x", line(event)) for event in events], normalised=True) == {"r": [0, 3]}


@given(st.lists(trees, min_size=25, max_size=25), st.lists(nested_events, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_a_matcher_takes_over_from_the_one_before_changes_no_answer(several, events):
    """Rules come and go, one or many at a time, with fields of their own; every set must stand for itself."""
    lines = [("logs-x", line(event)) for event in events]
    alive = []
    for pairs in ([*several[:20], *several[20:21]], several[1:], several[:22], several[4:]):
        alive.append((matcher_of([(tree, ()) for tree in pairs], EAGER), pairs))
        for matcher, trees_of_it in alive:
            wanted = expected([(tree, ()) for tree in trees_of_it], [("logs-x", event) for event in events])
            for _ in range(2):
                rows = matcher.rows(lines, normalised=True)
                assert {(key, row) for key, found in rows.items() for row in found} == wanted
