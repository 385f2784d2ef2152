"""What expressions of ES|QL consist of: literals, lists, names, calls and what stands in brackets.

    primary  = ( literal | name | name "(" … ")" | "(" condition ")" ) { "::" type }
    literal  = [ + | - ] number [ unit ] | text | true | false | null | "[" literal { "," literal } "]"
    map      = "{" [ text ":" literal { "," text ":" literal } ] "}"

Source: Elasticsearch's ES|QL reference.
"""

from abc import ABC, abstractmethod
from dataclasses import replace

from engine.errors import LanguageError
from engine.languages.esql.lexer import Kind, Token, in_range
from engine.languages.esql.mistakes import no_value
from engine.languages.esql.nodes import Call, Cast, Expression, Literal, Name, Place, Timespan
from engine.languages.esql.reader import Reader, shown
from engine.languages.esql.units import unit_of

MAX_BRACKETS = 50
_MOST_UNITS = 2**31 - 1
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_UNITS_SHOWN = "Write one of ms, s, min, h, days, weeks, months, quarters, years."
_BOTH_ENDS = frozenset({"first", "last"})

Plain = int | float | str | bool
Options = tuple[tuple[str, Plain], ...]


class PrimaryReader(Reader, ABC):
    """Reads the smallest parts of expressions; `brackets` counts those around the place being read."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.brackets = 0

    @abstractmethod
    def condition(self) -> Expression:
        """An expression of any kind."""

    @abstractmethod
    def begins_command(self, token: Token) -> bool:
        """Whether the word is the name of a command, so that one probably begins here."""

    @abstractmethod
    def leftover(self) -> LanguageError:
        """The error when something follows an expression that could have ended."""

    def primary(self) -> Expression:
        """A value without operators around it, and the types it is cast to."""
        start = self.token.start
        operand = self._operand()
        while self.take_sign("::"):
            type_ = self.token
            if type_.kind is not Kind.NAME or not type_.plain:
                raise self.error(type_, "a type had to follow `::`", "Such as `::string`, `::long` or `::ip`.")
            self.take()
            place = self.since(start)
            operand = Cast(operand, type_.text.lower(), place=place, depth=self.deeper(place, operand))
        return operand

    def is_signed_number(self) -> bool:
        """Whether a number with its sign is at hand."""
        return self.is_sign("+", "-") and self.following.kind is Kind.NUMBER

    def literal(self, wanted: str, hint: str | None = None) -> Literal:
        """A constant that is no stretch of time.

        Raises: LanguageError with what was wanted when something else stands here.
        """
        token = self.token
        value = self._constant()
        if not isinstance(value, Literal):
            raise self.error(value.place if value else token, f"{wanted} had to follow, not {shown(token)}", hint)
        return value

    def text_literal(self, wanted: str, hint: str | None = None) -> str:
        """What a text in quotation marks says.

        Raises: LanguageError with what was wanted when something else stands here.
        """
        if self.token.kind is not Kind.STRING:
            raise self.error(self.token, f"{wanted} had to follow, not {shown(self.token)}", hint)
        return str(self.take().value)

    def options(self) -> Options:
        """The map `{"key": value, …}` at hand."""
        opening = self.take()
        entries: list[tuple[str, Plain]] = []
        while not self.is_sign("}"):
            if entries:
                self.take_comma(opening)
            entries.append(self._entry())
        self.take()
        return tuple(entries)

    def _entry(self) -> tuple[str, Plain]:
        key = self.text_literal("a text, the name of an option,", 'Such as `{"name": "value"}`.')
        self.expect_sign(":", f"`:` had to follow the option's name, not {shown(self.token)}", 'Such as `{"name": 1}`.')
        token = self.token
        value = self.literal("a value").value
        if value is None or isinstance(value, tuple):
            raise self.error(token, "an option has a single value, not a list or null")
        return key, value

    def _operand(self) -> Expression:
        token = self.token
        if value := self._constant():
            return value
        if self.is_sign("("):
            return self._bracketed()
        if token.kind is Kind.NAME:
            return self._named()
        raise no_value(self)

    def _constant(self) -> Literal | Timespan | None:
        """The constant at hand; None when there is none."""
        token = self.token
        if token.kind is Kind.NUMBER or self.is_signed_number():
            return self._number()
        if self.is_sign("["):
            return self._list()
        if token.kind is Kind.STRING:
            self.take()
            return Literal(token.value, place=self.since(token.start))
        if self.is_word(*_CONSTANTS):
            self.take()
            return Literal(_CONSTANTS[token.text], place=self.since(token.start))
        return None

    def _number(self) -> Literal | Timespan:
        """A number with its sign, or a stretch of time."""
        start = self.token.start
        negative = self.take().text == "-" if self.token.kind is Kind.SIGN else False
        number = self.take().value
        value = number if isinstance(number, int | float) else 0
        value = -value if negative else value
        if isinstance(value, int) and self.token.plain and not self.begins_command(self.token):
            return self._timespan(start, value)
        return Literal(in_range(value) if isinstance(value, int) else value, place=self.since(start))

    def _timespan(self, start: int, amount: int) -> Timespan:
        word = self.token
        unit = unit_of(word.text)
        if unit is None:
            hint = "Write `min` for minutes or `mo` for months." if word.text == "m" else _UNITS_SHOWN
            raise self.error(word, f"{shown(word)} is no unit of time", hint)
        self.take()
        if abs(amount) > _MOST_UNITS:
            raise self.error(self.since(start), "this stretch of time is too long")
        return Timespan(amount, unit, place=self.since(start))

    def _list(self) -> Literal:
        """Numbers, texts or truth values, all of one kind."""
        opening = self.take()
        values: list[Plain] = []
        while not self.is_sign("]"):
            if values:
                self.take_comma(opening)
            values.append(self._item(values))
        self.take()
        place = self.since(opening.start)
        if not values:
            raise self.error(place, "this list is empty", "Put at least one value into it.")
        return Literal(tuple(values), place=place)

    def _item(self, before: list[Plain]) -> Plain:
        token = self.token
        if self.is_sign("["):
            raise self.error(token, "a list cannot stand in a list")
        value = self.literal("a number, text, `true` or `false`", "A list holds constants only.").value
        if value is None or isinstance(value, tuple):
            raise self.error(token, "a list holds numbers, texts or truth values only")
        if before and _sort(value) is not _sort(before[0]):
            raise self.error(token, "the values of a list are all numbers, all texts or all truth values")
        return value

    def _bracketed(self) -> Expression:
        opening = self.open()
        if self.is_sign(")"):
            raise self.error(Place(opening.start, self.token.end), "these brackets are empty")
        inner = self.condition()
        self.close(opening)
        # The brackets belong to the place, since an unnamed column is called by all that was written.
        return replace(inner, place=self.since(opening.start))

    def _named(self) -> Expression:
        """A column or a call."""
        name = self.take()
        if self.is_sign("("):
            return self._call(name)
        return Name(name.text, place=self.since(name.start))

    def _call(self, name: Token) -> Call:
        opening = self.open()
        arguments: list[Expression] = []
        options: Options = ()
        star = self.is_sign("*") and self.take().kind is Kind.SIGN
        while not (star or self.is_sign(")")):
            if arguments:
                self.take_comma(opening)
            if arguments and self.is_sign("{"):
                options = self.options()
                break
            arguments.append(self.condition())
            if name.text.lower() in _BOTH_ENDS and len(arguments) == 1 and self.is_word("by"):
                self.take()
                arguments.append(self.condition())
        self.close(opening)
        place = self.since(name.start)
        depth = self.deeper(place, *arguments)
        return Call(name.text.lower(), tuple(arguments), star, options, place=place, depth=depth)

    def open(self) -> Token:
        """Take the `(` at hand."""
        opening = self.take()
        self.brackets += 1
        if self.brackets > MAX_BRACKETS:
            raise self.error(opening, f"more than {MAX_BRACKETS} brackets in one another")
        return opening

    def close(self, opening: Token) -> None:
        """Take the `)` that belongs to an opening."""
        if not self.is_sign(")"):
            raise self._unclosed(opening) if self._ends() else self.leftover()
        self.take()
        self.brackets -= 1

    def take_comma(self, opening: Token) -> None:
        """Take the comma between two values of a list that began at the opening."""
        if self.is_sign(","):
            self.take()
        elif self._ends():
            raise self._unclosed(opening)
        else:
            raise self.leftover()

    def _ends(self) -> bool:
        return self.token.kind is Kind.END or self.is_sign("|")

    def _unclosed(self, opening: Token) -> LanguageError:
        closing = {"(": ")", "[": "]", "{": "}"}[opening.text]
        return self.error(opening, f"this `{opening.text}` is never closed", f"Close it with `{closing}`.")


def _sort(value: Plain) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float
