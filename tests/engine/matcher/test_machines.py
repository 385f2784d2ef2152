"""What answers many questions at once must answer each as its own test does."""

import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.folding import fold
from engine.leaves import value_test
from engine.matcher.addresses import AddressTable
from engine.matcher.bounds import DEFAULT_BOUNDS
from engine.matcher.questions import FieldQuestions
from engine.matcher.room import Room
from engine.matcher.scanning import Scanner, Searched
from engine.patterns import parse_pattern, pattern_test
from engine.tree import Leaf, Op
from tests.engine.matcher.worlds import PATTERNS, REGEXES, TEXTS

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
patterns = st.one_of(st.sampled_from(PATTERNS), st.text(alphabet="aAkbſK:\\*?É", min_size=1, max_size=9))
texts = st.one_of(st.sampled_from(TEXTS), st.text(alphabet="aAkbſK:\\*?É\ud800", max_size=12))


@example([(":\\??", False)], [":\ud800:"])
@given(st.lists(st.tuples(patterns, st.booleans()), min_size=1, max_size=12), st.lists(texts, min_size=1, max_size=6))
@quick
def test_a_scan_finds_the_patterns_that_fit(several, values):
    parsed = [(parse_pattern(fold(text) if folds else text), folds) for text, folds in several]
    scanner = Scanner([Searched(pattern, 1 << bit, folds) for bit, (pattern, folds) in enumerate(parsed)])
    for value in values:
        fits = [pattern_test(pattern)(fold(value) if folds else value) for pattern, folds in parsed]
        assert scanner.scan(value, fold(value)) == sum(1 << bit for bit, one in enumerate(fits) if one)


FIELDS = ["process.name", "acme.x", "source.ip", "destination.port", "message", "event.created", "process.args"]
leaves = st.one_of(
    st.builds(Leaf, st.just("f"), st.just(Op.IS), st.tuples(texts, texts), st.booleans(), whole=st.booleans()),
    st.builds(Leaf, st.just("f"), st.just(Op.WILDCARD), st.tuples(patterns), st.booleans(), whole=st.booleans()),
    st.builds(Leaf, st.just("f"), st.just(Op.REGEX), st.tuples(st.sampled_from(REGEXES)), st.booleans()),
    st.builds(Leaf, st.just("f"), st.just(Op.CIDR), st.tuples(st.sampled_from(["10.0.0.0/8", "fe80::/16", "::1"]))),
)
scalars = st.one_of(texts, st.booleans(), st.integers(-2, 99), st.sampled_from([1.0, 0.5, 2**63, -0.0]))


@given(st.sampled_from(FIELDS), st.lists(leaves, min_size=1, max_size=8), st.lists(scalars, min_size=1, max_size=5))
@quick
def test_a_leafset_holds_the_leaves_that_are_true_of_the_value(field, several, values):
    questions = FieldQuestions(field, DEFAULT_BOUNDS, Room(10_000_000))
    bits = [(questions.bit_of(leaf), leaf) for leaf in several]
    for value in values:
        answers = questions._answers or questions._built()  # one value at a time, so that 1 and true do not meet
        assert [bool(answers.of(value) & bit) for bit, _ in bits] == [
            bool(value_test(leaf, field)(value)) for _, leaf in bits
        ]


def test_thousands_of_patterns_are_found_beside_each_other():
    """So many that they need several machines; also of texts that nobody foresaw."""
    chance = random.Random(7)
    stems = ["".join(chance.choices("abcdefgh\\/.-", k=chance.randint(4, 14))) for _ in range(6_000)]
    shapes = ["{}*", "*{}", "*{}*", "?:{}*x", "*{}*{}*"]
    written = [chance.choice(shapes).format(stem, stem[:4]).replace("\\", "\\\\") for stem in stems]
    parsed = [parse_pattern(text) for text in written]
    scanner = Scanner([Searched(pattern, 1 << bit, bit % 2 == 0) for bit, pattern in enumerate(parsed)])
    tests = [pattern_test(pattern) for pattern in parsed]
    for _ in range(60):
        value = "".join(chance.choice(stems) for _ in range(chance.randint(1, 6)))
        assert scanner.scan(value, fold(value)) == sum(1 << bit for bit, test in enumerate(tests) if test(value))


@pytest.mark.parametrize("count", [1, 40])
def test_an_address_lies_in_the_ranges_that_hold_it(count):
    chance = random.Random(count)
    ranges = [
        (first, first + chance.randint(0, 30), 1 << bit) for bit in range(count) for first in [chance.randint(0, 99)]
    ]
    table = AddressTable(ranges)
    for address in range(-1, 140):
        assert table.bits_of(address) == sum(bit for first, last, bit in ranges if first <= address <= last)
