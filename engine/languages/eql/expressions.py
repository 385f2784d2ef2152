"""Expressions of EQL, read with one token of look-ahead.

    condition = clause { (and | or) clause }            `not` binds closer than `and`, `and` closer than `or`
    clause    = { not } sum [ (== | != | < | <= | > | >=) sum ]
    sum       = product { (+ | -) product }             product = signed { (* | / | %) signed }
    signed    = { + | - } primary [ [not] in list | (: | like | regex) (value | list) ]
    primary   = literal | field | function "(" … ")" | "(" condition ")"

Chains of operators and of `not` are read in loops, so only brackets and arguments nest calls here, to a fixed depth.
Source: Elasticsearch's EQL syntax reference.
"""

from engine.errors import LanguageError
from engine.fields import name_problem
from engine.languages.eql.lexer import Kind, Token
from engine.languages.eql.nodes import (
    Arithmetic,
    Comparison,
    Expression,
    Field,
    Function,
    Junction,
    Literal,
    Membership,
    Negation,
    Place,
)
from engine.languages.eql.reader import Reader, shown

MAX_BRACKETS = 50
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_PREDICATES = ("in", "in~", "like", "like~", "regex", "regex~")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_MEANT = {"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "LIKE": "like", "REGEX": "regex", "is": "=="}


class ExpressionReader(Reader):
    """Reads conditions; `brackets` counts those around the place being read."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.brackets = 0

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
        return Junction(word, tuple(operands), place, self.deeper(place, *operands))

    def _clause(self) -> Expression:
        start = self.token.start
        negations = 0
        while self.is_word("not"):
            self.take()
            negations += 1
        clause = self._comparison()
        if negations % 2:
            place = self.since(start)
            return Negation(clause, place, self.deeper(place, clause))
        return clause

    def _comparison(self) -> Expression:
        start = self.token.start
        left = self._sum()
        self._refuse_misread()
        if not self.is_sign(*_COMPARISONS):
            return left
        sign = self.take()
        right = self._sum()
        if self.is_sign(*_COMPARISONS):
            raise self.error(self.token, "comparisons cannot be chained", "Join two comparisons with `and`.")
        place = self.since(start)
        return Comparison(sign.text, left, right, place, self.deeper(place, left, right))

    def _refuse_misread(self) -> None:
        """`=` for `==`, and relations that are not supported."""
        if self.is_sign("="):
            hint = "Write `==`, or `:` to compare without regard to case."
            raise self.error(self.token, "`=` does not compare", hint)
        if self.is_word("of"):
            message = "`child of`, `descendant of` and the like are not supported, as in Elasticsearch"
            raise self.error(self.token, message)

    def _sum(self) -> Expression:
        start = self.token.start
        left = self._product()
        while self.is_sign("+", "-"):
            left = self._arithmetic(self.take(), start, left, self._product())
        return left

    def _product(self) -> Expression:
        start = self.token.start
        left = self._signed()
        while self.is_sign("*", "/", "%"):
            left = self._arithmetic(self.take(), start, left, self._signed())
        return left

    def _arithmetic(self, sign: Token, start: int, *operands: Expression) -> Expression:
        place = self.since(start)
        return Arithmetic(sign.text, operands, place, self.deeper(place, *operands))

    def _signed(self) -> Expression:
        start = self.token.start
        minus = 0
        while self.is_sign("+", "-"):
            minus += self.take().text == "-"
        operand = self._predicated()
        if minus % 2 == 0:
            return operand
        place = self.since(start)
        if isinstance(operand, Literal) and isinstance(operand.value, int | float) and operand.value is not True:
            return Literal(-operand.value, place)
        return Arithmetic("-", (operand,), place, self.deeper(place, operand))

    def _predicated(self) -> Expression:
        start = self.token.start
        operand = self._primary()
        negated = self.is_word("not")
        if not (negated or self.is_word(*_PREDICATES) or self.is_sign(":")):
            return operand
        if negated:
            self._take_not()
        word = self.take()
        values = self._values(word)
        place = self.since(start)
        return Membership(
            word.text, operand, values, negated, place, max(operand.depth + 1, self.deeper(place, *values))
        )

    def _take_not(self) -> None:
        """`not` behind a value belongs to `in`."""
        denial = self.take()
        if self.is_word("in", "in~"):
            return
        hint = "Did you mean `and not`?"
        if self.is_word(*_PREDICATES) or self.is_sign(":"):
            hint = f"Put it in front: `not … {self.token.text} …`."
        raise self.error(denial, "`not` cannot stand here", hint)

    def _values(self, word: Token) -> tuple[Expression, ...]:
        """The list of an `in`; one value or a list of the others."""
        if self.is_sign("("):
            return self._listed(word)
        if word.text.startswith("in"):
            raise self.error(
                self.token, f"`{word.text}` needs a list in brackets", f'Such as `{word.text} ("a", "b")`.'
            )
        return (self._value(word),)

    def _listed(self, word: Token) -> tuple[Expression, ...]:
        opening = self._open()
        if self.is_sign(")"):
            raise self.error(
                Place(opening.start, self.token.end), "this list is empty", "Put at least one value into it."
            )
        values = [self._value(word)]
        while not self.is_sign(")"):
            self._take_comma(opening)
            values.append(self._value(word))
        self._close(opening)
        return tuple(values)

    def _take_comma(self, opening: Token) -> None:
        if self.token.kind is Kind.END:
            raise self.error(opening, "this `(` is never closed", "Close it with `)`.")
        self.expect_sign(",", f"a comma or `)` had to follow, not {shown(self.token)}")

    def _value(self, word: Token) -> Expression:
        """Any expression may stand in the list of an `in` (it must turn out constant); elsewhere literals only."""
        if word.text.startswith("in"):
            return self.condition()
        token = self.token
        value = self._signed() if self.is_sign("-", "+") else self._primary()
        if not isinstance(value, Literal):
            hint = "To compare two fields use a function, such as `startsWith` or `stringContains`."
            raise self.error(token, f"`{word.text}` needs a literal value on its right", hint)
        return value

    def _primary(self) -> Expression:
        token = self.token
        if token.kind in (Kind.STRING, Kind.NUMBER):
            self.take()
            return Literal(token.value, Place(token.start, token.end))
        if self.is_word(*_CONSTANTS):
            self.take()
            return Literal(_CONSTANTS[token.text], Place(token.start, token.end))
        if self.is_sign("("):
            return self._bracketed()
        if token.kind is Kind.NAME or self.is_sign("?"):
            return self._named()
        raise self.error(token, self._expected(token), "Such as a field, a value or a function.")

    def _expected(self, token: Token) -> str:
        if token.kind is Kind.END:
            return "the query ends where a value had to follow"
        return f"{shown(token)} cannot stand here"

    def _bracketed(self) -> Expression:
        opening = self._open()
        if self.is_sign(")"):
            raise self.error(Place(opening.start, self.token.end), "these brackets are empty")
        inner = self.condition()
        self._close(opening)
        return inner

    def _named(self) -> Expression:
        """A field or a call."""
        token = self.take()
        optional = token.kind is Kind.SIGN
        name = self.take() if optional else token
        if name.kind is not Kind.NAME:
            raise self.error(token, "`?` needs the name of a field behind it", "Such as `?process.pe.imphash`.")
        if self.is_sign("(") and not optional:
            return self._call(name)
        self._refuse_beside(name)
        return Field(name.text, Place(token.start, name.end), optional)

    def _refuse_beside(self, name: Token) -> None:
        """What cannot follow a field, and what no field is called."""
        if problem := name_problem(name.text):
            raise self.error(name, problem)
        if name.folded:
            raise self.error(name, f"`{name.text}~` is no function", "A `~` may follow the name of a function.")
        if self.is_sign("[") and self.tokens[self.at + 1].kind is Kind.NUMBER:
            hint = "A condition on the field asks them all."
            raise self.error(self.token, "single elements of arrays cannot be asked for", hint)

    def _call(self, name: Token) -> Expression:
        opening = self._open()
        arguments: list[Expression] = []
        while not self.is_sign(")"):
            if arguments:
                self._take_comma(opening)
            arguments.append(self.condition())
        self._close(opening)
        place = self.since(name.start)
        return Function(name.text, tuple(arguments), name.folded, place, self.deeper(place, *arguments))

    def _open(self) -> Token:
        opening = self.take()
        self.brackets += 1
        if self.brackets > MAX_BRACKETS:
            raise self.error(opening, f"more than {MAX_BRACKETS} brackets in one another")
        return opening

    def _close(self, opening: Token) -> None:
        if self.token.kind is Kind.END:
            raise self.error(opening, "this `(` is never closed", "Close it with `)`.")
        if not self.is_sign(")"):
            raise self.leftover()
        self.take()
        self.brackets -= 1

    def leftover(self) -> LanguageError:
        """The error when something follows an expression that could have ended."""
        token = self.token
        if self.is_sign(")", "]"):
            return self.error(token, f"this `{token.text}` closes nothing", "Remove it, or open a bracket before it.")
        if token.kind is Kind.KEYWORD and token.text in ("like~", "regex~", "in~", "in", "like", "regex"):
            return self.error(token, f"`{token.text}` needs a field or function directly on its left")
        if token.kind is Kind.NAME and token.text in _MEANT:
            return self.error(token, f"{shown(token)} joins nothing here", f"Did you mean `{_MEANT[token.text]}`?")
        if self.is_sign(","):
            return self.error(token, "a comma separates values of a list only", "Did you mean `and` or `or`?")
        if token.kind in (Kind.NAME, Kind.STRING, Kind.NUMBER) or self.is_sign("(", "?"):
            return self.error(token, "`and` or `or` is missing before this", "Did you mean `and`?")
        return self.error(token, f"{shown(token)} cannot stand here")
