"""How one element of a field is compared with the literals of a leaf, by the type of the field.

Each function here takes the literals once and gives back a test for single values. What a leaf as a whole means,
and which of these it uses, is in leaves.py. Values that cannot be read as the field's type simply do not compare.
"""

import operator
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from engine.fields import NUMBER_TYPES, TEXT_TYPES, FieldType
from engine.folding import fold as folded
from engine.functions import networks_among
from engine.lucene_regex import regex_test as regex_text_test
from engine.patterns import parse_pattern, pattern_test
from engine.scalars import address_of, instant_of, network_of, number_of, truth_of
from engine.text import has_phrase, words_of, words_of_value
from engine.times import TimeExpressionError, parse_date_math
from engine.tree import RANGES, Leaf, Op, Scalar, Tree, all_of, any_of, text_of
from engine.word_patterns import any_word_test

ValueTest = Callable[[Scalar], bool]
TextTest = Callable[[str], bool]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_COMPARE: dict[Op, Callable[..., bool]] = {
    Op.GT: operator.gt,
    Op.GTE: operator.ge,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
}
_DATED = RANGES | {Op.IS, Op.PHRASE}
_ROUND_UP = frozenset({Op.GT, Op.LTE})
_LOOKS_LIKE_DATE = re.compile(r"[0-9]{4}-[0-9]{2}.*", re.DOTALL)
_SPACE = re.compile(r"\s+")


def always(_value: Scalar) -> bool:
    """The test of an existence leaf: any value will do."""
    return True


def never(_value: Scalar) -> bool:
    """The test of a literal that cannot be read as the field's type."""
    return False


def either(tests: Sequence[ValueTest]) -> ValueTest:
    """True when one of the tests is."""
    tests = [test for test in tests if test is not never]
    if len(tests) < 2:
        return tests[0] if tests else never
    return lambda value: any(test(value) for test in tests)


def equality_test(
    literals: Sequence[Scalar], kind: FieldType, fold: bool, phrase: bool, now: datetime | None
) -> ValueTest:
    """IS and PHRASE: whether a value equals one of the literals, in the way of the field's type."""
    if kind in TEXT_TYPES:
        return _words_test(literals, phrase)
    if kind in NUMBER_TYPES:
        return _set_test(number_of, literals)
    if kind is FieldType.BOOLEAN:
        return _set_test(truth_of, literals)
    if kind is FieldType.IP:
        return _address_test(literals)
    if kind is FieldType.DATE:
        return either([_date_test(text_of(literal), now) for literal in literals])
    if kind is FieldType.GEO_POINT:
        return never
    return _unknown_test(literals, fold) if kind is FieldType.UNKNOWN else _exact_test(literals, fold)


def _exact_test(literals: Sequence[Scalar], fold: bool) -> ValueTest:
    if fold:
        wanted = frozenset(folded(text_of(literal)) for literal in literals)
        return lambda value: folded(text_of(value)) in wanted
    wanted = frozenset(text_of(literal) for literal in literals)
    return lambda value: (value if isinstance(value, str) else text_of(value)) in wanted


def _set_test(read: Callable[[Scalar], int | float | bool | None], literals: Sequence[Scalar]) -> ValueTest:
    wanted = frozenset(read(literal) for literal in literals) - {None}
    return (lambda value: read(value) in wanted) if wanted else never


def _address_test(literals: Sequence[Scalar]) -> ValueTest:
    texts = [literal.strip() for literal in literals if isinstance(literal, str)]
    singles = frozenset(address_of(text) for text in texts) - {None}
    within = _within([network for text in texts if (network := network_of(text))])

    def test(value: Scalar) -> bool:
        address = address_of(value)
        return address is not None and (address in singles or within(address))

    return test if singles or within is not _nowhere else never


def _date_test(literal: str, now: datetime | None) -> ValueTest:
    """A date literal means the whole unit that it names: from its first to its last tick."""
    first, last = _bound(literal, False, now), _bound(literal, True, now)
    if first is None or last is None:
        return never
    return _instant_test(lambda instant: first <= instant <= last)


def _instant_test(test: Callable[[datetime], bool]) -> ValueTest:
    def judged(value: Scalar) -> bool:
        instant = instant_of(value)
        return instant is not None and test(instant)

    return judged


