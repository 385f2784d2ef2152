"""The one meaning of a leaf. Matching, explaining, exceptions, previews and search all ask here.

A leaf is true when any element of its field meets any of its values. `value_test` gives the question for one element;
the type of the field decides how it is asked:

    keyword, wildcard     the whole value, exactly (or folded); patterns cover the whole value
    text                  IS: any of the words; PHRASE: the words in a row; patterns: single words;
                          where the leaf asks for the `whole` value, as keyword
    ip                    an address or a network; ranges by number
    long, double          as numbers, also when written as text
    boolean               true or false, also when written as text
    date                  the whole unit that the literal names (`2026-11-20` is a day); ranges in UTC
    geo_point             only existence
    unknown               the JSON type of the value and the look of the literal decide (engine/comparisons.py)

A regular expression asks for the text of the value and CIDR for the address in it, whatever the type of the field.

`now` in a date is when the event was taken in, unless the tree was pinned to an instant (`pin_dates`), so judging an
event again gives the same answer.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache

from engine import comparisons
from engine.document import Document
from engine.fields import TEXT_TYPES, FieldType, field_type, is_caseless
from engine.patterns import parse_pattern, pattern_test
from engine.tree import RANGES, And, Leaf, ListLeaf, Nested, Not, Op, Or, Scalar, Tree, text_of

ValueTest = Callable[[Scalar], bool]


def holds(leaf: Leaf, document: Document) -> bool:
    """Whether the leaf is true of the event."""
    if not leaf.wild_field:
        return _field_holds(leaf, leaf.field, document)
    if leaf.op is Op.EXISTS:
        return bool(fields_like(leaf.field, document))
    return any(True for _ in met_by(leaf, document))


def met_by(leaf: Leaf, document: Document) -> Iterator[tuple[str, Scalar]]:
    """The values of the event that meet the leaf, each with its field, in the order of the document."""
    if leaf.op is Op.EXISTS and not leaf.wild_field and not document.values(leaf.field):
        yield from document.values_under(leaf.field)
    fields = fields_like(leaf.field, document) if leaf.wild_field else [leaf.field]
    tests = _tests_by_type(leaf) if leaf.wild_field else None
    for field in fields:
        test = tests(field, document) if tests else test_for(leaf, field, document)
        yield from ((field, value) for value in document.values(field) if test(value))


def fields_like(pattern: str, document: Document) -> list[str]:
    """The fields of the event whose names fit a pattern."""
    names = document.field_names()
    return names if pattern == "*" else list(filter(_name_test(pattern), names))


@lru_cache(maxsize=1_024)
def _tests_by_type(leaf: Leaf) -> Callable[[str, Document], ValueTest]:
    """The question of a leaf that asks many fields: made once for each type of field, since only that counts."""
    made: dict[tuple[FieldType, bool], ValueTest] = {}

    def test(field: str, document: Document) -> ValueTest:
        if asks_now(leaf, field):
            return test_for(leaf, field, document)
        key = field_type(field), is_caseless(field)
        if key not in made:
            made[key] = value_test(leaf, field)
        return made[key]

    return test


def test_for(leaf: Leaf, field: str, document: Document) -> ValueTest:
    """The leaf's question for one element of a field of this event; `now` is filled in where the leaf says it."""
    if asks_now(leaf, field):
        return _build(leaf, field, document.arrived)
    return _list_test(leaf, field) if isinstance(leaf, ListLeaf) else value_test(leaf, field)


def _list_test(leaf: ListLeaf, field: str) -> ValueTest:
    if field not in leaf.tests:
        leaf.tests[field] = _build(leaf, field, None)
    return leaf.tests[field]


def _field_holds(leaf: Leaf, field: str, document: Document) -> bool:
    if leaf.op is Op.EXISTS:
        return document.has(field)
    values = document.values(field)
    return bool(values) and any(map(test_for(leaf, field, document), values))


def asks_now(leaf: Leaf, field: str) -> bool:
    """Whether the leaf, asked about this field, depends on when the event was taken in."""
    return comparisons.asks_now(leaf, field_type(field))


@lru_cache(maxsize=16_384)
def value_test(leaf: Leaf, field: str) -> ValueTest:
    """The leaf's question for one element of the field, compiled. Only for leaves that do not ask for `now`."""
    return _build(leaf, field, None)


def _build(leaf: Leaf, field: str, now: datetime | None) -> ValueTest:
    if leaf.op is Op.EXISTS:
        return comparisons.always
    kind = field_type(field)
    fold = leaf.fold or is_caseless(field)
    if leaf.op in RANGES:
        return comparisons.range_test(leaf.op, leaf.values[0], kind, now)
    if leaf.op is Op.CIDR:
        return comparisons.network_test([text_of(value) for value in leaf.values])
    if leaf.op is Op.REGEX:
        return comparisons.regex_test([text_of(value) for value in leaf.values], kind, fold)
    if leaf.whole and kind in TEXT_TYPES:
        kind = FieldType.KEYWORD
    if leaf.op is Op.WILDCARD:
        return comparisons.wildcard_test([text_of(value) for value in leaf.values], kind, fold)
    return comparisons.equality_test(leaf.values, kind, fold, leaf.op is Op.PHRASE, now)


def pin_dates(tree: Tree, now: datetime) -> Tree:
    """The tree with `now` in its dates fixed to an instant: for searches, where it means the time of asking."""
    match tree:
        case And(children):
            return And(tuple(pin_dates(child, now) for child in children))
        case Or(children):
            return Or(tuple(pin_dates(child, now) for child in children))
        case Not(child):
            return Not(pin_dates(child, now))
        case Nested(path, child):
            return Nested(path, pin_dates(child, now))
        case Leaf() if not tree.wild_field and asks_now(tree, tree.field):
            return comparisons.pinned(tree, now)
    return tree


@lru_cache(maxsize=1_024)
def _name_test(pattern: str) -> Callable[[str], bool]:
    return pattern_test(parse_pattern(pattern))
