"""What the pass lets in for a pipeline: never less than can get through its leading conditions."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.errors import LanguageError
from engine.folding import fold
from engine.interpret import matches
from engine.languages.esql import parse_esql
from engine.pipelines import Multivalue, compile_query, pages_of
from engine.pipelines.leading import leading_tree
from engine.pipelines.leading.leaves import ODD_LOWER, ODD_UPPER
from engine.wording import in_words

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXTS = ("process.name", "message", "own.tag")
NUMBERS = ("destination.port", "host.cpu.usage", "own.count")
FREE = ("own.tag", "own.count")
FIELDS = (*TEXTS, *NUMBERS, "source.ip", "@timestamp", "dll.code_signature.trusted", "process.name.caseless")

WORDS = (
    "",
    "a",
    "A",
    "ab",
    "aB",
    "k",
    "\u212a",
    "\u0130",
    "i\u0307",
    "\u00df",
    "SS",
    "s",
    "\u03c3",
    "\u03c2",
    "a*",
    "5",
)
NUMERALS = (0, 1, 5, 5.5, -1, -1.5, 4.9, 2**60, 1e30, "5", "05", "5.0", "5.5", True, "true", False)
OTHERS = ("10.0.0.1", "::1", "junk", "2026-11-20T10:00:00Z", "2026-11-20", None)
values = st.sampled_from([*WORDS, *NUMERALS, *OTHERS])


def written(value):
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower()


text_constants = st.sampled_from(WORDS).map(written)
number_constants = st.sampled_from(["0", "1", "5", "-1", "5.0", "5.5", "-1.5", "6", "1e20"])
signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
patterns = st.sampled_from(["a*", "*a", "*", "?", "??", "a?", "K", "k*", "*i*", "SS", "*\u0307", "", "ab", "A*"])
regexes = st.sampled_from(["a.*", "[a-z]+", "[^A-Z]+", "k", "5|a", ".", ".*i.*", "s+", "[A-Z]*"])
columns = st.sampled_from([*TEXTS, "c0", "c1", "process.name.caseless"])
texts = st.one_of(
    columns,
    columns.map("TO_LOWER({})".format),
    columns.map("TO_UPPER({})".format),
    st.tuples(columns, columns).map(lambda pair: "TO_LOWER(COALESCE({}, {}))".format(*pair)),
    st.tuples(columns, columns, columns).map(lambda some: 'CASE({} == "a", {}, {})'.format(*some)),
    st.tuples(columns, columns).map(lambda some: 'CASE({} LIKE "a*", "ab", {} == "k", "k")'.format(*some)),
    columns.map("MV_FIRST({})".format),
    columns.map('MV_CONCAT({}, "-")'.format),
    columns.map("TO_STRING({})".format),
    columns.map('CONCAT({}, "b")'.format),
    st.sampled_from(FREE).map('COALESCE({}, "5")'.format),
    st.sampled_from(FREE).map("COALESCE({}, destination.port)".format),
    st.sampled_from(FREE).map("TO_LOWER(COALESCE({}, 5))".format),
)
numbers = st.one_of(
    st.sampled_from([*NUMBERS, "c2"]),
    st.sampled_from(NUMBERS).map("MV_MAX({})".format),
    st.sampled_from(NUMBERS).map("({} + 1)".format),
    columns.map("LENGTH({})".format),
    columns.map("MV_COUNT({})".format),
    columns.map('CASE({} == "a", 5, 0)'.format),
    columns.map('CASE({} == "a", 5)'.format),
    st.tuples(st.sampled_from(FREE), number_constants).map("COALESCE({0[0]}, {0[1]})".format),
    st.tuples(st.sampled_from(FREE), st.sampled_from(NUMBERS)).map("COALESCE({0[0]}, {0[1]})".format),
    st.tuples(columns, st.sampled_from(FREE), number_constants).map('CASE({0[0]} == "a", {0[1]}, {0[2]})'.format),
    st.tuples(st.sampled_from(FREE), number_constants).map("GREATEST({0[0]}, {0[1]})".format),
    st.sampled_from(FREE).map("NULLIF({}, 5)".format),
    st.sampled_from(FREE).map("({} + 1)".format),
)
atoms = st.one_of(
    st.tuples(texts, signs, text_constants).map(" ".join),
    st.tuples(text_constants, signs, texts).map(" ".join),
    st.tuples(texts, signs, texts).map(" ".join),
    st.tuples(numbers, signs, number_constants).map(" ".join),
    st.tuples(texts, st.lists(text_constants, min_size=1, max_size=3)).map(
        lambda it: f"{it[0]} IN ({', '.join(it[1])})"
    ),
    st.tuples(numbers, st.lists(number_constants, min_size=1, max_size=3)).map(
        lambda it: f"{it[0]} IN ({', '.join(it[1])})"
    ),
    st.tuples(texts, st.sampled_from(["a", "NULL"])).map(lambda it: f'{it[0]} IN ("a", NULL)'),
    st.tuples(texts, patterns).map(lambda it: f'{it[0]} LIKE "{it[1]}"'),
    st.tuples(texts, patterns, patterns).map(lambda it: f'{it[0]} LIKE ("{it[1]}", "{it[2]}")'),
    st.tuples(texts, regexes).map(lambda it: f'{it[0]} RLIKE "{it[1]}"'),
    st.tuples(st.sampled_from(["STARTS_WITH", "ENDS_WITH", "CONTAINS"]), texts, text_constants).map(
        lambda it: f"{it[0]}({it[1]}, {it[2]})"
    ),
    st.tuples(st.one_of(texts, numbers, st.sampled_from(FIELDS)), st.sampled_from(["IS NULL", "IS NOT NULL"])).map(
        " ".join
    ),
    st.tuples(columns, text_constants).map(lambda it: f"MV_CONTAINS({it[0]}, {it[1]})"),
    st.tuples(numbers, number_constants).map("MV_CONTAINS({0[0]}, {0[1]})".format),
    st.sampled_from(['COALESCE(own.tag, source.ip) == "10.0.0.1"', 'COALESCE(own.tag, @timestamp) == "2026-11-20"']),
    st.sampled_from(["COALESCE(own.tag, source.ip) IS NULL", "COALESCE(own.tag, own.flag, false) IS NULL"]),
    st.tuples(st.just("source.ip"), signs, st.just('"10.0.0.1"')).map(" ".join),
    st.just('CIDR_MATCH(source.ip, "10.0.0.0/8", "::1/128")'),
    columns.map('CIDR_MATCH(TO_IP({}), "10.0.0.0/8")'.format),
    st.tuples(st.just("@timestamp"), signs, st.just('"2026-11-20"')).map(" ".join),
    st.sampled_from(["dll.code_signature.trusted", "own.flag", "c3", "c3 == true", "c3 != true", "NOT c3"]),
    st.sampled_from(["dll.code_signature.trusted == true", "dll.code_signature.trusted != true"]),
    st.tuples(columns, text_constants).map("MATCH({0[0]}, {0[1]})".format),
    st.tuples(columns, text_constants).map("MATCH_PHRASE({0[0]}, {0[1]})".format),
    st.tuples(st.sampled_from([*TEXTS, "c0", "c1"]), text_constants).map("{0[0]} : {0[1]}".format),
    st.just('KQL("process.name: a* or own.count >= 5")'),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map("NOT ({})".format),
        st.tuples(inner, inner).map("({0[0]}) AND ({0[1]})".format),
        st.tuples(inner, inner).map("({0[0]}) OR ({0[1]})".format),
        st.tuples(inner, inner).map("CASE({0[0]}, {0[1]}, false)".format),
    ),
    max_leaves=4,
)
preludes = st.lists(
    st.one_of(
        texts.map("EVAL c0 = {}".format),
        texts.map("EVAL c1 = {}".format),
        numbers.map("EVAL c2 = {}".format),
        conditions.map("EVAL c3 = {}".format),
        st.sampled_from([*TEXTS, "c0"]).map("MV_EXPAND {}".format),
        st.just("RENAME process.name AS c1"),
        st.just("RENAME c0 AS process.name"),
        st.just("RENAME message AS c0, own.tag AS message"),
        st.tuples(st.sampled_from([*TEXTS, "c0"]), st.sampled_from([*TEXTS, "c1"])).map("EVAL {0[0]} = {0[1]}".format),
        st.just('GROK message "%{WORD:c0}"'),
        st.just('DISSECT own.tag "%{c1}a%{process.name}"'),
        st.just("EVAL process.name = TO_LOWER(process.name)"),
        st.just("SORT own.count"),
        conditions.map("WHERE {}".format),
    ),
    max_size=3,
)
events = st.dictionaries(
    st.sampled_from([*FIELDS[:-1], "own.flag", "c0", "c1", "c2", "own.tag.inner"]),
    st.one_of(values, st.lists(values, max_size=3)),
    max_size=6,
)


@given(preludes, conditions, st.lists(events, min_size=1, max_size=6), st.sampled_from(Multivalue))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_event_whose_row_survives_is_let_in(prelude, condition, events, multivalue):
    text = " | ".join(["FROM logs-*", *prelude, f"WHERE {condition}"])
    try:
        query = parse_esql(text)
        compiled = compile_query(query, multivalue=multivalue)
    except LanguageError:
        assume(False)
    documents = [Document(event) for event in events]
    result = compiled.run(pages_of(documents, compiled.fields), now=NOW, lineage=True)
    tree, _ = leading_tree(query, multivalue=multivalue)
    for origin in {number for origins in result.origins for number in origins}:
        assert matches(tree, documents[origin]), (text, events[origin], in_words(tree))


def asked(condition, before="", **more):
    tree, _ = leading_tree(parse_esql(f"FROM logs-* {before}| WHERE {condition}"), **more)
    return in_words(tree)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ('process.name == "sh"', "process.name is sh"),
        ('"sh" == process.name', "process.name is sh"),
        ('process.name IN ("sh", "bash")', "process.name is any of sh, bash"),
        ('process.name == "sh" OR process.name == "bash"', "process.name is any of sh, bash"),
        ('process.name != "sh"', "process.name is present and process.name is not sh"),
        ('NOT process.name == "sh"', "process.name is present and process.name is not sh"),
        ('NOT (process.name != "sh")', "process.name is sh"),
        (
            'NOT (process.name == "sh" OR process.name IS NULL)',
            asked('process.name != "sh" AND process.name IS NOT NULL'),
        ),
        ('process.name LIKE "py*"', "process.name matches py*"),
        ('STARTS_WITH(process.name, "p*y")', asked('process.name LIKE "p\\\\*y*"')),
        ('TO_LOWER(process.name) == "nmap"', "process.name matches nmap (any case)"),
        ("destination.port > 1024", "destination.port is at least 1025"),
        ("NOT destination.port > 1024", "destination.port is less than 1025"),
        ("process.pid == own.pid", "process.pid is present and own.pid is present"),
        ("LENGTH(CONCAT(user.name, user.domain)) > 5", "user.name is present and user.domain is present"),
        ('CIDR_MATCH(source.ip, "10.0.0.0/8")', "source.ip is in 10.0.0.0/8"),
        ("@timestamp > NOW() - 1 day", "@timestamp is present"),
        ('KQL("a: 1 or b: 2")', "a is 1 or b is 2"),
        ('NOT KQL("a: 1")', "a is not 1"),
        ('MV_CONTAINS(event.type, "start")', "event.type is start"),
        ("user.name == NULL", "no event"),
        ("1 == 1", "every event"),
    ],
)
def test_conditions_become_questions_to_the_event(condition, words):
    assert asked(condition) == words


@pytest.mark.parametrize(
    ("before", "condition", "words"),
    [
        ("| EVAL a = TO_LOWER(COALESCE(b, c)) ", 'a == "x"', "b matches x (any case) or c matches x (any case)"),
        ('| EVAL a = CASE(b == "x", 1, 0) ', "a == 1", "b is x"),
        ('| EVAL a = CASE(b == "x", 1, 0) | EVAL a = a + 1 ', "a == 1", "every event"),
        ("| RENAME b AS a ", 'a == "x"', "b is x"),
        ("| RENAME message AS a ", 'a : "x"', asked('message : "x"')),
        ("| EVAL a = message | EVAL b = a ", 'MATCH(b, "x")', asked('message : "x"')),
        ("| EVAL process.name = event.code ", 'NOT process.name : "5"', asked('NOT event.code : "5"')),
        ("| EVAL a = COALESCE(b, 0) ", 'a == "5"', "every event"),
        ("| EVAL a = COALESCE(b, 0) ", "a IS NULL", "no event"),
        ("| EVAL a = COALESCE(b, source.ip) ", "a IS NULL", "every event"),
        ("| MV_EXPAND a ", 'NOT a == "x"', "a is present"),
        ('| GROK message "%{WORD:a}" ', 'a == "x"', "message is present"),
        ("| KEEP a, b | DROP b | SORT a ", 'a == "x"', "a is x"),
        ('| EVAL a = b == "x" ', "NOT a", "b is present and b does not match x"),
        ("| STATS a = COUNT(*) ", "a > 5", "every event"),
        ("| LIMIT 10 ", 'a == "x"', "every event"),
        ("| INLINE STATS n = COUNT(*) ", 'a == "x"', "every event"),
        ("METADATA _id ", '_id == "x"', "every event"),
    ],
)
def test_columns_lead_back_to_fields_as_far_as_they_do(before, condition, words):
    assert asked(condition, before) == words


def test_any_value_may_be_unlike_a_constant():
    assert asked('process.name != "sh"', multivalue=Multivalue.ANY) == "process.name is present"


def test_columns_worked_out_of_columns_do_not_multiply():
    evals = " ".join(f"| EVAL c{n + 1} = CASE(c{n} == c{n}, CONCAT(c{n}, c{n}), c{n})" for n in range(40))
    assert asked('c40 == "x"', evals) == "every event"


def test_conditions_of_too_many_questions_let_everything_in():
    many = " OR ".join(f'(f{n} == "x" AND g{n} == "y")' for n in range(300))
    assert asked(many) == "every event"


def test_the_odd_characters_are_those_that_folding_does_not_bring_together():
    every = [chr(number) for number in range(0x110000) if not 0xD800 <= number < 0xE000]
    assert {one for one in every if fold(one.lower()) != fold(one)} <= set(ODD_LOWER)
    assert {one for one in every if fold(one.upper()) != fold(one)} <= set(ODD_UPPER)


EVERY_VALUE = [*WORDS, *NUMERALS, *(one for one in OTHERS if one is not None)]
"""Each alone, and beside some of the others, in each field."""
TEMPLATES = (
    *(f"{{}} {sign} {constant}" for sign in ("==", "!=", "<", ">=") for constant in ('"a"', '"K"', '"\u00df"', '"5"')),
    *(f"{{}} {sign} {constant}" for sign in ("==", "!=", "<", "<=", ">", ">=") for constant in (0, 1, 5, -1, 5.5)),
    *(f"{{}} {sign} {constant}" for sign in ("==", "!=", ">") for constant in ('"10.0.0.1"', '"2026-11-20"', "true")),
    '{} IN ("a", "ab", "5")',
    "{} IN (1, 5)",
    *(f'{{}} LIKE "{pattern}"' for pattern in ("a*", "?", "??", "*i*", "K")),
    '{} RLIKE "[a-z]+"',
    'STARTS_WITH({}, "a")',
    'CONTAINS({}, "")',
    "{} IS NULL",
    'MV_CONTAINS({}, "a")',
    'CIDR_MATCH({}, "10.0.0.0/8")',
    *(
        f"TO_LOWER({{}}) {rest}"
        for rest in ('== "k"', '== "i\u0307"', 'LIKE "?"', 'LIKE "??"', 'RLIKE "k|i."', '!= "K"')
    ),
    *(f"TO_UPPER({{}}) {rest}" for rest in ('== "SS"', '== "\u03a3"', 'LIKE "S?"', '!= "A"', 'IN ("A", "SS")')),
    'MV_FIRST({}) == "a"',
    "MV_MAX({}) == 5",
    "{}",
)


@pytest.mark.parametrize("multivalue", Multivalue)
@pytest.mark.parametrize("field", FIELDS)
def test_every_value_that_survives_a_condition_or_its_opposite_is_let_in(field, multivalue):
    name = "process.name" if field == "process.name.caseless" else field
    pairs = [[one, other] for one in EVERY_VALUE for other in ("a", 5, 5.5, "junk")]
    documents = [Document({}), *(Document({name: value}) for value in [*EVERY_VALUE, *pairs])]
    for template in TEMPLATES:
        condition = template.format(field)
        _check_all(f"FROM logs-* | WHERE {condition}", documents, multivalue)
        _check_all(f"FROM logs-* | WHERE NOT ({condition})", documents, multivalue)
        _check_all(f"FROM logs-* | MV_EXPAND {field} | WHERE NOT ({condition})", documents, multivalue)


def _check_all(text, documents, multivalue):
    query = parse_esql(text)
    try:
        compiled = compile_query(query, multivalue=multivalue)
    except LanguageError:
        return
    result = compiled.run(pages_of(documents, compiled.fields), now=NOW, lineage=True)
    tree, _ = leading_tree(query, multivalue=multivalue)
    survived = {number for origins in result.origins for number in origins}
    lost = [documents[number].raw for number in survived if not matches(tree, documents[number])]
    assert not lost, (text, in_words(tree), lost[:3])
