"""Trees and events for property tests: few fields and values, so that they meet, and all the odd ones."""

import json
from typing import Any

from hypothesis import strategies as st

from engine.matcher import Bounds
from engine.tree import (
    RANGES,
    And,
    Call,
    Constant,
    FieldValue,
    Formula,
    Leaf,
    MatchAll,
    MatchNone,
    Nested,
    Not,
    Op,
    Or,
)
from tests.engine.texts import TEXTS as ORDINARY

FIELDS = [
    "event.category",
    "event.action",
    "event.risk_score",
    "event",
    "host.os.type",
    "user.name",
    "source.ip",
    "process.name",
    "process.name.caseless",
    "process.command_line",
    "process.command_line.text",
    "process.args",
    "process.parent.name",
    "process.hash.md5",
    "destination.port",
    "message",
    "@timestamp",
    "acme",
    "acme.x",
    "acme.list.y",
    "acme.deep.er",
    "process.code_signature.trusted",
]
TEXTS = [*ORDINARY, "C:\\Windows\\System32\\cmd.exe", "abcdefgh", "a\nb", "𝒳y", '"q".x":']
PATTERNS = [
    *("a*", "*b", "*", "a?*", "A*b", "?", "??", "10.*", r"\*", r"a\*b", "É*", "x*", "k*", "\x00*", "now*", "*c"),
    *("?:\\\\Windows\\\\*\\\\cmd.exe", "*abcd*efgh*", "abcd*efgh", "*a*b*", "*system32*", "?y", "a?b", "*?*", "***"),
]
REGEXES = ["a.*", "[ab]+", "(a|É).?", "", "1[.0-9]*", "x{600}", "k", "[^a]"]

texts = st.sampled_from(TEXTS)
large = st.sampled_from([2**53 + 1, 2**63, 2**64 - 1, -(2**63)])
scalars = st.one_of(texts, st.booleans(), st.integers(-1, 3), st.sampled_from([1.0, 0.5, 1763600000000]), large)
values = st.one_of(scalars, st.none(), st.lists(st.one_of(scalars, st.none()), max_size=4), texts, texts)
fields = st.sampled_from(FIELDS)
several_texts = st.lists(texts, min_size=1, max_size=3).map(tuple)
several_patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3).map(tuple)
networks = st.lists(st.sampled_from(["10.0.0.0/8", "fe80::/10", "1.2.3.4/32"]), min_size=1, max_size=2).map(tuple)
operands = st.recursive(
    st.one_of(st.builds(FieldValue, fields), st.builds(Constant, st.one_of(texts, st.integers(0, 2), st.none()))),
    lambda inner: st.one_of(
        st.builds(Call, st.sampled_from(["length", "string", "isnull", "not"]), st.tuples(inner), st.booleans()),
        st.builds(Call, st.sampled_from(["eq", "add", "startswith", "concat"]), st.tuples(inner, inner), st.booleans()),
    ),
    max_leaves=3,
)
formulas = st.builds(
    lambda function, left, right, fold: Formula(Call(function, (left, right), fold)),
    st.sampled_from(["eq", "neq", "gt", "lte", "endswith", "stringcontains"]),
    operands,
    operands,
    st.booleans(),
)
leaves = st.one_of(
    st.builds(Leaf, fields, st.sampled_from([Op.IS, Op.PHRASE]), several_texts, st.booleans(), whole=st.booleans()),
    st.builds(Leaf, fields, st.just(Op.WILDCARD), several_patterns, st.booleans(), whole=st.booleans()),
    st.builds(Leaf, fields, st.sampled_from(sorted(RANGES)), st.tuples(texts)),
    st.builds(Leaf, fields, st.just(Op.EXISTS)),
    st.builds(Leaf, fields, st.just(Op.REGEX), st.tuples(st.sampled_from(REGEXES)), st.booleans()),
    st.builds(Leaf, fields, st.just(Op.CIDR), networks),
    st.builds(
        Leaf,
        st.sampled_from(["*", "event.*", "*.name", "acme*", "acme.*", "process.hash.*", "acme.list.*"]),
        st.sampled_from([Op.IS, Op.WILDCARD, Op.EXISTS]),
        st.tuples(texts),
        st.booleans(),
        st.just(True),
    ),
    st.sampled_from([MatchAll(), MatchNone()]),
    formulas,
)


def _compound(children: Any) -> Any:
    several = st.lists(children, min_size=1, max_size=5).map(tuple)
    return st.one_of(
        st.builds(And, several),
        st.builds(Or, several),
        st.builds(Not, children),
        st.builds(Nested, st.sampled_from(["acme", "acme.list", "event", "process.hash"]), children),
    )


trees = st.recursive(leaves, _compound, max_leaves=16)
flat_events = st.dictionaries(st.sampled_from([*FIELDS, "event.ingested", "acme.deep.unasked"]), values, max_size=9)
elements = st.one_of(st.none(), st.lists(st.dictionaries(st.sampled_from(["x", "y"]), values, max_size=2), max_size=3))


def nested(flat: dict[str, Any], inside: Any) -> dict[str, Any]:
    """The event with every key one part of a name, as the store has it; of names that contradict the first stays."""
    event: dict[str, Any] = {}
    for name, value in flat.items():
        *outer, last = name.split(".")
        node: Any = event
        for part in outer:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node.setdefault(last, value)
    if inside is not None and isinstance(event.setdefault("acme", {}), dict):
        event["acme"]["list"] = inside
    return event


def half_dotted(flat: dict[str, Any], inside: Any) -> dict[str, Any]:
    """The event with some keys dotted, as agents may send it."""
    event: dict[str, Any] = {}
    for number, (field, value) in enumerate(flat.items()):
        top, dot, rest = field.partition(".")
        if dot and number % 3 and isinstance(event.get(top, {}), dict):
            event.setdefault(top, {})[rest] = value
        else:
            event.setdefault(field, value)
    if inside is not None and isinstance(event.setdefault("acme", {}), dict):
        event["acme"]["list"] = inside
    return event


def spread(event: Any) -> Any:
    """The event with every object made an array of one object: the same to a rule, but not to typed decoding."""
    if isinstance(event, dict):
        return {key: [spread(value)] if isinstance(value, dict) else value for key, value in event.items()}
    return event


def line(event: Any) -> bytes:
    return json.dumps(event).encode()


nested_events = st.builds(nested, flat_events, elements)
dotted_events = st.builds(half_dotted, flat_events, elements)
TINY = Bounds(
    alternatives=3,
    signatures=4,
    groups=3,
    indices=2,
    compiled=3,
    warm_after=1,
    recompiled=2,
    longest_value=20,
    longest_array=2,
    entries=2,
    memory=3_000,
)
EAGER = Bounds(warm_after=1, recompiled=2)
