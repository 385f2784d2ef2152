"""The filters that a rule may carry beside its query, as Kibana saves them, compiled into a tree.

A filter is a piece of Elasticsearch query DSL with a `meta` table that may negate or disable it. All filters of a
rule must hold. Values mean what they mean everywhere in the engine; only the DSL's own rules are here.
Source: Elasticsearch reference, "Query DSL" (term-level, full-text and bool queries); Kibana's saved filters.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NoReturn

from engine.errors import EngineError, PatternError
from engine.patterns import escape, parse_pattern, pattern_test
from engine.tree import Leaf, MatchAll, MatchNone, Nested, Op, Scalar, Tree, all_of, any_of, negated

MAX_DEPTH = 20
MAX_VALUES = 10_000
MAX_ALTERNATIVES = 200
_NOISE = frozenset({"boost", "_name", "meta", "$state"})
_RANGE_OPS = {"gt": Op.GT, "gte": Op.GTE, "lt": Op.LT, "lte": Op.LTE}
_RANGE_NOISE = frozenset({"boost", "format", "relation", "time_zone"})
_UTC_NAMES = frozenset({"UTC", "Z", "+00:00", "Zulu"})


class FilterError(EngineError):
    """A filter that cannot be read: `index` is its place in the rule's list, `key` the part of it that is wrong."""

    def __init__(self, index: int, key: str, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.key = key
        self.message = message


def parse_filters(filters: Sequence[Mapping[str, Any]]) -> Tree:
    """One tree for all filters of a rule; true of every event when there are none.

    Raises: FilterError.
    """
    return all_of(*(_Filter(at).parse(data) for at, data in enumerate(filters)))


class _Filter:
    """The reading of one filter: remembers where it stands, so that an error can say so."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.values_left = MAX_VALUES

    def fail(self, key: str, message: str) -> NoReturn:
        raise FilterError(self.index, key, message)

    def parse(self, data: object, depth: int = 0) -> Tree:
        """A saved filter: its query or, for combined ones, its members; negated or disabled as its meta says."""
        whole = self.table("", data)
        meta = self.table("meta", whole.get("meta") or {})
        if meta.get("disabled") is True:
            return MatchAll()
        if meta.get("type") == "combined" and isinstance(meta.get("params"), list):
            tree = self.combined(meta, depth)
        else:
            tree = self.clause(whole.get("query") or self.legacy(whole), depth)
        return negated(tree) if meta.get("negate") is True else tree

    def legacy(self, whole: Mapping[str, Any]) -> Mapping[str, Any]:
        """The form of older Kibanas, where the clause stands beside `meta` instead of under `query`."""
        clause = {key: value for key, value in whole.items() if key not in _NOISE and key != "query"}
        if not clause:
            self.fail("query", "is missing; a filter needs a query such as exists, match_phrase or wildcard")
        return clause

    def combined(self, meta: Mapping[str, Any], depth: int) -> Tree:
        self.check_depth(depth)
        members = [self.parse(member, depth + 1) for member in self.clauses("meta.params", meta["params"])]
        return any_of(*members) if str(meta.get("relation", "AND")).upper() == "OR" else all_of(*members)

    def clause(self, data: object, depth: int) -> Tree:
        """One clause of query DSL: a table whose only key says what kind it is."""
        self.check_depth(depth)
        kinds = {key: value for key, value in self.table("query", data).items() if key not in _NOISE}
        if len(kinds) != 1:
            self.fail("query", f"must hold one clause, not {len(kinds)}; join several with bool")
        kind, body = next(iter(kinds.items()))
        if kind in ("query", "constant_score"):
            return self.clause(body.get("filter", body) if isinstance(body, dict) else body, depth + 1)
        if kind in ("bool", "nested"):
            return (self.boolean if kind == "bool" else self.nested)(self.table(kind, body), depth + 1)
        reader = _LEAVES.get(kind)
        if reader is None:
            self.fail(
                kind, f"is not a filter that can be evaluated; known are {', '.join([*_LEAVES, 'bool', 'nested'])}"
            )
        return reader(self, self.table(kind, body))

    def boolean(self, body: Mapping[str, Any], depth: int) -> Tree:
        """must and filter hold, must_not does not, and of should at least the given number."""
        parts = {
            key: [self.clause(item, depth) for item in self.clauses(f"bool.{key}", body[key])]
            for key in ("must", "filter", "should", "must_not")
            if key in body
        }
        required = parts.get("must", []) + parts.get("filter", [])
        default = 0 if required else 1
        should = self.at_least(body.get("minimum_should_match", default), parts.get("should", []))
        return all_of(*required, should, *(negated(tree) for tree in parts.get("must_not", [])))

    def at_least(self, wanted: object, trees: list[Tree]) -> Tree:
        if isinstance(wanted, str) and wanted.isdecimal() and len(wanted) < 4:
            wanted = int(wanted)
        if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 0:
            self.fail("bool.minimum_should_match", "must be a whole number")
        if not trees or wanted == 0:
            return MatchAll()
        if wanted == 1:
            return any_of(*trees)
        if wanted > len(trees):
            return MatchNone()
        if wanted < len(trees) and len(trees) > 8:
            self.fail("bool.minimum_should_match", "with more than eight clauses must be 1 or the number of clauses")
        return any_of(*(all_of(*chosen) for chosen in combinations(trees, wanted)))

    def nested(self, body: Mapping[str, Any], depth: int) -> Tree:
        return Nested(self.name("nested.path", body.get("path")), self.clause(body.get("query"), depth))

    def exists(self, body: Mapping[str, Any]) -> Tree:
        return Leaf(self.name("exists.field", body.get("field")), Op.EXISTS)

    def match_phrase(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("match_phrase", body, "query")
        return Leaf(field, Op.PHRASE, (self.scalar("match_phrase", options.get("query")),))

    def match(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("match", body, "query")
        if str(options.get("operator", "or")).lower() != "or":
            self.fail("match.operator", "may only be or; use match_phrase, or one match clause for each word")
        operator = Op.PHRASE if options.get("type") == "phrase" else Op.IS
        return Leaf(field, operator, (self.scalar("match", options.get("query")),))

    def term(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("term", body, "value")
        return Leaf(field, Op.IS, (self.scalar("term", options.get("value")),), fold=self.folds("term", options))

    def terms(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("terms", body, "values")
        values = options.get("values")
        if not isinstance(values, list):
            self.fail("terms", "must hold a list of values")
        found = tuple(self.scalar("terms", value) for value in values)
        return Leaf(field, Op.IS, found) if found else MatchNone()

    def wildcard(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("wildcard", body, "value")
        pattern = self.pattern("wildcard", options.get("value", options.get("wildcard")))
        return Leaf(field, Op.WILDCARD, (pattern,), fold=self.folds("wildcard", options))

    def prefix(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("prefix", body, "value")
        pattern = self.pattern("prefix", escape(str(self.scalar("prefix", options.get("value")))) + "*")
        return Leaf(field, Op.WILDCARD, (pattern,), fold=self.folds("prefix", options))

    def bounds(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("range", body, "gte")
        if str(options.get("time_zone", "UTC")) not in _UTC_NAMES:
            self.fail("range.time_zone", "may only be UTC; write the bounds in UTC")
        bounds = {key: value for key, value in options.items() if key not in _RANGE_NOISE and value is not None}
        unknown = [key for key in bounds if key not in _RANGE_OPS]
        if unknown or not bounds:
            self.fail("range", "must hold bounds out of gt, gte, lt and lte")
        return all_of(*(Leaf(field, _RANGE_OPS[key], (self.scalar("range", bounds[key]),)) for key in bounds))

    def match_all(self, _body: Mapping[str, Any]) -> Tree:
        return MatchAll()

    def match_none(self, _body: Mapping[str, Any]) -> Tree:
        return MatchNone()

    def field(self, kind: str, body: Mapping[str, Any], short: str) -> tuple[str, Mapping[str, Any]]:
        """The one field a clause is about and its options; the short form has the value in their place."""
        fields = {key: value for key, value in body.items() if key not in _NOISE}
        if len(fields) != 1:
            self.fail(kind, f"must name one field, not {len(fields)}")
        name, options = next(iter(fields.items()))
        return self.name(kind, name), options if isinstance(options, dict) else {short: options}

    def name(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > 256:
            self.fail(key, "must be the name of a field")
        return value

    def scalar(self, key: str, value: object) -> Scalar:
        self.values_left -= 1
        if self.values_left < 0:
            self.fail(key, f"holds more than {MAX_VALUES:,} values")
        if not isinstance(value, str | int | float | bool):
            self.fail(key, "must hold a text, a number, true or false")
        return value

    def pattern(self, key: str, value: object) -> str:
        pattern = str(self.scalar(key, value))
        try:
            pattern_test(parse_pattern(pattern))
        except PatternError as error:
            self.fail(key, str(error))
        return pattern

    def folds(self, kind: str, options: Mapping[str, Any]) -> bool:
        value = options.get("case_insensitive", False)
        if isinstance(value, bool):
            return value
        return self.fail(f"{kind}.case_insensitive", "must be true or false")

    def table(self, key: str, value: object) -> Mapping[str, Any]:
        return value if isinstance(value, dict) else self.fail(key, "must be a table")

    def clauses(self, key: str, value: object) -> list[Any]:
        items = value if isinstance(value, list) else [value]
        if len(items) > MAX_ALTERNATIVES:
            self.fail(key, f"holds more than {MAX_ALTERNATIVES} clauses")
        return items

    def check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.fail("query", "is nested too deeply")


_LEAVES: dict[str, Callable[[_Filter, Mapping[str, Any]], Tree]] = {
    "exists": _Filter.exists,
    "match_phrase": _Filter.match_phrase,
    "phrase": _Filter.match_phrase,
    "match": _Filter.match,
    "term": _Filter.term,
    "terms": _Filter.terms,
    "wildcard": _Filter.wildcard,
    "prefix": _Filter.prefix,
    "range": _Filter.bounds,
    "match_all": _Filter.match_all,
    "match_none": _Filter.match_none,
}
"""The kinds of clause without others inside, by the word that the DSL uses for them."""
