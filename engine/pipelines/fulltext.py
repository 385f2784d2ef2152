"""What a pipeline asks of the event itself and not of a column: KQL(), QSTR(), MATCH(), MATCH_PHRASE() and `:`.

Each of them is a tree over the event, judged as everywhere else (engine/leaves.py). So it is true or false and never
null, any value of a field with several may meet it, and a field that the event lacks meets nothing.
Source: Elasticsearch's ES|QL reference, search functions; query DSL reference, match and query_string.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn

from engine.errors import LanguageError, PatternError
from engine.languages.esql.nodes import Call, Cast, Expression, Literal, Match, Name, Place
from engine.languages.kql import parse_kql
from engine.languages.lucene import parse_lucene
from engine.pipelines.refusing import arguments, error_at
from engine.pipelines.words import MatchOptions, WordsError, match_tree
from engine.tree import And, Formula, Leaf, Nested, Not, Op, Or, Tree
from engine.tree import Call as OperandCall

FULLTEXT = frozenset({"kql", "qstr", "match", "match_phrase"})
"""The functions that are judged on the event."""

_OF_FIELD = frozenset({"match", "match_phrase"})
_WITHOUT_EFFECT = frozenset({"boost", "fuzzy_rewrite", "auto_generate_synonyms_phrase_query", "lenient"})
"""Options that decide about scores, synonyms or errors, which there are none of here."""

_Options = Mapping[str, int | float | str | bool]


def is_fulltext(node: Expression) -> bool:
    """Whether an expression is asked of the event itself."""
    return isinstance(node, Match) or (isinstance(node, Call) and node.name in FULLTEXT)


def on_fields(node: Call | Match, field: Callable[[Name], str | None]) -> Call | Match | None:
    """The question with the names that events have for its fields; `field` says which, None when a column is none.

    None when one of its columns is none. KQL() and QSTR() name fields of the event themselves.
    """
    if isinstance(node, Match):
        asked = _renamed(node.operand, field)
        return None if asked is None else replace(node, operand=asked)
    if node.name not in _OF_FIELD or not node.arguments:
        return node
    asked = _renamed(node.arguments[0], field)
    return None if asked is None else replace(node, arguments=(asked, *node.arguments[1:]))


def _renamed(node: Expression, field: Callable[[Name], str | None]) -> Expression | None:
    if isinstance(node, Cast):
        inner = _renamed(node.operand, field)
        return None if inner is None else replace(node, operand=inner)
    if not isinstance(node, Name):
        return node
    name = field(node)
    return None if name is None else replace(node, name=name)


def fulltext_tree(text: str, node: Call | Match) -> Tree:
    """The question that such an expression asks of the event; `text` is the query that it stands in.

    Raises: LanguageError with the place in `text`.
    """
    try:
        return _tree(text, node)
    except (PatternError, WordsError) as error:
        raise error_at(text, node.place, str(error)) from error


def _tree(text: str, node: Call | Match) -> Tree:
    if isinstance(node, Match):
        return match_tree(_field(text, node.operand), _value(text, node.query), MatchOptions())
    known, least, most = _KNOWN[node.name]
    if not least <= len(node.arguments) <= most:
        _refuse(text, node.place, f"{node.name}() takes {arguments(least, least)}, not {len(node.arguments)}")
    options = dict(node.options)
    for name in options:
        if name not in known and name not in _WITHOUT_EFFECT:
            hint = f"It has {', '.join(sorted(known | _WITHOUT_EFFECT))}."
            _refuse(text, node.place, f"{node.name}() has no option {name[:60]}", hint)
    return _MADE[node.name](text, node, options)


def _kql(text: str, node: Call, options: _Options) -> Tree:
    query = _query(text, node.arguments[0])
    _only(text, node, options, "default_field", "*")
    _only(text, node, options, "time_zone", "UTC", "Z")
    tree = _within(text, node.arguments[0], parse_kql, query)
    return caseless(tree) if _flag(text, node, options, "case_insensitive", False) else tree


def _qstr(text: str, node: Call, options: _Options) -> Tree:
    query = _query(text, node.arguments[0])
    _only(text, node, options, "time_zone", "UTC", "Z")
    _only(text, node, options, "analyzer", "standard")
    every = _choice(text, node, options, "default_operator", ("or", "and")) == "and"
    default = options.get("default_field", "*")
    return _within(text, node.arguments[0], lambda asked: parse_lucene(asked, field=str(default), every=every), query)


def _match(text: str, node: Call, options: _Options) -> Tree:
    _only(text, node, options, "analyzer", "standard")
    chosen = MatchOptions(
        every=_choice(text, node, options, "operator", ("or", "and")) == "and",
        least=options.get("minimum_should_match"),
        fuzziness=options.get("fuzziness"),
        prefix=_count(text, node, options, "prefix_length"),
        swaps=_flag(text, node, options, "fuzzy_transpositions", True),
        wordless=_choice(text, node, options, "zero_terms_query", ("none", "all")) == "all",
    )
    return match_tree(_field(text, node.arguments[0]), _value(text, node.arguments[1]), chosen)


def _match_phrase(text: str, node: Call, options: _Options) -> Tree:
    _only(text, node, options, "analyzer", "standard")
    _only(text, node, options, "slop", "0")
    wordless = _choice(text, node, options, "zero_terms_query", ("none", "all")) == "all"
    chosen = MatchOptions(phrase=True, wordless=wordless)
    return match_tree(_field(text, node.arguments[0]), _value(text, node.arguments[1]), chosen)


_MADE: Mapping[str, Callable[[str, Call, _Options], Tree]] = {
    "kql": _kql,
    "qstr": _qstr,
    "match": _match,
    "match_phrase": _match_phrase,
}
_KNOWN: Mapping[str, tuple[frozenset[str], int, int]] = {
    "kql": (frozenset({"case_insensitive", "default_field", "time_zone"}), 1, 1),
    "qstr": (frozenset({"default_field", "default_operator", "time_zone", "analyzer", "analyze_wildcard"}), 1, 1),
    "match": (
        frozenset({"analyzer", "fuzziness", "fuzzy_transpositions", "max_expansions", "minimum_should_match"})
        | {"operator", "prefix_length", "zero_terms_query"},
        2,
        2,
    ),
    "match_phrase": (frozenset({"analyzer", "slop", "zero_terms_query"}), 2, 2),
}
"""For each function the options that it has, and how many arguments it takes."""


def caseless(tree: Tree) -> Tree:
    """The tree with every comparison made without regard to case."""
    match tree:
        case And(children):
            return And(tuple(map(caseless, children)))
        case Or(children):
            return Or(tuple(map(caseless, children)))
        case Not(child):
            return Not(caseless(child))
        case Nested(path, child):
            return Nested(path, caseless(child))
        case Leaf(field, op, values, _, wild_field, whole) if op in (Op.IS, Op.PHRASE, Op.WILDCARD, Op.REGEX):
            return Leaf(field, op, values, True, wild_field, whole)
        case Formula(OperandCall(function, arguments, _)):
            return Formula(OperandCall(function, arguments, True))
    return tree


def _field(text: str, node: Expression) -> str:
    """The field that is asked. A cast beside it says what the field holds already, or cannot be had."""
    named = node.operand if isinstance(node, Cast) else node
    if not isinstance(named, Name):
        _refuse(text, node.place, "this asks the event itself, so a field must stand here", "Such as message.")
    return named.name


def _query(text: str, node: Expression) -> str:
    value = _value(text, node)
    if not isinstance(value, str):
        _refuse(text, node.place, "a query is a text between quotes")
    return value


def _value(text: str, node: Expression) -> int | float | str | bool:
    if not isinstance(node, Literal) or isinstance(node.value, tuple) or node.value is None:
        _refuse(text, node.place, "one text, number or truth value must stand here as it is")
    return node.value


def _only(text: str, node: Call, options: _Options, name: str, *allowed: str) -> None:
    if name in options and str(options[name]) not in allowed:
        _refuse(text, node.place, f"the option {name} can only be {allowed[0]} here")


def _choice(text: str, node: Call, options: _Options, name: str, allowed: tuple[str, str]) -> str:
    chosen = str(options.get(name, allowed[0])).lower()
    if chosen not in allowed:
        _refuse(text, node.place, f"the option {name} is {allowed[0]} or {allowed[1]}")
    return chosen


def _flag(text: str, node: Call, options: _Options, name: str, default: bool) -> bool:
    chosen = str(options.get(name, default)).lower()
    if chosen not in ("true", "false"):
        _refuse(text, node.place, f"the option {name} is true or false")
    return chosen == "true"


def _count(text: str, node: Call, options: _Options, name: str) -> int:
    chosen = str(options.get(name, 0))
    if not chosen.isdecimal() or len(chosen) > 4:
        _refuse(text, node.place, f"the option {name} is a small whole number")
    return int(chosen)


def _within(text: str, node: Expression, parse: Callable[[str], Tree], query: str) -> Tree:
    """The tree of a query in another language, with the place of what is wrong in it told as one in `text`."""
    try:
        return parse(query)
    except LanguageError as error:
        start, width = _place_inside(text, node.place, query, error)
        raise LanguageError.at(text, start, width, error.message, error.hint) from error


def _place_inside(text: str, place: Place, query: str, error: LanguageError) -> tuple[int, int]:
    """Where it is wrong; the whole text between quotes where that is not written as it is read."""
    written = text[place.start : place.end]
    quotes = 3 if written.startswith('"""') else 1
    if written[quotes:-quotes] != query:
        return place.start, place.end - place.start
    lines = query.split("\n")
    before = sum(len(line) + 1 for line in lines[: error.line - 1])
    return place.start + quotes + before + error.column - 1, error.width


def _refuse(text: str, place: Place, message: str, hint: str | None = None) -> NoReturn:
    raise error_at(text, place, message, hint)
