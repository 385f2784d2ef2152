"""Whole queries of EQL: events, sequences and samples, and the pipes behind them.

    query    = event | sequence | sample, then { "|" pipe }
    event    = (any | category) where condition
    sequence = sequence [by keys] [with maxspan=time] term { term } [until term]
    sample   = sample by keys term term { term }
    term     = "[" event "]" | "![" event "]", then [by keys] [with runs=n]

Source: Elasticsearch's EQL syntax reference.
"""

from datetime import timedelta

from engine.errors import LanguageError
from engine.languages.eql.expressions import ExpressionReader
from engine.languages.eql.lexer import Kind, Token
from engine.languages.eql.nodes import (
    EventFilter,
    Field,
    PipeShape,
    QueryShape,
    SampleShape,
    SequenceShape,
    Term,
)
from engine.languages.eql.reader import shown

MAX_RUNS = 100
MAX_TERMS = 100
MAX_SAMPLE_TERMS = 5
MAX_KEYS = 20
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST_SPAN = timedelta(days=3650)
_PIPES = ("count", "filter", "sort", "unique", "unique_count")


class QueryReader(ExpressionReader):
    """Reads a whole query."""

    def query(self) -> QueryShape:
        """The query up to its last word.

        Raises: LanguageError with the place of what cannot be read.
        """
        body = self._body()
        pipes: list[PipeShape] = []
        while self.is_sign("|"):
            pipes.append(self._pipe())
        if self.token.kind is not Kind.END:
            raise self.leftover()
        if pipes and isinstance(body, SampleShape):
            raise self.error(pipes[0].place, "a sample cannot have pipes")
        return QueryShape(body, tuple(pipes))

    def _body(self) -> EventFilter | SequenceShape | SampleShape:
        if self.is_word("sequence"):
            return self._sequence()
        if self.is_word("sample"):
            return self._sample()
        if self.is_word("join"):
            raise self.error(self.token, "`join` is not supported, as in Elasticsearch", "Write a `sequence`.")
        return self._event()

    def _event(self) -> EventFilter:
        category = self._category()
        if not self.is_word("where"):
            raise self._condition_alone()
        self.take()
        return EventFilter(category, self.condition())

    def _category(self) -> str | None:
        token = self.take()
        if token.kind is Kind.KEYWORD and token.text == "any":
            return None
        if token.kind is Kind.STRING:
            return str(token.value)
        if token.kind is Kind.NAME and not token.folded:
            return token.text
        if token.kind is Kind.END:
            raise self.error(token, "the query is empty", 'Such as `process where process.name == "bash"`.')
        hint = "A query begins with a category and `where`, with `any where`, or with `sequence` or `sample`."
        raise self.error(token, f"{shown(token)} is not the category of an event", hint)

    def _condition_alone(self) -> LanguageError:
        token = self.token
        if self.is_plain("WHERE", "Where"):
            return self.error(token, "keywords are written in small letters", "Did you mean `where`?")
        hint = "A query begins with a category of events: `process where …`, or `any where …`."
        return self.error(token, f"`where` had to follow, not {shown(token)}", hint)

    def _sequence(self) -> SequenceShape:
        start = self.take()
        by, maxspan = self._head()
        terms: list[Term] = []
        while self.is_sign("[", "!["):
            terms.append(self._term(by))
            if len(terms) > MAX_TERMS:
                raise self.error(terms[-1].place, f"a sequence may have at most {MAX_TERMS} items")
        self._refuse_after(terms)
        until = self._until(by) if self.is_word("until") else None
        shape = SequenceShape(by, tuple(terms), until, maxspan)
        self._check_sequence(start, shape)
        return shape

    def _head(self) -> tuple[tuple[Field, ...], timedelta | None]:
        by = self._keys() if self.is_word("by") else ()
        maxspan = self._maxspan() if self.is_word("with") else None
        if self.is_word("by"):
            raise self.error(self.token, "`by` stands before `with`", "Such as `sequence by host.id with maxspan=1m`.")
        return by, maxspan

    def _refuse_after(self, terms: list[Term]) -> None:
        """What is no item and cannot follow one."""
        if self.is_word("with", "by") and terms:
            raise self.error(self.token, f"`{self.token.text}` cannot stand here twice")
        if not terms and not self.is_sign("[", "!["):
            raise self.error(
                self.token, f"`[` had to follow, not {shown(self.token)}", "Such as `[process where true]`."
            )

    def _until(self, by: tuple[Field, ...]) -> Term:
        self.take()
        if not self.is_sign("["):
            raise self.error(self.token, "`until` needs an event in square brackets")
        term = self._term(by)
        if term.runs > 1:
            raise self.error(term.place, "`until` cannot be repeated")
        return term

    def _check_sequence(self, start: Token, shape: SequenceShape) -> None:
        missing = [term for term in shape.terms if term.missing]
        if sum(term.runs for term in shape.terms) < 2:
            raise self.error(start, "a sequence needs at least two events", "Add an item, or `with runs=2`.")
        if len(missing) == len(shape.terms):
            raise self.error(missing[0].place, "a sequence needs at least one event that is not missing")
        if missing and shape.maxspan is None:
            hint = "Such as `sequence by host.id with maxspan=1m`."
            raise self.error(missing[0].place, "a missing event needs a `maxspan` within which it is missed", hint)
        self._check_keys([*shape.terms, *([shape.until] if shape.until else [])])

    def _check_keys(self, terms: list[Term]) -> None:
        expected = len(terms[0].by)
        for term in terms[1:]:
            if len(term.by) != expected:
                message = f"this item has another number of keys than the first ({len(term.by)}, not {expected})"
                hint = "Behind each item stand as many keys, which meet in order."
                raise self.error(term.place, message, hint)

    def _sample(self) -> SampleShape:
        start = self.take()
        by = self._keys() if self.is_word("by") else ()
        if self.is_word("with"):
            raise self.error(self.token, "a sample has no `maxspan`", "Write a `sequence`.")
        terms: list[Term] = []
        while self.is_sign("[", "!["):
            terms.append(self._term(by))
            if len(terms) > MAX_SAMPLE_TERMS:
                raise self.error(terms[-1].place, f"a sample may have at most {MAX_SAMPLE_TERMS} items")
        if self.is_word("until"):
            raise self.error(self.token, "a sample has no `until`", "Write a `sequence`.")
        self._refuse_after(terms)
        self._check_sample(start, by, terms)
        return SampleShape(by, tuple(terms))

    def _check_sample(self, start: Token, by: tuple[Field, ...], terms: list[Term]) -> None:
        if len(terms) < 2:
            raise self.error(start, "a sample needs at least two items")
        if not by and not terms[0].by:
            raise self.error(start, "a sample needs a key that its events share", "Such as `sample by host.id …`.")
        for term in terms:
            if term.missing:
                raise self.error(term.place, "a sample cannot have missing events", "Write a `sequence`.")
            if term.runs > 1:
                raise self.error(term.place, "an item of a sample cannot be repeated", "Write a `sequence`.")
        self._check_keys(terms)

    def _term(self, shared: tuple[Field, ...]) -> Term:
        opening = self.take()
        event = self._event()
        if self.token.kind is Kind.END:
            raise self.error(opening, f"this `{opening.text}` is never closed", "Close it with `]`.")
        if not self.is_sign("]"):
            raise self.leftover()
        self.take()
        place = self.since(opening.start)
        by, runs = self._behind()
        if len(shared) + len(by) > MAX_KEYS:
            raise self.error(place, f"more than {MAX_KEYS} keys")
        return Term(event, by, opening.text == "![", runs, place)

    def _behind(self) -> tuple[tuple[Field, ...], int]:
        """The keys and the repetition of an item, in either order."""
        if self.is_plain("fork"):
            raise self.error(self.token, "`fork` is not supported, as in Elasticsearch")
        by = self._keys() if self.is_word("by") else ()
        runs = self._runs() if self.is_word("with") else 1
        if not by and self.is_word("by"):
            by = self._keys()
        return by, runs

    def _keys(self) -> tuple[Field, ...]:
        self.take()
        keys = [self._key()]
        while self.is_sign(","):
            self.take()
            keys.append(self._key())
            if len(keys) > MAX_KEYS:
                raise self.error(keys[-1].place, f"more than {MAX_KEYS} keys")
        return tuple(keys)

    def _key(self) -> Field:
        token = self.token
        key = self._named() if token.kind is Kind.NAME or self.is_sign("?") else None
        if not isinstance(key, Field):
            raise self.error(token, "events are joined by fields only", "Such as `by host.id, user.name`.")
        return key

    def _maxspan(self) -> timedelta:
        self.take()
        if not self.is_word("maxspan"):
            raise self.error(self.token, f"{shown(self.token)} is no option of a sequence", "Write `with maxspan=1m`.")
        self.take()
        self.expect_sign("=", "`=` had to follow `maxspan`", "Write `with maxspan=1m`.")
        number = self._count("the time of `maxspan`", most=None)
        unit = self.take()
        if unit.kind is not Kind.NAME or unit.text not in _UNITS:
            raise self.error(unit, "a unit of time had to follow", "Write one of ms, s, m, h, d, as in `maxspan=30s`.")
        return self._span(number, unit)

    def _span(self, number: Token, unit: Token) -> timedelta:
        count = int(number.value or 0)
        if count > _LONGEST_SPAN / _UNITS[unit.text]:
            raise self.error(number, f"a sequence may span at most {_LONGEST_SPAN.days:,} days")
        return count * _UNITS[unit.text]

    def _runs(self) -> int:
        self.take()
        if not self.is_plain("runs"):
            raise self.error(self.token, f"{shown(self.token)} is no option of an item", "Write `with runs=3`.")
        self.take()
        self.expect_sign("=", "`=` had to follow `runs`", "Write `with runs=3`.")
        return int(self._count("`runs`", most=MAX_RUNS).value or 0)

    def _count(self, what: str, most: int | None) -> Token:
        number = self.take()
        value = number.value if number.kind is Kind.NUMBER else None
        if not isinstance(value, int) or value < 1 or (most is not None and value > most):
            bound = f"a whole number from 1 to {most}" if most else "a whole number above zero"
            raise self.error(number, f"{what} must be {bound}")
        return number

    def _pipe(self) -> PipeShape:
        self.take()
        name = self.take()
        if name.kind is not Kind.NAME or name.text not in ("head", "tail"):
            known = name.text in _PIPES
            message = f"the pipe {shown(name)} is not supported, as in Elasticsearch" if known else "no such pipe"
            raise self.error(name, message, "Write `| head 10` or `| tail 10`.")
        if self.token.kind is Kind.END or self.is_sign("|"):
            raise self.error(name, f"`{name.text}` needs a number", f"Write `| {name.text} 10`.")
        arguments = [self.condition()]
        if self.is_sign(","):
            raise self.error(self.token, f"`{name.text}` takes one number only")
        return PipeShape(name.text, tuple(arguments), self.since(name.start))
