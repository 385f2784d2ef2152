"""Patterns over words: asked all at once they say what they say word by word, and what they cost is bounded."""

import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import word_patterns
from engine.document import Document
from engine.errors import LanguageError
from engine.interpret import matches
from engine.languages.eql import parse_eql
from engine.languages.kql import parse_kql
from engine.matcher import Expression, Matcher
from engine.patterns import parse_pattern, pattern_test
from engine.tree import Tree
from engine.word_patterns import any_word_test

WORDS = st.lists(st.text("abé.\ud800😀", min_size=1, max_size=4), min_size=1, max_size=4).map(tuple)
PATTERNS = st.lists(st.text("abé.*?\ud800", min_size=1, max_size=5).map(lambda text: text + "*"), max_size=3)


@given(PATTERNS, WORDS)
@settings(max_examples=300, deadline=None)
def test_patterns_over_all_words_at_once_say_what_they_say_of_single_words(patterns, words):
    expected = any(pattern_test(parse_pattern(pattern))(word) for pattern in patterns for word in words)
    before = word_patterns._FEW_CALLS
    try:
        word_patterns._FEW_CALLS = 0
        assert any_word_test(patterns)(words) is expected
    finally:
        word_patterns._FEW_CALLS = before
    assert any_word_test(patterns)(words) is expected


def judged(tree: Tree, event: dict[str, object]) -> float:
    """The processor time that both ways of judging take together."""
    document = Document.of(event)
    started = time.process_time()
    held = matches(tree, document)
    assert Matcher([Expression("it", tree)]).keys_of("", document) == (["it"] if held else [])
    return time.process_time() - started


PREFIXES = ["".join(letters) for letters in product("ghijkmnopqrst", repeat=3)]
MESSAGE = " ".join(f"w{number:x}" for number in range(15_000))


@pytest.mark.parametrize(
    "query",
    [
        "message:" + "x* " * 3_300,
        "message:" + " ".join(f"{prefix}*" for prefix in PREFIXES[:1_900]),
        "message:" + " ".join(f"*{number % 10}*{number}*z" for number in range(1_000)),
        " and ".join(f"not message:g{number}" for number in range(400)),
        "a:" + "*a" * 4_900 + "*",
        "a:" + "*a*b" * 2_400 + "*",
    ],
)
def test_ten_kilobytes_of_query_about_a_long_event_take_less_than_a_second(query):
    assert judged(parse_kql(query), {"message": MESSAGE, "a": "ab" * 15_000}) < 2


def test_a_pattern_with_both_wildcards_has_few_of_them():
    tree = parse_eql(f'any where a like "{"*a?" * 499}*"').tree
    assert judged(tree, {"a": "a" * 10_000}) < 2
    with pytest.raises(LanguageError, match="at most 500"):
        parse_eql(f'any where a like "{"*a?" * 501}*"')
