"""On random conditions, events and texts: all ways to judge agree, nothing but a language error comes out of a text."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.errors import LanguageError
from engine.explain import explain
from engine.interpret import matches
from engine.languages.eql import parse_eql
from engine.matcher import Expression, Matcher
from engine.plan import Logic, logic_from_json, logic_to_json
from engine.prefilter import columns_of, narrows_to, prefilter
from engine.stored_trees import tree_from_json, tree_to_json
from engine.tree import And, Call, Constant, FieldValue, Formula, Leaf, MatchAll, Not, Op, Or
from engine.wording import in_words
from tests.engine.query_cases import error_cases, match_cases

FIELDS = ["event.category", "host.name", "process.name", "source.ip", "message", "acme.x", "process.pid", "@timestamp"]
TEXTS = [
    "a",
    "A",
    "aB",
    "É",
    "é",
    "Σ",
    "ς",
    "10.0.0.1",
    "fe80::1",
    "5",
    "5.0",
    "true",
    "",
    "a\nb",
    "now",
    "a*b",
    "\x00",
]
REGEXES = ["[A-Z]+", "a.*", "[^a]", "~(a.*)", r"\w+", "a.*&.*b", "É|ς", r"\S*", "<1-9>", '"a*b"']
quick = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

texts = st.sampled_from(TEXTS)
fields = st.sampled_from(FIELDS)
scalars = st.one_of(texts, st.booleans(), st.integers(-2, 6), st.just(2.5), st.none())
values = st.one_of(scalars, st.lists(scalars, max_size=4))
events = st.dictionaries(fields, values, max_size=6)
constants = st.builds(Constant, scalars)


def _calls(operands):
    two, three = st.tuples(operands, operands), st.tuples(operands, operands, operands)
    return st.one_of(
        st.builds(Call, st.sampled_from(["add", "subtract", "multiply", "divide", "modulo"]), two),
        st.builds(Call, st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte", "and", "or"]), two, st.booleans()),
        st.builds(Call, st.sampled_from(["startswith", "endswith", "stringcontains", "indexof"]), two, st.booleans()),
        st.builds(Call, st.sampled_from(["between", "in"]), three, st.booleans()),
        st.builds(Call, st.just("substring"), three),
        st.builds(
            Call, st.sampled_from(["length", "string", "number", "not", "isnull", "negate"]), st.tuples(operands)
        ),
        st.builds(Call, st.just("concat"), st.lists(operands, min_size=1, max_size=3).map(tuple)),
        st.builds(Call, st.just("like"), st.tuples(operands, st.builds(Constant, texts)), st.booleans()),
        st.builds(
            Call, st.just("regex"), st.tuples(operands, st.builds(Constant, st.sampled_from(REGEXES))), st.booleans()
        ),
        st.builds(Call, st.just("cidrmatch"), st.tuples(operands, st.just(Constant("10.0.0.0/8")))),
    )


operands = st.recursive(st.one_of(st.builds(FieldValue, fields), constants), _calls, max_leaves=6)
formulas = st.builds(Formula, _calls(operands))
several = st.lists(texts, min_size=1, max_size=3).map(tuple)
leaves = st.one_of(
    formulas,
    st.builds(
        Leaf, fields, st.sampled_from([Op.IS, Op.WILDCARD]), several, st.booleans(), st.just(False), st.booleans()
    ),
    st.builds(
        Leaf, fields, st.just(Op.REGEX), st.lists(st.sampled_from(REGEXES), min_size=1).map(tuple), st.booleans()
    ),
    st.builds(Leaf, fields, st.just(Op.CIDR), st.just(("10.0.0.0/8", "10.0.0.1", "fe80::/10", "nonsense"))),
    st.builds(Leaf, fields, st.just(Op.EXISTS)),
    st.just(MatchAll()),
)


def _compound(children):
    inside = st.lists(children, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(And, inside), st.builds(Or, inside), st.builds(Not, children))


trees = st.recursive(leaves, _compound, max_leaves=8)


@given(st.lists(trees, min_size=1, max_size=3), st.lists(events, min_size=1, max_size=3))
@quick
def test_all_ways_to_judge_formulas_and_expressions_agree(several, batch):
    matcher = Matcher([Expression(str(number), tree) for number, tree in enumerate(several)])
    hits = {(hit.key, hit.row) for hit in matcher.match([("logs-x", json.dumps(event).encode()) for event in batch])}
    for row, event in enumerate(batch):
        document = Document.of(json.dumps(event).encode())
        for number, tree in enumerate(several):
            expected = matches(tree, document)
            assert ((str(number), row) in hits) is expected
            assert explain(tree, document).held is expected
            assert not expected or narrows_to(prefilter(tree), columns_of(document))


@given(trees, events)
@quick
def test_clauses_add_up_and_have_words(tree, event):
    explanation = explain(tree, Document.of(event))
    held = [clause.held for clause in explanation.clauses()]
    assert all(held) if explanation.held else not (held and all(held))
    assert in_words(tree)


@given(trees)
@quick
def test_trees_with_formulas_survive_storage(tree):
    stored = json.dumps(tree_to_json(tree))
    assert tree_from_json(json.loads(stored)) == tree
    assert "\\u0000" not in stored


@given(formulas, events)
@quick
def test_a_formula_is_true_of_a_choice_or_of_none(formula, event):
    """Folded fully or not at all, a condition and its negation never agree."""
    document = Document.of(event)
    assert matches(Not(formula), document) is not matches(formula, document)


SEEDS = [case.query for case in match_cases("eql")] + [
    "sequence by a, ?b with maxspan=1m [any where a] by c with runs=3 ![x where b == 1] by d until [y where c] by e",
    'sample by a [any where a : ("x*", 5)] [file where cidrMatch(b, "10.0.0.0/8")]',
    'any where a regex~ ("a.*", """[^\\"]+""") and b not in~ ("x") | head 4 | tail 2',
]
WORDS = (
    "( ) [ ] ![ , | : == != < <= > >= + - * / % = ? . ~ ' ` // /* */ and or not in in~ like like~ regex regex~ any"
    " where sequence sample by with maxspan runs until join of null true false head tail a b.c process 1 2.5 1e9 .5"
    " length( concat( startsWith~( cidrMatch( substring( number( between("
)
ODD = ['"', '"""', '"x"', '"a*"', "\\", "\\u{", "é", "\x00", "\ud800", "\n", " "]
PIECES = st.sampled_from([*WORDS.split(" "), *ODD])


