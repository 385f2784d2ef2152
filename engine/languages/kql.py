"""KQL, the query language of most rules and of our search boxes, compiled to a tree.

    query  = item { (and | or) item }          `not` binds closer than `and`, `and` closer than `or`
    item   = [not] ( "(" query ")" | field ":" "{" query "}" | field ":" values | field range value | value )
    values = [not] ( value | "(" values { (and | or) values } ")" )

A value without a field asks every field. `*` alone asks whether the field exists; `?` is an ordinary character.
Quoted values never hold wildcards. The words and escapes are in kql_lexer.py, what a leaf means in engine/leaves.py.
Source: Kibana documentation, "Kibana Query Language"; differences are listed in docs/languages/kql.md.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from engine.comparisons import range_problem
from engine.errors import LanguageError, PatternError
from engine.fields import field_type, name_problem
from engine.languages import kql_errors
from engine.languages.kql_lexer import Kind, Token, read_tokens
from engine.patterns import MAX_PATTERN_LENGTH, Wild, parse_pattern
from engine.tree import Leaf, MatchAll, Nested, Op, Tree, all_of, depth_of, merged_or, negated

MAX_LENGTH = 100_000
MAX_BRACKETS = 100
MAX_DEPTH = 100
# Each is asked of every field of every event, some hundred times what another value costs.
MAX_ANY_FIELD = 50

_RANGES = {"<": Op.LT, "<=": Op.LTE, ">": Op.GT, ">=": Op.GTE}
_MERGED = frozenset({Op.IS, Op.PHRASE, Op.WILDCARD})
_CLOSING = {Kind.OPEN: Kind.CLOSE, Kind.OPEN_BRACE: Kind.CLOSE_BRACE}


def parse_kql(text: str) -> Tree:
    """The tree of a query; an empty query is true of every event. Costs some ten microseconds a value.

    Raises: LanguageError with the place, also for a query that is too long or nested too deeply.
    """
    if len(text) > MAX_LENGTH:
        raise LanguageError(f"a query may have at most {MAX_LENGTH:,} characters", 1, 1)
    tree = _Parser(text).parse()
    if depth_of(tree) > MAX_DEPTH:
        raise LanguageError.at(text, 0, 1, f"the query has more than {MAX_DEPTH} levels of conditions in one another")
    return tree


class _Parser:
    """A reader with one token of look-ahead. `path` is the field of the `{ }` around the place being read,
    `lists` counts the value lists around it, `any_field` the values so far that are asked of more than one field."""

    def __init__(self, text: str) -> None:
        self.any_field = 0
        self.source = text
        self.tokens = read_tokens(text)
        self.at = 0
        self.brackets = 0
        self.lists = 0
        self.path = ""

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def parse(self) -> Tree:
        if self._at(Kind.END):
            return MatchAll()
        tree = self._joined(self._item)
        if not self._at(Kind.END):
            raise kql_errors.leftover(self.source, self.tokens, self.at)
        return tree

    def _joined(self, operand: Callable[[], Tree]) -> Tree:
        """Operands with `not`, `and`, `or` between them: an Or of Ands."""
        branches: list[list[Tree]] = [[]]
        while True:
            branches[-1].append(self._operand(operand))
            if self.token.kind not in (Kind.AND, Kind.OR):
                return merged_or([all_of(*branch) for branch in branches], _MERGED)
            if self._take().kind is Kind.OR:
                branches.append([])

    def _operand(self, operand: Callable[[], Tree]) -> Tree:
        negations = 0
        while self._at(Kind.NOT):
            self._take()
            negations += 1
        tree = operand()
        return negated(tree) if negations % 2 else tree

    def _item(self) -> Tree:
        if self._at(Kind.OPEN):
            return self._bracketed(lambda: self._joined(self._item))
        if not self._at(Kind.LITERAL):
            raise kql_errors.missing_operand(self.source, self.tokens, self.at)
        literal = self._take()
        if self._at(Kind.COLON):
            self._take()
            return self._after_colon(literal)
        if self._at(Kind.RANGE):
            return self._range(literal)
        return self._bare(literal)

    def _after_colon(self, name: Token) -> Tree:
        if self._at(Kind.OPEN_BRACE):
            return self._nested(name)
        field = self._field(name)
        if self.token.kind not in (Kind.OPEN, Kind.LITERAL, Kind.NOT):
            raise kql_errors.missing_value(self.source, name, self.token)
        return self._operand(lambda: self._values(field))

    def _nested(self, name: Token) -> Tree:
        if name.pattern is not None:
            self._refuse(name, "the field of a group in braces cannot hold a wildcard")
        outer, self.path = self.path, self._named(name, name.text)
        try:
            child = self._bracketed(lambda: self._joined(self._item))
            return Nested(self.path, child)
        finally:
            self.path = outer

    def _range(self, name: Token) -> Tree:
        sign = self._take()
        if not self._at(Kind.LITERAL):
            self._refuse(
                self.token, f"`{sign.text}` needs one value on its right", "Such as `destination.port >= 1024`."
            )
        value = self._take()
        if value.pattern is not None:
            self._refuse(value, f"a value after `{sign.text}` cannot hold a wildcard")
        field = self._field(name)
        self._count(field, value)
        problem = None if field.wild_field else range_problem(value.text, field_type(field.field))
        if problem:
            self._refuse(value, problem)
        return replace(field, op=_RANGES[sign.text], values=(value.text,))

    def _bare(self, literal: Token) -> Tree:
        """A value without a field: any field may have it."""
        return _unless_everything(self._leaf(Leaf(self._within("*"), Op.EXISTS, wild_field=True), literal))

    def _values(self, field: Leaf) -> Tree:
        """One value, or a list of values in brackets, to any depth."""
        if self._at(Kind.OPEN):
            return self._value_list(field)
        if not self._at(Kind.LITERAL):
            raise kql_errors.missing_operand(self.source, self.tokens, self.at)
        tree = self._leaf(field, self._take())
        if self.lists and self._at(Kind.COLON):
            raise kql_errors.field_in_list(self.source, self.tokens, self.at, field.field)
        return _unless_everything(tree)

    def _value_list(self, field: Leaf) -> Tree:
        self.lists += 1
        tree = self._bracketed(lambda: self._joined(lambda: self._values(field)))
        self.lists -= 1
        return tree

    def _leaf(self, field: Leaf, literal: Token) -> Tree:
        """The field's question with this value put in."""
        self._count(field, literal)
        if literal.quoted:
            return replace(field, op=Op.PHRASE, values=(literal.text,))
        if literal.pattern is not None:
            return self._pattern_leaf(field, literal, literal.pattern)
        if literal.text == "null" and not field.wild_field:
            return negated(field)
        return replace(field, op=Op.IS, values=(literal.text,))

    def _count(self, field: Leaf, literal: Token) -> None:
        self.any_field += field.wild_field
        if self.any_field > MAX_ANY_FIELD:
            message = f"more than {MAX_ANY_FIELD} values are asked of any field, or of a field name with a wildcard"
            self._refuse(literal, message, "Name the field, such as `process.name: perl`.")

    def _pattern_leaf(self, field: Leaf, literal: Token, pattern: str) -> Leaf:
        try:
            parts = parse_pattern(pattern).parts
        except PatternError:
            self._refuse(literal, f"a pattern may have at most {MAX_PATTERN_LENGTH:,} characters")
        if parts == (Wild.RUN,):
            return field
        return replace(field, op=Op.WILDCARD, values=(pattern,))

    def _field(self, name: Token) -> Leaf:
        """The existence of the field, from which its other questions are made."""
        if name.pattern is not None:
            return Leaf(self._named(name, name.pattern), Op.EXISTS, wild_field=True)
        if not name.text:
            self._refuse(name, "a field name is missing before the colon")
        return Leaf(self._named(name, name.text), Op.EXISTS)

    def _named(self, token: Token, name: str) -> str:
        """The full name of the field that this token names."""
        full = self._within(name)
        if problem := name_problem(full):
            self._refuse(token, problem)
        return full

    def _within(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _at(self, kind: Kind) -> bool:
        return self.tokens[self.at].kind is kind

    def _take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def _bracketed(self, inner: Callable[[], Tree]) -> Tree:
        """What stands between the bracket at hand and the one that closes it."""
        opening = self._take()
        self.brackets += 1
        if self.brackets > MAX_BRACKETS:
            self._refuse(opening, f"more than {MAX_BRACKETS} brackets in one another")
        if self._at(_CLOSING[opening.kind]):
            raise kql_errors.empty_brackets(self.source, opening, self.token)
        tree = inner()
        if not self._at(_CLOSING[opening.kind]):
            raise kql_errors.not_closed(self.source, self.tokens, self.at, opening)
        self._take()
        self.brackets -= 1
        return tree

    def _refuse(self, token: Token, message: str, hint: str | None = None) -> NoReturn:
        raise LanguageError.at(self.source, token.start, token.width, message, hint)


def _unless_everything(tree: Tree) -> Tree:
    """Whether any field at all exists is true of every event: what `*` and `*:*` mean."""
    return MatchAll() if tree == Leaf("*", Op.EXISTS, wild_field=True) else tree
