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
from engine.pipelines.leading import leading_clauses, leading_tree
from engine.pipelines.leading.leaves import ODD_LOWER, ODD_UPPER
from engine.tree import Leaf, MatchAll, Not, Op, Tree
from engine.wording import in_words

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXTS = ("process.name", "message", "own.tag")
NUMBERS = ("destination.port", "host.cpu.usage", "own.count")
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
NUMERALS = (0, 1, 5, 5.5, -1, -1.5, 4.9, 2**60, 1e30, "5", "05", "5.0", True, "true", False)
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
)
numbers = st.one_of(
    st.sampled_from([*NUMBERS, "c2"]),
    st.sampled_from(NUMBERS).map("MV_MAX({})".format),
    st.sampled_from(NUMBERS).map("({} + 1)".format),
    columns.map("LENGTH({})".format),
    columns.map("MV_COUNT({})".format),
    columns.map('CASE({} == "a", 5, 0)'.format),
    columns.map('CASE({} == "a", 5)'.format),
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
    st.tuples(st.just("source.ip"), signs, st.just('"10.0.0.1"')).map(" ".join),
    st.just('CIDR_MATCH(source.ip, "10.0.0.0/8", "::1/128")'),
    columns.map('CIDR_MATCH(TO_IP({}), "10.0.0.0/8")'.format),
    st.tuples(st.just("@timestamp"), signs, st.just('"2026-11-20"')).map(" ".join),
    st.sampled_from(["dll.code_signature.trusted", "own.flag", "c3", "c3 == true", "c3 != true", "NOT c3"]),
    st.sampled_from(["dll.code_signature.trusted == true", "dll.code_signature.trusted != true"]),
    text_constants.map(lambda it: f"MATCH(message, {it})"),
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
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
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
