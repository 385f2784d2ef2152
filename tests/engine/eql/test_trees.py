"""Which conditions become leaves, so that they are shared with other rules, and which formulas."""

import pytest

from engine.languages.eql import parse_eql
from engine.languages.kql import parse_kql
from engine.stored_trees import tree_from_json, tree_to_json
from engine.tree import Call, Constant, FieldValue, Formula, Leaf, MatchAll, MatchNone, Not, Op, Or


def tree(condition):
    return parse_eql(f"any where {condition}").tree


@pytest.mark.parametrize(
    ("condition", "leaf"),
    [
        ('a == "X"', Leaf("a", Op.IS, ("X",))),
        ('a : "X"', Leaf("a", Op.IS, ("X",), fold=True)),
        ("a == true", Leaf("a", Op.IS, ("true",))),
        ("a", Leaf("a", Op.IS, ("true",))),
        ("5 < a", Leaf("a", Op.GT, ("5",))),
        ("a >= -1.5", Leaf("a", Op.GTE, ("-1.5",))),
        ("a != null", Leaf("a", Op.EXISTS)),
        ("a == null", Not(Leaf("a", Op.EXISTS))),
        ('a != "X"', Not(Leaf("a", Op.IS, ("X",)))),
        ('a in ("x", 5, true)', Leaf("a", Op.IS, ("x", "5", "true"))),
        ('a not in~ ("x")', Not(Leaf("a", Op.IS, ("x",), fold=True))),
        (r'a like "C:\\a*"', Leaf("a", Op.WILDCARD, (r"C:\\a*",))),
        ('a like~ "X"', Leaf("a", Op.IS, ("X",), fold=True)),
        ('a : ("x", "y*")', Or((Leaf("a", Op.IS, ("x",), True), Leaf("a", Op.WILDCARD, ("y*",), True)))),
        ('a regex~ ("x", "y")', Leaf("a", Op.REGEX, ("x", "y"), fold=True)),
        ('startsWith(a, "x*")', Leaf("a", Op.WILDCARD, (r"x\**",))),
        (r'endsWith~(a, "\\x")', Leaf("a", Op.WILDCARD, (r"*\\x",), fold=True)),
        ('stringContains(a, "x") == false', Not(Leaf("a", Op.WILDCARD, ("*x*",)))),
        ('cidrMatch(a, "10.0.0.0/8", "fe80::/10")', Leaf("a", Op.CIDR, ("10.0.0.0/8", "fe80::/10"))),
        ('a == "x" or a == "y" or b', Or((Leaf("a", Op.IS, ("x", "y")), Leaf("b", Op.IS, ("true",))))),
        ('message : "x"', Leaf("message", Op.IS, ("x",), fold=True, whole=True)),
        ("length(a) > 1 + 1", Formula(Call("gt", (Call("length", (FieldValue("a"),)), Constant(2))))),
        ('"x" != concat(a, 1)', Formula(Call("neq", (Call("concat", (FieldValue("a"), Constant(1))), Constant("x"))))),
        ("not not a", Leaf("a", Op.IS, ("true",))),
        ("true or a", MatchAll()),
        ('startsWith("abc", "a") and 1 / 0 == null', MatchAll()),
        ("a in (null) or length(null) > 0", MatchNone()),
    ],
)
def test_a_condition_becomes(condition, leaf):
    assert tree(condition) == leaf


def test_the_leaf_of_a_keyword_field_is_the_same_in_both_languages():
    assert tree("destination.port == 443") == parse_kql("destination.port:443")
    assert tree("destination.port : 443") == parse_kql("destination.port:443")
    assert tree('process.name in ("a", "b")') == parse_kql("process.name:(a or b)")


def test_literals_of_different_types_stay_apart():
    whole, exact = tree("a / 2 == 41"), tree("a / 2.0 == 41")
    assert whole != exact
    assert tree_from_json(tree_to_json(exact)) == exact
    assert tree("concat(a, 1) == null") != tree("concat(a, true) == null")


def test_a_wide_literal_stays_a_decimal_when_a_database_writes_it_out():
    data = tree_to_json(tree("a + 1e30 > 0"))
    data["formula"]["arguments"][0]["arguments"][1]["value"] = 10**30
    assert tree_from_json(data) == tree("a + 1e30 > 0")
