"""KQL(), QSTR(), MATCH() and `:` ask the event; all ways to judge events agree about them."""

import orjson
import pytest

from engine.errors import LanguageError
from engine.languages.esql.nodes import Call, Literal, Match, Name, Place
from engine.languages.lucene import parse_lucene
from engine.nearness import is_nearly
from engine.pipelines.fulltext import fulltext_tree
from tests.engine.judging import judged

EVENT = {
    "message": "The quick brown fox jumps",
    "process": {"name": "curl", "pid": 42, "args": ["curl", "-c", "*"]},
    "source": {"ip": ["10.1.2.3", "1.1.1.1"]},
    "event": {"category": ["process"], "type": ["start", "info"]},
    "own": {"tag": "Rule Type: X", "count": 7},
    "@timestamp": "2026-11-20T10:00:00Z",
}
LINE = orjson.dumps(EVENT)


def asked(name, *arguments, **options):
    tree = fulltext_tree("", Call(name, tuple(arguments), options=tuple(options.items())))
    return judged(tree, LINE)


def matched(field, value, **options):
    return asked("match", Name(field), Literal(value), **options)


def test_kql_asks_as_it_does_elsewhere():
    assert asked("kql", Literal(' own.tag : "Rule Type: X" '))
    assert asked("kql", Literal('process.args:("*" or "bind")'))
    assert not asked("kql", Literal("process.name:Curl"))
    assert asked("kql", Literal("process.name:CUR*"), case_insensitive=True)
    assert not asked("kql", Literal("not event.type:start"))


@pytest.mark.parametrize(
    "query",
    [
        "process.name:curl",
        "process.name:(wget OR curl)",
        "process.name:(wget curl)",
        "process.name:curl AND event.type:start",
        "process.name:c*l",
        "process.name:c?rl",
        "process.name:/cu.l/",
        "+process.name:curl -event.type:end",
        "NOT process.name:wget",
        "!process.name:wget",
        'message:"brown fox"',
        "message:qick~1",
        "process.name:curls~",
        "process.pid:[40 TO 50]",
        "process.pid:{41 TO *]",
        "process.pid:>=42",
        'process.pid:["42" TO 42}  OR process.pid:42',
        "_exists_:own.tag",
        "own.\\*:7",
        "own.*:7",
        "curl",
        '"quick brown"',
        "*",
        "process.name:wget OR event.type:info AND process.pid:42",
        "process.name:curl^2 AND own.tag:Rule\\ Type\\:\\ X",
        "@timestamp:[2026-11-20 TO 2026-11-21]",
        "source.ip:10.0.0.0\\/8",
    ],
)
def test_lucene_queries_that_the_event_meets(query):
    assert asked("qstr", Literal(query))


@pytest.mark.parametrize(
    "query",
    [
        "process.name:Curl",
        "process.name:curl AND event.type:end",
        "process.name:curl AND NOT event.type:start",
        "process.name:curl -event.type:info",
        "+process.name:wget own.count:7",
        "process.pid:{42 TO 50]",
        "process.pid:<42",
        'message:"fox brown"',
        "_exists_:own.missing",
        "message:quickly~1",
        "process.name:wget OR event.type:info AND process.pid:43",
        "",
        "()",
    ],
)
def test_lucene_queries_that_the_event_does_not_meet(query):
    assert not asked("qstr", Literal(query))


def test_a_lucene_query_may_want_all_its_words_and_name_its_field():
    assert asked("qstr", Literal("quick wolf"), default_field="message")
    assert not asked("qstr", Literal("quick wolf"), default_field="message", default_operator="AND")
    assert asked("qstr", Literal("quick fox"), default_field="message", default_operator="AND")
    assert asked("qstr", Literal("quick OR wolf"), default_field="message", default_operator="AND")


@pytest.mark.parametrize("query", ["(a", "a)", "a:[1 TO", "a:[1 2]", "a:", 'a:"b c"~3', "b~1", "m:b~7", "a AND", '"a'])
def test_lucene_queries_that_cannot_be_read_say_where(query):
    with pytest.raises(LanguageError) as told:
        parse_lucene(query)
    assert told.value.column <= len(query)


def test_match_looks_for_words_in_text_and_for_values_elsewhere():
    assert matched("message", "lazy FOX")
    assert not matched("message", "lazy FOX", operator="AND")
    assert matched("message", "brown fox", operator="and")
    assert matched("message", "quick brown wolf", minimum_should_match=2)
    assert matched("message", "quick brown wolf", minimum_should_match="-1")
    assert matched("message", "quick brown wolf", minimum_should_match="67%")
    assert not matched("message", "quick grey wolf", minimum_should_match="67%")
    assert matched("process.name", "curl")
    assert not matched("process.name", "curl wget")
    assert matched("process.pid", 42)
    assert matched("source.ip", "10.0.0.0/8")
    assert matched("event.type", "info")
    assert not matched("own.missing", "x")
    assert not matched("message", "...")
    assert matched("message", "...", zero_terms_query="all")


def test_match_takes_words_that_are_nearly_the_same():
    assert not matched("message", "quikc")
    assert matched("message", "quikc", fuzziness="AUTO")
    assert matched("message", "quikc", fuzziness=1)
    assert not matched("message", "quikc", fuzziness=1, fuzzy_transpositions=False)
    assert not matched("message", "Xuick", fuzziness=1, prefix_length=1)
    assert matched("process.name", "kurl", fuzziness=1)
    assert not matched("process.name", "kurl", fuzziness="AUTO:5,8")


def test_words_after_a_colon_and_phrases():
    assert judged(fulltext_tree("", Match(Name("message"), Literal("wolf fox"))), LINE)
    assert asked("match_phrase", Name("message"), Literal("brown FOX"))
    assert not asked("match_phrase", Name("message"), Literal("fox brown"))


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (Call("match", (Name("a"), Literal("x")), options=(("odd", 1),)), "odd"),
        (Call("match", (Name("a"),)), "2 arguments"),
        (Call("match", (Literal("a"), Literal("x"))), "field"),
        (Call("match", (Name("a"), Literal("x")), options=(("fuzziness", 3),)), "fuzziness"),
        (Call("kql", (Literal(1),)), "quotes"),
        (Call("kql", (Literal("a:b"),), options=(("time_zone", "+02:00"),)), "time_zone"),
        (Call("qstr", (Literal("a"),), options=(("default_operator", "xor"),)), "default_operator"),
    ],
)
def test_what_cannot_be_asked_is_named(call, part):
    with pytest.raises(LanguageError, match=part):
        fulltext_tree("", call)


def test_the_place_in_a_query_inside_a_query_is_its_place_in_the_whole():
    text = 'FROM a\n| WHERE KQL("""x:1 and\n y:(""")'
    start = text.index('"""')
    node = Call("kql", (Literal("x:1 and\n y:(", place=Place(start, len(text) - 1)),), place=Place(15, len(text)))
    with pytest.raises(LanguageError) as told:
        fulltext_tree(text, node)
    assert (told.value.line, told.value.column) == (3, 5)


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("abc", "abd", 1), ("abc", "bac", 1), ("abcd", "acdb", 2), ("", "ab", 2), ("x", "", 1)]
)
def test_nearness_counts_edits(one, other, edits):
    assert is_nearly(one, other, edits, 0, True)
    assert not is_nearly(one, other, edits - 1, 0, True)
    assert is_nearly(other, one, edits, 0, True)
