"""What ES|QL queries are read as: the cases of tests/cases/esql, and what nodes say in detail."""

import pytest

from engine.errors import LanguageError
from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import (
    Aggregate,
    Arithmetic,
    Assignment,
    Call,
    Cast,
    Comparison,
    Completion,
    Dissect,
    Enrich,
    Eval,
    Expression,
    From,
    Grok,
    Junction,
    Keep,
    Like,
    Limit,
    Literal,
    LookupJoin,
    Match,
    MvExpand,
    Name,
    NamePattern,
    Negation,
    NullTest,
    Row,
    Sign,
    Stats,
    Timespan,
    Where,
)
from engine.languages.esql.walking import children_of, walk
from tests.engine.query_cases import esql_pairs


def commands(text):
    return parse_esql(text).commands


def condition(text) -> Expression:
    where = commands(f"from a | where {text}")[1]
    assert isinstance(where, Where)
    return where.condition


def value(text) -> Expression:
    row = commands(f"row x = {text}")[0]
    assert isinstance(row, Row)
    return row.assignments[0].expression


@pytest.mark.parametrize("case", esql_pairs(), ids=lambda case: case["name"])
def test_two_queries_are_read_as_the_same(case):
    assert commands(case["query"]) == commands(case["same"])


def test_a_query_keeps_its_text_and_its_commands_in_order():
    text = "FROM logs-* | WHERE x | LIMIT 3"
    query = parse_esql(text)
    assert query.text == text
    assert query.commands == (From(("logs-*",)), Where(Name("x")), Limit(3))


@pytest.mark.parametrize(
    ("written", "patterns"),
    [
        ("a", ("a",)),
        (".alerts-security.*, -logs-old*", (".alerts-security.*", "-logs-old*")),
        ('"a b"', ("a b",)),
        ("<logs-{now/d}>", ("<logs-{now/d}>",)),
        ("a/b,c //d", ("a/b", "c")),
    ],
)
def test_index_patterns_are_kept_as_they_are_written(written, patterns):
    assert commands(f"FROM {written} | LIMIT 1")[0] == From(patterns)


@pytest.mark.parametrize(
    ("written", "at", "words"),
    [
        ("remote:logs-*", 5, "another cluster [remote]"),
        ("a, cluster_*:b", 8, "another cluster [cluster_*]"),
        ('"remote:logs-*"', 5, "another cluster [remote]"),
        ("logs-*::failures", 5, "no parts such as `::failures`"),
        ('a, "b,logs-*::data"', 8, "no parts such as `::failures`"),
    ],
)
def test_what_other_clusters_hold_and_parts_of_an_index_are_refused_where_they_stand(written, at, words):
    with pytest.raises(LanguageError) as caught:
        parse_esql(f"FROM {written} | LIMIT 1")
    assert words in str(caught.value)
    assert caught.value.column == at + 1


def test_metadata_fields_follow_the_patterns():
    assert commands("from a metadata _id, _index,_version")[0] == From(("a",), ("_id", "_index", "_version"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1", 1),
        ("-1", -1),
        ("+ 1", 1),
        ("2147483648", 2147483648),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616.0),
        ("-9223372036854775808", -9223372036854775808),
        ("-9223372036854775809", -9223372036854775809.0),
        ("1.5e-3", 0.0015),
        ('"a\\tb\\n\\r\\"\\\\"', 'a\tb\n\r"\\'),
        ('"""a\\t"b"""', 'a\\t"b'),
        ('"""a"""""', 'a""'),
        ('""', ""),
        ("true", True),
        ("NULL", None),
        ("[1, -2.5, 3]", (1, -2.5, 3)),
        ('["a","b"]', ("a", "b")),
        ("[true, false]", (True, False)),
    ],
)
def test_a_literal_says(written, read):
    literal = value(written)
    assert literal == Literal(read)
    assert isinstance(literal, Literal)
    assert type(literal.value) is type(read)


def test_stretches_of_time_have_an_amount_and_a_unit():
    assert value("1 day") == Timespan(1, "day")
    assert value("-90SECONDS") == Timespan(-90, "second")


def test_signs_belong_to_numbers_first():
    assert value("-1::string") == Cast(Literal(-1), "string")
    assert value("-x::string") == Sign("-", Cast(Name("x"), "string"))
    assert value("- -1") == Sign("-", Literal(-1))
    assert value("y - -1") == Arithmetic("-", Name("y"), Literal(-1))


def test_chains_of_and_and_or_are_one_junction_each():
    assert condition("a and b and c or d or e") == Junction(
        "or", (Junction("and", (Name("a"), Name("b"), Name("c"))), Name("d"), Name("e"))
    )


