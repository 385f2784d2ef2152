"""Functions at their edges: null, odd types, numbers too wide."""

import pytest

from engine.document import Document
from engine.errors import LanguageError
from engine.formulas import MAX_CALLS, choices, constant_value, formula_holds
from engine.functions import FUNCTIONS, call
from engine.languages.eql import parse_eql
from engine.matcher import Expression, Matcher
from engine.tree import Call, Constant, FieldValue, Formula


def answer(name, *values, fold=False):
    return call(name, fold, values)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"isnull", "and", "or", "in"}))
def test_a_function_of_null_is_null(name):
    assert answer(name, None, "1", "1") is None


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("add", (2**63 - 1, 1), None),
        ("multiply", (1e308, 10), None),
        ("divide", (1, 0), None),
        ("divide", (1.0, 0), None),
        ("divide", (-7, 2), -3),
        ("modulo", (-7, 4), -3),
        ("modulo", (7, 0), None),
        ("modulo", (1.5, 1), 0.5),
        ("add", ("4", 1), 5),
        ("add", ("four", 1), None),
        ("add", (True, 1), None),
        ("negate", (-(2**63),), None),
        ("concat", ("a", 1, 2.5, True), "a12.5true"),
        ("number", ("1_000", 36), None),
        ("number", ("zz", 99), None),
        ("number", ("",), None),
        ("number", ("-0x10",), -16),
        ("number", ("1e400",), None),
        ("substring", ("abc", "1"), "bc"),
        ("substring", ("abc", None), None),
        ("substring", ("abc", 1, None), "bc"),
        ("between", ("", "a", "b"), ""),
        ("between", ("xaby", "a", None), None),
        ("between", ("a1b2b", "a", "b", None), "1"),
        ("between", ("aXa", "a", "a", True), "X"),
        ("indexof", ("abc", "c", None), None),
        ("cidrmatch", ("no address", "10.0.0.0/8"), False),
        ("eq", (1, 1.0), True),
        ("eq", (1, "1"), True),
        ("eq", ("1", "1.0"), False),
        ("eq", (True, 1), False),
        ("eq", (True, "true"), True),
        ("lt", ("a", 1), None),
        ("gt", (True, False), True),
        ("in", ("b", "a", None, "b"), True),
        ("in", (None, None), None),
        ("and", (None, False), False),
        ("and", (None, True), None),
        ("or", (None, True), True),
        ("or", (None, False), None),
        ("not", ("text",), None),
        ("isnull", (None,), True),
        ("isnull", ("",), False),
    ],
)
def test_at_its_edges_a_function_answers(name, values, expected):
    found = answer(name, *values)
    assert found == expected
    assert type(found) is type(expected)


def test_texts_are_folded_on_both_sides():
    assert answer("startswith", "STRASSE", "strass", fold=True)
    assert answer("in", "É", "é", fold=True)
    assert answer("like", "ABC", "a?C", fold=True)
    assert answer("between", "xABCy", "a", "c", fold=True) == "B"


def test_the_choices_of_long_arrays_are_bounded():
    formula = Formula(Call("eq", (Call("concat", (FieldValue("a"), FieldValue("b"))), Constant("no"))))
    document = Document.of({"a": [str(number) for number in range(1_000)], "b": [str(n) for n in range(1_000)]})
    tried = list(choices(formula, document))
    assert len(set(tried)) == len(tried) == MAX_CALLS // 2
    assert {len({choice[place] for choice in tried}) for place in (0, 1)} == {200}
    assert not formula_holds(formula, document)


@pytest.mark.parametrize(("first", "second"), [(300, 200), (200, 300), (1, 5_000), (5_000, 1)])
def test_values_put_in_front_do_not_hide_the_one_that_counts(first, second):
    formula = Formula(Call("startswith", (FieldValue("a"), FieldValue("b"))))
    event = {"a": [f"x{n}" for n in range(first)] + ["evil.exe"], "b": [f"y{n}" for n in range(second)] + ["evil"]}
    assert formula_holds(formula, Document.of(event))
    assert Matcher([Expression("it", formula)]).keys_of("", Document.of(event)) == ["it"]


def test_equal_values_put_in_front_count_once():
    formula = Formula(Call("startswith", (FieldValue("a"), FieldValue("b"))))
    event = {"a": ["x", 1, True] * 5_000 + ["evil.exe"], "b": ["y", 1.0] * 5_000 + ["evil"]}
    assert len(list(choices(formula, Document.of(event)))) == 4 * 3
    assert formula_holds(formula, Document.of(event))


def test_a_query_may_not_relate_fields_without_end():
    parse_eql("any where " + " or ".join(f"startsWith(a{n}, b)" for n in range(8)))
    with pytest.raises(LanguageError, match="more than 8 conditions of the query relate fields"):
        parse_eql("any where " + " or ".join(f"startsWith(a{n}, b)" for n in range(9)))
    with pytest.raises(LanguageError, match="more than 100 functions"):
        parse_eql("any where " + " or ".join(f"length(a) == {n}" for n in range(51)))


def test_a_constant_call_is_worked_out():
    assert constant_value(Call("length", (Call("concat", (Constant("ab"), Constant(1))),))) == 3
