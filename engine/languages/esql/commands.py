"""What follows a query's first command: rows are kept, given columns, counted, put in order.

    fields = [name =] condition { "," [name =] condition }
    stats  = [ field [where condition] { "," … } ] [by fields]

Source: Elasticsearch's ES|QL reference, "Commands".
"""

from collections.abc import Callable
from dataclasses import replace

from engine.languages.esql.expressions import ExpressionReader
from engine.languages.esql.lexer import Kind, Mode, Token
from engine.languages.esql.mistakes import keyword_as_name
from engine.languages.esql.nodes import (
    Aggregate,
    Assignment,
    Call,
    Command,
    Drop,
    Eval,
    Expression,
    Keep,
    Limit,
    MvExpand,
    Name,
    NamePattern,
    Rename,
    Sort,
    SortKey,
    Stats,
    Where,
)
from engine.languages.esql.reader import shown
from engine.languages.esql.walking import walk

_MOST_ROWS = 2**31 - 1


class CommandReader(ExpressionReader):
    """Reads the commands that work on columns and rows; `command` is the name of the one at hand."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.command = ""

    def commands(self) -> dict[str, Callable[[Token], Command]]:
        """What reads each command once its name has been taken."""
        return {
            "where": self._where,
            "eval": self._eval,
            "stats": self._stats,
            "inline": self._inline,
            "inlinestats": self._inline_stats,
            "keep": self._keep,
            "drop": self._drop,
            "rename": self._rename,
            "sort": self._sort,
            "limit": self._limit,
            "mv_expand": self._mv_expand,
        }

    def fields(self, hint: str) -> tuple[Assignment, ...]:
        """Columns with or without a name in front, with commas between them."""
        self.need_more(hint)
        fields = [self._field()]
        while self.take_sign(","):
            self.need_after_comma()
            fields.append(self._field())
        return tuple(fields)

    def need_more(self, hint: str, word: str | None = None) -> None:
        """Raises: LanguageError when the command ends here, behind its name or another word."""
        if self.is_over():
            raise self.error(self.token, f"`{word or self.command.upper()}` needs something behind it", hint)

    def need_after_comma(self) -> None:
        """Raises: LanguageError when the command ends behind a comma, or goes on with something else."""
        if self.is_over() or (self.is_word("by") and self.following.text != "="):
            raise self.error(self.token, f"{shown(self.token)} follows a comma", "Remove the comma.")

    def is_over(self) -> bool:
        """Whether the command at hand ends here."""
        return self.token.kind is Kind.END or self.is_sign("|")

    def target(self) -> str | None:
        """The name of `name =`, if that is at hand."""
        following = self.following
        if following.kind is not Kind.SIGN or following.text != "=":
            return None
        token = self.token
        if token.kind is Kind.KEYWORD:
            raise keyword_as_name(self)
        if token.kind is not Kind.NAME:
            hint = "To compare write `==`; an unusual name stands in backticks."
            raise self.error(token, f"{shown(token)} cannot be a column's name", hint)
        self.take()
        self.take()
        return token.text

    def _field(self) -> Assignment:
        start = self.token.start
        name, expression = self._named_expression()
        place = self.since(start)
        return Assignment(name or self.written(place), expression, place=place)

    def _named_expression(self) -> tuple[str | None, Expression]:
        name = None if self.token.kind is Kind.SIGN else self.target()
        return name, self.condition()

    def _where(self, command: Token) -> Where:
        self.need_more('Such as `WHERE user.name == "root"`.')
        condition = self.condition()
        return Where(condition, place=self.since(command.start))

    def _eval(self, command: Token) -> Eval:
        fields = self.fields("Such as `EVAL total = a + b`.")
        return Eval(fields, place=self.since(command.start))

    def _stats(self, command: Token) -> Stats:
        return self._stats_of(command, inline=False)

    def _inline_stats(self, command: Token) -> Stats:
        return self._stats_of(command, inline=True)

    def _inline(self, command: Token) -> Stats:
        """`INLINE STATS`, in two words."""
        if not self.is_plain("stats"):
            raise self.error(self.token, f"`STATS` had to follow `INLINE`, not {shown(self.token)}")
        self.take()
        return self._stats_of(command, inline=True)

    def _stats_of(self, command: Token, inline: bool) -> Stats:
        self.need_more("Such as `STATS n = COUNT(*) BY user.name`.")
        aggregates = () if self.is_word("by") and self.following.text != "=" else self._aggregates()
        by: tuple[Assignment, ...] = ()
        if self.is_word("by"):
            self.take()
            self.need_more("Such as `BY user.name`.", "BY")
            by = tuple(map(_group, self.fields("Such as `BY user.name`.")))
        if inline and not aggregates:
            raise self.error(command, "`INLINE STATS` needs a column", "Such as `INLINE STATS n = COUNT(*)`.")
        return Stats(aggregates, by, inline, place=self.since(command.start))

    def _aggregates(self) -> tuple[Aggregate, ...]:
        aggregates = [self._aggregate()]
        while self.take_sign(","):
            self.need_after_comma()
            aggregates.append(self._aggregate())
        return tuple(aggregates)

    def _aggregate(self) -> Aggregate:
        start = self.token.start
        name, expression = self._named_expression()
        where = None
        if self.is_word("where"):
            self.take()
            where = self.condition()
            self._need_call(expression)
        place = self.since(start)
        return Aggregate(name or self.written(place), expression, where, place=place)

    def _need_call(self, expression: Expression) -> None:
        if not any(isinstance(inner, Call) for inner in walk(expression)):
            hint = "Such as `n = COUNT(*) WHERE a > 1`."
            raise self.error(expression.place, "`WHERE` says which rows an aggregate function counts", hint)

    def _keep(self, command: Token) -> Keep:
        columns = self._columns("Such as `KEEP user.name, host.*`.")
        return Keep(columns, place=self.since(command.start))

    def _drop(self, command: Token) -> Drop:
        columns = self._columns("Such as `DROP user.name, host.*`.")
        return Drop(columns, place=self.since(command.start))

    def _columns(self, hint: str) -> tuple[Name | NamePattern, ...]:
        self.switch(Mode.PATTERN)
        self.need_more(hint)
        columns = [self._column()]
        while self.take_sign(","):
            self.need_after_comma()
            columns.append(self._column())
        return tuple(columns)

    def _column(self) -> Name | NamePattern:
        token = self.token
        if token.pattern is None:
            return self.column_name()
        self.take()
        return NamePattern(token.pattern, place=self.since(token.start))

    def column_name(self, hint: str | None = None) -> Name:
        """A column's name in full.

        Raises: LanguageError when something else stands here.
        """
        token = self.token
        if token.kind is Kind.NAME and token.pattern is None:
            self.take()
            return Name(token.text, place=self.since(token.start))
        if token.pattern is not None:
            raise self.error(token, "a name without `*` had to follow", hint)
        if token.kind is Kind.KEYWORD:
            raise keyword_as_name(self)
        raise self.error(token, f"the name of a column had to follow, not {shown(token)}", hint)

    def _rename(self, command: Token) -> Rename:
        self.switch(Mode.PATTERN)
        self.need_more("Such as `RENAME old AS new`.")
        pairs = [self._pair()]
        while self.take_sign(","):
            self.need_after_comma()
            pairs.append(self._pair())
        return Rename(tuple(pairs), place=self.since(command.start))

    def _pair(self) -> tuple[Name, Name]:
        """`old AS new` or `new = old`; as (old, new)."""
        first = self.column_name()
        if self.take_sign("="):
            return self.column_name(), first
        if not self.is_plain("as"):
            hint = "Write `old AS new` or `new = old`."
            raise self.error(self.token, f"`AS` had to follow, not {shown(self.token)}", hint)
        self.take()
        return first, self.column_name()

    def _sort(self, command: Token) -> Sort:
        self.need_more("Such as `SORT @timestamp DESC`.")
        keys = [self._sort_key()]
        while self.take_sign(","):
            self.need_after_comma()
            keys.append(self._sort_key())
        return Sort(tuple(keys), place=self.since(command.start))

    def _sort_key(self) -> SortKey:
        start = self.token.start
        expression = self.condition()
        descending = self.is_word("desc")
        if self.is_word("asc", "desc"):
            self.take()
        nulls_first = self._nulls_first(descending)
        return SortKey(expression, descending, nulls_first, place=self.since(start))

    def _nulls_first(self, descending: bool) -> bool:
        if not self.is_word("nulls"):
            return descending
        self.take()
        if not self.is_plain("first", "last"):
            raise self.error(self.token, f"`FIRST` or `LAST` had to follow `NULLS`, not {shown(self.token)}")
        return self.take().text.lower() == "first"

    def _limit(self, command: Token) -> Limit:
        self.need_more("Such as `LIMIT 10`.")
        token = self.token
        count = token.value
        if token.kind is not Kind.NUMBER or not isinstance(count, int):
            raise self.error(token, "`LIMIT` needs a whole number, at least 0", "Such as `LIMIT 10`.")
        if count > _MOST_ROWS:
            raise self.error(token, f"`LIMIT` takes at most {_MOST_ROWS:,} rows")
        self.take()
        return Limit(count, place=self.since(command.start))

    def _mv_expand(self, command: Token) -> MvExpand:
        self.switch(Mode.PATTERN)
        self.need_more("Such as `MV_EXPAND event.action`.")
        column = self.column_name("`MV_EXPAND` takes one column.")
        return MvExpand(column, place=self.since(command.start))


def _group(field: Assignment) -> Assignment:
    """A group that is a column without another name is called as the column, however it is written."""
    group = field.expression
    if isinstance(group, Name) and group.place == field.place:
        return replace(field, name=group.name)
    return field