def _words_test(literals: Sequence[Scalar], phrase: bool) -> ValueTest:
    asked = [words_of(text_of(literal)) for literal in literals]
    if phrase:
        return _phrases_test(asked)
    wanted = frozenset(word for words in asked for word in words)
    return lambda value: not wanted.isdisjoint(words_of_value(text_of(value)))


def _phrases_test(phrases: Sequence[tuple[str, ...]]) -> ValueTest:
    """Whether one of the phrases stands in a text; asked are those alone that begin with one of its words."""
    begin: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for phrase in phrases:
        if phrase:
            begin[phrase[0]].append(phrase)

    def test(value: Scalar) -> bool:
        words = words_of_value(text_of(value))
        return any(has_phrase(words, phrase) for word in set(words) if word in begin for phrase in begin[word])

    return test


def _unknown_test(literals: Sequence[Scalar], fold: bool) -> ValueTest:
    """A field that the table does not know: numbers meet literals that are numbers, truth values those that name
    them, text the same text, and text that is an address also a literal that is a network or an IPv6 address."""
    exact = _exact_test(literals, fold)
    numbers = _set_test(number_of, literals)
    truths = _set_test(truth_of, literals)
    address = _address_test([text for text in literals if isinstance(text, str) and ("/" in text or ":" in text)])

    def test(value: Scalar) -> bool:
        if isinstance(value, bool):
            return truths(value)
        if isinstance(value, str):
            return exact(value) or (address is not never and address(value))
        return numbers(value)

    return test


def wildcard_test(patterns: Sequence[str], kind: FieldType, fold: bool) -> ValueTest:
    """WILDCARD: the whole value, of other types as it is written; of text, part by part against single words."""
    if kind in TEXT_TYPES:
        return _word_patterns_test(patterns)
    if kind is FieldType.GEO_POINT:
        return never
    return either([_value_pattern_test(pattern, fold) for pattern in patterns])


def regex_test(expressions: Sequence[str], kind: FieldType, fold: bool) -> ValueTest:
    """REGEX: the whole value as it is written, with the expression and the value folded alike."""
    if kind is FieldType.GEO_POINT:
        return never
    return either([_value_regex_test(expression, fold) for expression in expressions])


def _value_regex_test(expression: str, fold: bool) -> ValueTest:
    fits = regex_text_test(expression, fold)
    if fold:
        return lambda value: fits(folded(text_of(value)))
    return lambda value: fits(value if isinstance(value, str) else text_of(value))


def network_test(texts: Sequence[str]) -> ValueTest:
    """CIDR: whether the value is an address in one of the networks. Costs a look-up, however many there are."""
    within = _within(networks_among(texts))

    def test(value: Scalar) -> bool:
        address = address_of(value)
        return address is not None and within(address)

    return test if within is not _nowhere else never


def _within(networks: Sequence[tuple[int, int]]) -> Callable[[int], bool]:
    """Whether an address lies in one of the networks; `_nowhere` when there are none."""
    firsts, lasts = _joined_networks(networks)

    def within(address: int) -> bool:
        place = bisect_right(firsts, address) - 1
        return place >= 0 and address <= lasts[place]

    return within if firsts else _nowhere


def _nowhere(_address: int) -> bool:
    return False