def _read(text):
    """The query, or None when it is refused; anything but a language error fails the test."""
    found = _parsed(text)
    if not isinstance(found, LanguageError):
        return found
    lines = text.split("\n")
    assert 1 <= found.line <= len(lines)
    assert 1 <= found.column <= len(lines[found.line - 1]) + 1
    assert found.width >= 1
    assert found.message
    assert str(found)
    return None


def _parsed(text):
    try:
        return parse_eql(text)
    except LanguageError as error:
        return error


def _survives(query):
    logic = Logic(query.tree, query.plan)
    assert logic_from_json(json.loads(json.dumps(logic_to_json(logic)))) == logic
    assert in_words(query.tree)
    document = Document.of({"a": ["x", 5], "b": {"c": "10.0.0.1"}, "event": {"category": "process"}})
    assert explain(query.tree, document).held is matches(query.tree, document)


@given(st.lists(PIECES, max_size=25).map(" ".join))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_words_in_any_order_are_a_query_or_an_error_with_its_place(text):
    for written in (text, f"any where {text}"):
        query = _read(written)
        if query:
            _survives(query)


@given(st.sampled_from(SEEDS), st.integers(0, 200), st.integers(0, 8), PIECES)
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_query_with_a_slip_is_a_query_or_an_error_with_its_place(seed, at, gone, piece):
    query = _read(seed[:at] + piece + seed[at + gone :])
    if query:
        _survives(query)


def test_every_refused_query_is_refused_at_every_length():
    for case in error_cases("eql"):
        for end in range(len(case["query"])):
            _read(case["query"][:end])
