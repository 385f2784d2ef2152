"""Names of fields have a size, in every language: each part of one is a level of what events are read into."""

import pytest

from engine.document import Document
from engine.errors import LanguageError
from engine.interpret import matches
from engine.languages.eql import parse_eql
from engine.languages.exceptions import ExceptionEntryError, parse_entries
from engine.languages.filters import parse_filters
from engine.languages.kql import parse_kql
from engine.matcher import Expression, Matcher

LONG = ".".join("a" * 5_000)
WIDE = "a" * 513


@pytest.mark.parametrize("name", [LONG, WIDE, ".".join("a" * 101)])
@pytest.mark.parametrize("query", ["{}:1", "{}:(1 or 2)", "{} > 1", "{}:{{ b:1 }}", "b:{{ {}:1 }}", "{}*:1"])
def test_a_name_that_is_too_long_is_refused_where_it_stands_in_a_query(name, query):
    with pytest.raises(LanguageError, match="the name of a field may have at most") as caught:
        parse_kql(f"x:1 and {query.format(name)}")
    assert caught.value.column > 8


@pytest.mark.parametrize("name", [LONG, WIDE])
@pytest.mark.parametrize(
    "query",
    [
        "any where {} == 1",
        "any where length({}) > 1",
        "any where x == 1 and {} : ?{}",
        "sequence by {} [any where true] [any where true]",
        "sequence [any where true] by {} [any where true] by b",
    ],
)
def test_a_name_that_is_too_long_is_refused_in_eql(name, query):
    with pytest.raises(LanguageError, match="the name of a field may have at most"):
        parse_eql(query.replace("{}", name))


def test_braces_in_braces_make_one_name():
    with pytest.raises(LanguageError, match="at most 100 parts"):
        parse_kql("a.a.a.a.a:{ " * 30 + "b:1" + "}" * 30)


def test_exceptions_refuse_names_of_many_parts():
    with pytest.raises(ExceptionEntryError, match="at most 100 parts"):
        parse_entries([{"field": ".".join("a" * 120), "type": "exists", "operator": "included"}])


def test_the_longest_names_can_be_judged():
    name = ".".join("a" * 100)
    filters = parse_filters([{"query": {"exists": {"field": ".".join("a" * 50)}}}])
    document: object = "1"
    for _ in range(100):
        document = {"a": document}
    trees = [parse_kql(f"{name}:1"), parse_eql(f'any where {name} == "1"').tree, filters]
    matcher = Matcher([Expression(str(number), tree) for number, tree in enumerate(trees)])
    event = Document.of(document)  # type: ignore[arg-type]
    assert matcher.keys_of("", event) == [str(number) for number, tree in enumerate(trees) if matches(tree, event)]
    assert len(matcher.keys_of("", event)) == 3