def _joined_networks(networks: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The networks in order, those that overlap made one: where each begins and where it ends."""
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(networks):
        if lasts and first <= lasts[-1]:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts


def _value_pattern_test(pattern: str, fold: bool) -> ValueTest:
    fits = _text_test(pattern, fold)
    if fold:
        return lambda value: fits(folded(text_of(value)))
    return lambda value: fits(value if isinstance(value, str) else text_of(value))


def _text_test(pattern: str, fold: bool) -> TextTest:
    return pattern_test(parse_pattern(folded(pattern) if fold else pattern))


def _word_patterns_test(patterns: Sequence[str]) -> ValueTest:
    """On text each part between spaces stands alone, and one is enough: with a wildcard against single words,
    without one as words like any other."""
    parts = dict.fromkeys(part for pattern in patterns for part in _SPACE.split(pattern) if part)
    parsed = {part: parse_pattern(part) for part in parts}
    wild = any_word_test([folded(part) for part in parts if not parsed[part].is_literal])
    plain = _words_test([parsed[part].text for part in parts if parsed[part].is_literal], phrase=False)
    return lambda value: wild(words_of_value(text_of(value))) or plain(value)


def range_test(op: Op, literal: Scalar, kind: FieldType, now: datetime | None) -> ValueTest:
    """GT, GTE, LT, LTE: by number, address or instant where the type says so; text by its code points."""
    if kind in NUMBER_TYPES:
        return _ordered(op, number_of, number_of(literal))
    if kind is FieldType.IP:
        return _ordered(op, address_of, address_of(literal))
    if kind is FieldType.DATE:
        return _ordered(op, instant_of, _bound(text_of(literal), op in _ROUND_UP, now))
    if kind is FieldType.UNKNOWN:
        return _unknown_range(op, literal, now)
    return never if kind in {FieldType.BOOLEAN, FieldType.GEO_POINT} else _text_range(op, text_of(literal))


def _unknown_range(op: Op, literal: Scalar, now: datetime | None) -> ValueTest:
    """The look of the literal picks the comparison: number, then date, else text."""
    if number_of(literal) is not None:
        return _ordered(op, number_of, number_of(literal))
    text = text_of(literal)
    if text.startswith("now") or _LOOKS_LIKE_DATE.fullmatch(text):
        bound = _bound(text, op in _ROUND_UP, now)
        if bound is not None:
            return _ordered(op, instant_of, bound)
    return _text_range(op, text)


def _text_range(op: Op, literal: str) -> ValueTest:
    return lambda value: _COMPARE[op](text_of(value), literal)


def _ordered(op: Op, read: Callable[[Scalar], object], bound: object) -> ValueTest:
    """Compare what `read` makes of the value with the bound; what it cannot read is never in range."""
    if bound is None:
        return never
    return partial(_in_range, _COMPARE[op], read, bound)


def _in_range(compare: Callable[..., bool], read: Callable[[Scalar], object], bound: object, value: Scalar) -> bool:
    found = read(value)
    return found is not None and compare(found, bound)


def _bound(text: str, round_up: bool, now: datetime | None) -> datetime | None:
    if now is None and text.startswith("now"):
        return None
    try:
        return parse_date_math(text, now or _LONG_AGO, round_up)
    except TimeExpressionError:
        return None


def range_problem(literal: str, kind: FieldType) -> str | None:
    """Why a literal cannot bound a range over a field of this type, in words for the person who wrote it."""
    if kind in NUMBER_TYPES and number_of(literal) is None:
        return "this field holds numbers, and this is not a number"
    if kind is FieldType.IP and address_of(literal) is None:
        return "this field holds addresses, and this is not an address"
    if kind is FieldType.DATE and _bound(literal, False, _LONG_AGO) is None:
        return "this field holds dates; write 2026-11-20, 2026-11-20T08:00:00Z or now-7d"
    return None


def asks_now(leaf: Leaf, kind: FieldType) -> bool:
    """Whether a leaf compares a field of this type with a date that is counted from now."""
    if leaf.op not in _DATED:
        return False
    dated = kind is FieldType.DATE or (kind is FieldType.UNKNOWN and leaf.op in RANGES)
    return dated and any(_is_now(text_of(value)) for value in leaf.values)


def _is_now(text: str) -> bool:
    return text.startswith("now") and _bound(text, False, _LONG_AGO) is not None


def pinned(leaf: Leaf, now: datetime) -> Tree:
    """The leaf with every `now` replaced by an instant; an equality becomes the range of the unit it names."""
    fixed = [text_of(value) for value in leaf.values if not _is_now(text_of(value))]
    relative = [text_of(value) for value in leaf.values if _is_now(text_of(value))]
    if leaf.op in RANGES:
        ranges: list[Tree] = [replace(leaf, values=(_stamp(text, leaf.op in _ROUND_UP, now),)) for text in relative]
    else:
        ranges = [_unit_of(leaf, text, now) for text in relative]
    return any_of(*([replace(leaf, values=tuple(fixed))] if fixed else []), *ranges)


def _unit_of(leaf: Leaf, text: str, now: datetime) -> Tree:
    first, last = _stamp(text, False, now), _stamp(text, True, now)
    return all_of(replace(leaf, op=Op.GTE, values=(first,)), replace(leaf, op=Op.LTE, values=(last,)))


def _stamp(text: str, round_up: bool, now: datetime) -> str:
    return parse_date_math(text, now, round_up).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
