"""Expressions of ES|QL, read with one word of look-ahead.

    condition = conjunction { or conjunction }          conjunction = clause { and clause }
    clause    = { not } test                            `not` binds closer than `and`, `and` closer than `or`
    test      = value [ [not] in "(" … ")" | [not] (like | rlike) texts | is [not] null ] | name ":" literal
    value     = sum [ (== | != | < | <= | > | >=) sum ]
    sum       = product { (+ | -) product }             product = signed { (* | / | %) signed }
    signed    = { + | - } primary

Chains of operators are read in loops, so only brackets and arguments nest calls here, to a fixed depth.
Source: Elasticsearch's ES|QL reference, "Operators".
"""

from engine.languages.esql.lexer import Kind, Token
from engine.languages.esql.mistakes import no_match, no_single_equals
from engine.languages.esql.nodes import (
    Arithmetic,
    Cast,
    Comparison,
    Expression,
    Junction,
    Like,
    Match,
    Membership,
    Name,
    Negation,
    NullTest,
    Sign,
)
from engine.languages.esql.primaries import PrimaryReader
from engine.languages.esql.reader import shown

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_TESTS = ("in", "like", "rlike")


class ExpressionReader(PrimaryReader):
    """Reads conditions, which are expressions of any kind."""

    def condition(self) -> Expression:
        """Clauses with `and` and `or` between them."""
        start = self.token.start
        branches = [self._conjunction()]
        while self.is_word("or"):
            self.take()
            branches.append(self._conjunction())
        return self._junction("or", branches, start)

    def _conjunction(self) -> Expression:
        start = self.token.start
        clauses = [self._clause()]
        while self.is_word("and"):
            self.take()
            clauses.append(self._clause())
        return self._junction("and", clauses, start)

    def _junction(self, word: str, operands: list[Expression], start: int) -> Expression:
        if len(operands) == 1:
            return operands[0]
        place = self.since(start)
        return Junction(word, tuple(operands), place=place, depth=self.deeper(place, *operands))

    def _clause(self) -> Expression:
        starts: list[int] = []
        while self.is_word("not"):
            starts.append(self.take().start)
        clause = self._test()
        for start in reversed(starts):
            clause = self._negated(clause, start)
        return clause

    def _negated(self, operand: Expression, start: int) -> Negation:
        place = self.since(start)
        return Negation(operand, place=place, depth=self.deeper(place, operand))

    def _test(self) -> Expression:
        start = self.token.start
        operand = self._value()
        if self.is_word("is"):
            return self._null_test(operand, start)
        negated = self.is_word("not")
        if not (negated or self.is_word(*_TESTS)):
            return operand
        if negated:
            self._take_not()
        word = self.take()
        test = self._membership(operand, start) if word.text == "in" else self._like(word, operand, start)
        return self._negated(test, start) if negated else test

    def _take_not(self) -> None:
        """`not` behind a value belongs to `in`, `like` or `rlike`."""
        denial = self.take()
        if not self.is_word(*_TESTS):
            raise self.error(denial, "`not` cannot stand here", "Did you mean `AND NOT`?")

    def _null_test(self, operand: Expression, start: int) -> NullTest:
        self.take()
        negated = self.is_word("not")
        if negated:
            self.take()
        if not self.is_word("null"):
            hint = "Write `IS NULL` or `IS NOT NULL`; values are compared by `==`."
            raise self.error(self.token, f"`null` had to follow, not {shown(self.token)}", hint)
        self.take()
        place = self.since(start)
        return NullTest(operand, negated, place=place, depth=self.deeper(place, operand))

    def _membership(self, operand: Expression, start: int) -> Membership:
        if not self.is_sign("("):
            hint = 'Such as `IN ("a", "b")`.'
            raise self.error(self.token, "`IN` needs a list in round brackets", hint)
        opening = self._list_opening("IN")
        if self.is_plain("from") and self.following.kind in (Kind.NAME, Kind.STRING):
            raise self.error(self.token, "queries inside `IN` are not supported")
        items = [self._value()]
        while not self.is_sign(")"):
            self.take_comma(opening)
            items.append(self._value())
        self.close(opening)
        place = self.since(start)
        depth = self.deeper(place, operand, *items)
        return Membership(operand, tuple(items), place=place, depth=depth)

    def _like(self, word: Token, operand: Expression, start: int) -> Like:
        name = word.text.upper()
        patterns = self._patterns(name) if self.is_sign("(") else (self._pattern(name),)
        place = self.since(start)
        depth = self.deeper(place, operand)
        return Like(operand, patterns, word.text == "rlike", place=place, depth=depth)

    def _patterns(self, word: str) -> tuple[str, ...]:
        opening = self._list_opening(word)
        patterns = [self._pattern(word)]
        while not self.is_sign(")"):
            self.take_comma(opening)
            patterns.append(self._pattern(word))
        self.close(opening)
        return tuple(patterns)

    def _pattern(self, word: str) -> str:
        return self.text_literal(
            f"a text, the pattern of `{word}`,", "A pattern is written out; it cannot be a column."
        )

    def _list_opening(self, word: str) -> Token:
        opening = self.open()
        if self.is_sign(")"):
            raise self.error(
                self.since(opening.start), f"the list of `{word}` is empty", "Put at least one value into it."
            )
        return opening

    def _value(self) -> Expression:
        """Sums with at most one comparison between them."""
        start = self.token.start
        left = self._sum()
        if self.is_sign(":"):
            return self._match(left, start)
        if self.is_sign("=", "=~"):
            raise no_single_equals(self)
        if not self.is_sign(*_COMPARISONS):
            return left
        sign = self.take()
        right = self._sum()
        if self.is_sign(*_COMPARISONS):
            raise self.error(self.token, "comparisons cannot be chained", "Join two comparisons with `AND`.")
        place = self.since(start)
        return Comparison(sign.text, left, right, place=place, depth=self.deeper(place, left, right))

    def _match(self, left: Expression, start: int) -> Match:
        colon = self.take()
        field = left.operand if isinstance(left, Cast) else left
        if not isinstance(field, Name):
            raise self.error(colon, "`:` needs a field on its left", 'Such as `message : "words"`.')
        if (
            self.token.kind not in (Kind.STRING, Kind.NUMBER)
            and not self.is_sign("+", "-", "[")
            and not self.is_word("true", "false", "null")
        ):
            raise no_match(self, field)
        query = self.literal("what to search for")
        place = self.since(start)
        return Match(left, query, place=place, depth=self.deeper(place, left))

    def _sum(self) -> Expression:
        start = self.token.start
        left = self._product()
        while self.is_sign("+", "-"):
            left = self._arithmetic(self.take(), left, self._product(), start)
        return left

    def _product(self) -> Expression:
        start = self.token.start
        left = self._signed()
        while self.is_sign("*", "/", "%"):
            left = self._arithmetic(self.take(), left, self._signed(), start)
        return left

    def _arithmetic(self, sign: Token, left: Expression, right: Expression, start: int) -> Arithmetic:
        place = self.since(start)
        return Arithmetic(sign.text, left, right, place=place, depth=self.deeper(place, left, right))

    def _signed(self) -> Expression:
        """A sign directly before a number belongs to the number, so `-1::long` casts -1."""
        signs: list[Token] = []
        while self.is_sign("+", "-") and not self.is_signed_number():
            signs.append(self.take())
        operand = self.primary()
        for sign in reversed(signs):
            place = self.since(sign.start)
            operand = Sign(sign.text, operand, place=place, depth=self.deeper(place, operand))
        return operand
