"""The filters that a rule may carry beside its query, as Kibana saves them, compiled into a tree.

A filter is a piece of Elasticsearch query DSL with a `meta` table that may negate or disable it. All filters of a
rule must hold. Values mean what they mean everywhere in the engine; only the DSL's own rules are here.
Source: Elasticsearch reference, "Query DSL" (term-level, full-text and bool queries); Kibana's saved filters.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NoReturn

from engine.errors import EngineError, PatternError
from engine.fields import TEXT_TYPES, field_type, name_problem
from engine.lucene_regex import regex_test
from engine.patterns import escape, parse_pattern, pattern_test
from engine.text import words_of_value
from engine.tree import Leaf, MatchAll, MatchNone, Nested, Op, Scalar, Tree, all_of, any_of, negated

MAX_DEPTH = 20
MAX_VALUES = 10_000
MAX_ALTERNATIVES = 200
_NOISE = frozenset({"boost", "_name", "meta", "$state"})
_RANGE_OPS = {"gt": Op.GT, "gte": Op.GTE, "lt": Op.LT, "lte": Op.LTE}
_RANGE_NOISE = frozenset({"boost", "format", "relation", "time_zone"})
_OLDER_BOUNDS = {"from": ("gte", "gt", "include_lower"), "to": ("lte", "lt", "include_upper")}
_INEXACT = ("fuzziness", "minimum_should_match", "cutoff_frequency")
_LUCENE = frozenset({"query_string", "simple_query_string"})
_OPTIONAL_SIGNS = frozenset("~&<>@#")
MAX_ANY_FIELD = 50
_UTC_NAMES = frozenset({"UTC", "Z", "+00:00", "Zulu"})


class FilterError(EngineError):
    """A filter that cannot be read: `index` is its place in the rule's list, `key` the part of it that is wrong.

    `unsupported` says that nothing is wrong with it: it asks for something that is not evaluated, as `message` says in
    a sentence of its own.
    """

    def __init__(self, index: int, key: str, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.index = index
        self.key = key
        self.message = message
        self.unsupported = unsupported


def parse_filters(filters: Sequence[Mapping[str, Any]]) -> Tree:
    """One tree for all filters of a rule; true of every event when there are none.

    Raises: FilterError.
    """
    return all_of(*(_Filter(at).parse(data) for at, data in enumerate(filters)))


def reason_unsupported(filters: object) -> str | None:
    """Why these filters are not evaluated, though nothing is wrong with them; None when they are or cannot be read."""
    try:
        parse_filters(filters if isinstance(filters, list) else [])
    except FilterError as error:
        return error.message if error.unsupported else None
    return None


class _Filter:
    """The reading of one filter: remembers where it stands, so that an error can say so."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.values_left = MAX_VALUES
        self.any_field_left = MAX_ANY_FIELD

    def fail(self, key: str, message: str) -> NoReturn:
        raise FilterError(self.index, key, message)

    def leave(self, key: str, what: str) -> NoReturn:
        """Say that the filter asks for something that is not evaluated."""
        raise FilterError(self.index, key, f"Filters {what} are not evaluated", unsupported=True)

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
        if kind in _LUCENE:
            self.leave(kind, f"in Lucene's query syntax ({kind})")
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
        required, optional = parts.get("must", []) + parts.get("filter", []), parts.get("should", [])
        least = 0 if required else 1  # Source: Lucene's BooleanQuery: without anything required one clause has to match
        wanted = self.wanted(body.get("minimum_should_match", least), len(optional))
        should = self.at_least(max(wanted, least), optional)
        return all_of(*required, should, *(negated(tree) for tree in parts.get("must_not", [])))

    def wanted(self, given: object, number: int) -> int:
        """How many of a number of clauses have to hold: so many, all but so many, or a share of them rounded down.

        Source: Elasticsearch reference, "minimum_should_match parameter".
        """
        text = str(given).strip()
        sign, amount = ("-", text[1:]) if text.startswith("-") else ("", text)
        if isinstance(given, bool) or not amount.removesuffix("%").isdecimal() or len(amount) > 4:
            self.fail("bool.minimum_should_match", "must be a whole number such as 2 or -1, or a share such as 75%")
        share = amount.endswith("%")
        count = number * int(amount[:-1]) // 100 if share else int(amount)
        return max(number - count, 0) if sign else count

    def at_least(self, wanted: int, trees: list[Tree]) -> Tree:
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
        value = self.scalar("match", options.get("query"))
        if options.get("type") == "phrase":
            return Leaf(field, Op.PHRASE, (value,))
        return self.words("match", Leaf(field, Op.IS, (value,)), options)

    def words(self, kind: str, leaf: Leaf, options: Mapping[str, Any]) -> Tree:
        """Any of the words of a value on tokenised text, or all of them; elsewhere the value is one word."""
        for option in _INEXACT:
            if option in options:
                self.leave(f"{kind}.{option}", f"that match loosely ({option})")
        operator = str(options.get("operator", "or")).lower()
        if operator not in ("or", "and"):
            self.fail(f"{kind}.operator", "must be or or and")
        if operator == "or" or field_type(leaf.field) not in TEXT_TYPES:
            return leaf
        words = words_of_value(leaf.values[0] if isinstance(leaf.values[0], str) else "")
        return all_of(*(Leaf(leaf.field, Op.IS, (word,)) for word in dict.fromkeys(words))) if words else MatchNone()

    def multi_match(self, body: Mapping[str, Any]) -> Tree:
        """The value, or its words, in any one of several fields; without a list in any field at all."""
        value, kind = self.scalar("multi_match.query", body.get("query")), body.get("type", "best_fields")
        if kind not in ("phrase", "best_fields", "most_fields"):
            self.leave("multi_match.type", "that look for words across fields or for their beginnings (multi_match)")
        trees = [self.one_of_many(name, value, kind, body) for name in self.names(body.get("fields", ["*"]))]
        return any_of(*trees)

    def one_of_many(self, name: str, value: Scalar, kind: str, body: Mapping[str, Any]) -> Tree:
        wild = "*" in name
        self.any_field_left -= wild
        if self.any_field_left < 0:
            self.fail("multi_match.fields", f"may hold at most {MAX_ANY_FIELD} names with a wildcard")
        if kind == "phrase":
            return Leaf(name, Op.PHRASE, (value,), wild_field=wild)
        if wild and str(body.get("operator", "or")).lower() == "and":
            self.leave("multi_match.operator", "that ask for all words in fields named by a wildcard")
        return self.words("multi_match", Leaf(name, Op.IS, (value,), wild_field=wild), body)

    def names(self, fields: object) -> list[str]:
        """The names of a list of fields; what each weighs for the order of results (`name^3`) says nothing here."""
        names = [self.name("multi_match.fields", field) for field in self.clauses("multi_match.fields", fields)]
        return list(dict.fromkeys(name.partition("^")[0] for name in names))

    def ids(self, body: Mapping[str, Any]) -> Tree:
        values = self.clauses("ids.values", body.get("values", []))
        found = tuple(self.scalar("ids.values", value) for value in values)
        return Leaf("_id", Op.IS, found) if found else MatchNone()

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

    def regexp(self, body: Mapping[str, Any]) -> Tree:
        """A regular expression over the whole value."""
        field, options = self.field("regexp", body, "value")
        expression = str(self.scalar("regexp", options.get("value")))
        if field_type(field) in TEXT_TYPES:
            self.leave("regexp", "with a regular expression over single words of a text")
        if options.get("flags", "ALL") != "ALL" and not _OPTIONAL_SIGNS.isdisjoint(expression):
            self.leave("regexp.flags", "with a regular expression that turns some of its signs off (flags)")
        fold = self.folds("regexp", options)
        try:
            regex_test(expression, fold)
        except PatternError as error:
            self.fail("regexp", str(error))
        return Leaf(field, Op.REGEX, (expression,), fold=fold)

    def bounds(self, body: Mapping[str, Any]) -> Tree:
        field, options = self.field("range", body, "gte")
        if str(options.get("time_zone", "UTC")) not in _UTC_NAMES:
            self.fail("range.time_zone", "may only be UTC; write the bounds in UTC")
        given = {key: value for key, value in options.items() if key not in _RANGE_NOISE and value is not None}
        bounds = self.without_older_bounds(given)
        unknown = [key for key in bounds if key not in _RANGE_OPS]
        if unknown or not bounds:
            self.fail("range", "must hold bounds out of gt, gte, lt and lte")
        return all_of(*(Leaf(field, _RANGE_OPS[key], (self.scalar("range", bounds[key]),)) for key in bounds))

    def without_older_bounds(self, bounds: dict[str, Any]) -> dict[str, Any]:
        """Bounds as they are written today: `from` and `to` are included unless the filter says otherwise."""
        for key, (included, excluded, option) in _OLDER_BOUNDS.items():
            includes = bounds.pop(option, True)
            if not isinstance(includes, bool):
                self.fail(f"range.{option}", "must be true or false")
            if key in bounds:
                bounds[included if includes else excluded] = bounds.pop(key)
        return bounds

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
        if problem := name_problem(value):
            self.fail(key, problem)
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
    "multi_match": _Filter.multi_match,
    "term": _Filter.term,
    "terms": _Filter.terms,
    "wildcard": _Filter.wildcard,
    "prefix": _Filter.prefix,
    "regexp": _Filter.regexp,
    "range": _Filter.bounds,
    "ids": _Filter.ids,
    "match_all": _Filter.match_all,
    "match_none": _Filter.match_none,
}
"""The kinds of clause without others inside, by the word that the DSL uses for them."""
