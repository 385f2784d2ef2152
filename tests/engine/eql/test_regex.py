"""Lucene's regular expressions beyond what the cases show: intervals, limits, folding."""

import sys
import time
from contextlib import suppress

import pytest

from engine.errors import PatternError
from engine.folding import fold
from engine.lucene_classes import _LAST_CASED
from engine.lucene_regex import RegexError, regex_test


def fits(expression, text, *, folded=False):
    return regex_test(expression, folded)(fold(text) if folded else text)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (1, 5), (7, 123), (99, 1001), (100, 199), (1000, 1000), (37, 1405)])
def test_an_interval_holds_exactly_its_numbers(low, high):
    test = regex_test(f"<{low}-{high}>")
    assert [number for number in range(1_500) if test(str(number))] == list(range(low, min(high, 1_499) + 1))


def test_bounds_of_one_length_ask_for_so_many_digits():
    test = regex_test("<005-120>")
    assert (test("005"), test("120"), test("5"), test("121"), test("0005")) == (True, True, False, False, False)
    assert fits("<5-120>", "0005")


@pytest.mark.parametrize(
    ("expression", "yes", "no"),
    [
        ("a{2}", "aa", "aaa"),
        ("a{2,}", "aaaaa", "a"),
        ("a{1,2}b?", "aab", "aaab"),
        ("(a|b)*c", "abac", "abad"),
        ("a**", "aaa", "b"),
        ("a+?", "", "b"),
        ("[]a]+", "]a", "b"),
        (r"[\]\-a]+", "]-a", "b"),
        (r"[^\d\s]", "x", "5"),
        (r"\W\w", "-_", "__"),
        (r"\.\*\\\n", ".*\\n", "..\\n"),
        ("*a", "*a", "a"),
        ("()x", "x", ""),
        ("a~bc", "adc", "abc"),
        ("a~bc", "ac", "abc"),
        ("a~bc", "abbc", "abc"),
        ("x~[ab]", "xc", "xa"),
        ('x~"ab"y', "xay", "xaby"),
        ("x(~(ab))*", "xc", "y"),
        ("x~().", "xab", "xa"),
        (r"x~\d", "x55", "x5"),
        ("x~~a", "xa", "xb"),
        ("x@", "xyz\n", "yx"),
        ("a&a|b", "b", "c"),
        (".*(sh>&|0>&1|[a-z]&x|y).*", "-x-", "sh>&1"),
        ("q(.*&1|b)", "q1", "q2"),
        ("q(2&1|b)", "qb", "q1"),
        ("~a|b&c", "z", "a"),
        ("~~a", "a", "b"),
        ("(~a)", "b", "a"),
        ("", "", "a"),
        ('"a.b"c', "a.bc", "axbc"),
    ],
)
def test_an_expression_is_judged_as_lucene_does(expression, yes, no):
    assert fits(expression, yes)
    assert not fits(expression, no)


@pytest.mark.parametrize(
    ("expression", "at"),
    [
        ("a~(b*)", 1),
        ("x([ab]&[bc])", 2),
        ("(a|~(b|c))*", 3),
        ("a{", 1),
        ("a{2", 2),
        ("a{3,2}", 5),
        ("a{1001}", 6),
        ("a{1234567890}", 2),
        ("(a", 0),
        ("a)", 1),
        ("[a", 0),
        ("[z-a]", 1),
        ('"a', 0),
        ("<a>", 0),
        ("<1-2", 0),
        ("a|", 1),
        ("a\\", 1),
        ("(" * 60, 50),
    ],
)
def test_what_cannot_be_judged_is_an_error_with_its_place(expression, at):
    with pytest.raises(RegexError) as caught:
        regex_test(expression)
    assert caught.value.at == at
    assert caught.value.message


def test_case_is_folded_in_literals_classes_and_quotes():
    assert fits('ÀB[c-e]"Z"', "àbDz", folded=True)
    assert not fits("[^A-Z]+", "abc", folded=True)
    assert fits(r"\S\D\W", "XY-", folded=True)
    assert fits("[Σ]", "ς", folded=True)


def test_no_character_beyond_the_table_has_two_cases():
    beyond = "".join(map(chr, range(_LAST_CASED + 1, sys.maxunicode + 1)))
    assert beyond.lower() == beyond == beyond.upper()


@pytest.mark.parametrize(
    "expression",
    [
        "(a*)*" * 50 + "b",
        "(x+x+)+y",
        "a{1000}" * 100,
        ".{0,1000}" * 300,
        "((a{100}){100}){100}",
        "<1-999999999999999999>" * 30,
        "[" + r"\w-\uÀ-Ö" * 1_000 + "]",
        "~" * 9_000 + "a",
        "a|" * 4_000 + "a",
    ],
)
def test_no_expression_takes_long_to_refuse_or_to_judge(expression):
    started = time.perf_counter()
    with suppress(PatternError):
        regex_test(expression, True)("a" * 10_000)
    assert time.perf_counter() - started < 5


def test_half_a_character_in_a_value_is_an_unknown_one():
    assert fits("a.b", "a\ud800b")
    assert not fits("ab", "a\ud800b")


def test_half_a_character_in_a_pattern_is_no_crash():
    assert fits("a\ud800", "a\udc00")
    assert not fits("a\ud800", "a")