def test_tests_of_a_value():
    assert condition("x is not null") == NullTest(Name("x"), negated=True)
    assert condition('x like ("a*", "b")') == Like(Name("x"), ("a*", "b"), regex=False)
    assert condition('f(x) rlike "a.*"') == Like(Call("f", (Name("x"),)), ("a.*",), regex=True)
    assert condition('not x::text : "words"') == Negation(Match(Cast(Name("x"), "text"), Literal("words")))
    assert condition("x : -1") == Match(Name("x"), Literal(-1))


def test_functions_have_arguments_a_star_or_options():
    assert value("Concat(a, upper(b))") == Call("concat", (Name("a"), Call("upper", (Name("b"),))))
    assert value("count( * )") == Call("count", star=True)
    assert value("now()") == Call("now")
    options = (("fuzziness", 1), ("operator", "and"), ("lenient", True))
    written = 'match(x, "y", {"fuzziness": 1, "operator": "and", "lenient": true})'
    assert value(written) == Call("match", (Name("x"), Literal("y")), options=options)


def test_names_of_the_odd_kind():
    assert value("@timestamp") == Name("@timestamp")
    assert value("_id") == Name("_id")
    assert value("`a ``b`` c`.d") == Name("a `b` c.d")
    assert value("`a/b`") == Name("a/b")
    assert value("x.`as`.y") == Name("x.as.y")


def test_columns_are_kept_by_name_or_pattern():
    keep = commands("from a | keep Esql.*, `x*`.y, `a\\b`.*c*, *")[1]
    assert keep == Keep((NamePattern("Esql.*"), Name("x*.y"), NamePattern("a\\\\b.*c*"), NamePattern("*")))


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("stats count(*), MAX( x )", ["count(*)", "MAX( x )"]),
        ("stats sum(a) /* of a */ + 1", ["sum(a) /* of a */ + 1"]),
        ("stats count(*) where x > 1", ["count(*) where x > 1"]),
        ("stats (count(*))", ["(count(*))"]),
        ("eval x, `y z`, -1, n = 3", ["x", "`y z`", "-1", "n"]),
        ("eval a.`b c` = 1", ["a.b c"]),
    ],
)
def test_an_unnamed_column_is_called_as_it_is_written(written, names):
    command = commands(f"from a | {written}")[1]
    assert isinstance(command, Stats | Eval)
    columns = command.aggregates if isinstance(command, Stats) else command.assignments
    assert [column.name for column in columns] == names


def test_a_group_that_is_a_column_is_called_as_the_column():
    stats = commands("from a | stats by `x`, y . z, date_trunc(1 day, t), n = w, (v)")[1]
    assert isinstance(stats, Stats)
    assert [group.name for group in stats.by] == ["x", "y.z", "date_trunc(1 day, t)", "n", "v"]


def test_statistics_have_aggregates_with_conditions_and_groups():
    one = Aggregate("n", Call("count", star=True), Comparison(">", Name("x"), Literal(1)))
    two = Aggregate("m", Call("max", (Name("y"),)))
    by = (Assignment("z", Name("z")),)
    written = "stats n = count(*) where x > 1, m = max(y) by z"
    assert commands(f"from a | {written}")[1] == Stats((one, two), by)
    assert commands(f"from a | inline {written}")[1] == Stats((one, two), by, inline=True)
    assert commands("from a | stats by z")[1] == Stats((), by)


def test_commands_that_take_texts_apart_or_ask_elsewhere():
    written = (
        'from a | grok x "1", "2" | dissect x.y "3" append_separator="," | mv_expand x.y | lookup join t on x, y'
        ' | enrich _any:p on x with y = z | enrich q | completion x = f(y) with {"inference_id": "e"}'
    )
    assert commands(written)[1:] == (
        Grok(Name("x"), ("1", "2")),
        Dissect(Name("x.y"), "3", ","),
        MvExpand(Name("x.y")),
        LookupJoin("t", (Name("x"), Name("y"))),
        Enrich("_any:p", Name("x"), (("y", "z"),)),
        Enrich("q"),
        Completion("x", Call("f", (Name("y"),)), (("inference_id", "e"),)),
    )


def test_every_expression_knows_its_place():
    text = 'from a | where not (x + 1 > f(`y`)) and z in ("a", 1 day) or w::ip like "b" or v : "c"'
    for expression in walk(condition(text.removeprefix("from a | where "))):
        place = expression.place
        assert value(text[place.start : place.end]) == expression


def test_walking_visits_what_stands_inside_in_the_order_of_the_text():
    expression = condition('not -x::long == f(y) and z in (1) and w is null and v like "a" and u : "b"')
    assert [inner.name for inner in walk(expression) if isinstance(inner, Name)] == list("xyzwvu")
    assert children_of(Name("x")) == ()
