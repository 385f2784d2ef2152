"""Whole queries of ES|QL: where rows come from, and the commands behind it.

    query = (from | row) { "|" command }
    from  = from source { "," source } [ metadata names | "[" metadata names "]" ]

Source: Elasticsearch's ES|QL reference, "Commands".
"""

from engine.errors import LanguageError
from engine.languages.esql.enriching import EnrichingReader
from engine.languages.esql.lexer import Kind, Mode, Token
from engine.languages.esql.mistakes import no_end
from engine.languages.esql.nodes import Command, From, Query, Row
from engine.languages.esql.reader import shown
from engine.languages.esql.unreadable import no_first_command, no_later_command, no_pipe

MAX_COMMANDS = 200
_FROM = "Such as `FROM logs-*`."


class QueryReader(EnrichingReader):
    """Reads a whole query."""

    def query(self) -> Query:
        """The query up to its last word.

        Raises: LanguageError with the place of what cannot be read.
        """
        commands: list[Command] = [self._first()]
        while self.is_sign("|"):
            self.take()
            self.switch(Mode.COMMAND)
            if len(commands) == MAX_COMMANDS:
                raise self.error(self.token, f"a query may have at most {MAX_COMMANDS} commands")
            commands.append(self._next())
        if self.token.kind is not Kind.END:
            raise self.leftover()
        return Query(self.source, tuple(commands))

    def begins_command(self, token: Token) -> bool:
        """Whether the word is the name of a command, so that one probably begins here."""
        return token.text.lower() in self.commands()

    def leftover(self) -> LanguageError:
        """The error when something follows that belongs to nothing before it."""
        missing = None if self.brackets else no_pipe(self, self.commands())
        return missing or no_end(self, self.command, bool(self.brackets))

    def _first(self) -> From | Row:
        token = self.token
        if token.kind is not Kind.NAME or token.text.lower() not in ("from", "row"):
            raise no_first_command(self)
        self._begin(token)
        return self._from(token) if token.text.lower() == "from" else self._row(token)

    def _next(self) -> Command:
        token = self.token
        readers = self.commands()
        reads = readers.get(token.text.lower())
        if reads is None or token.kind is not Kind.NAME:
            raise no_later_command(self, readers)
        self._begin(token)
        return reads(token)

    def _begin(self, command: Token) -> None:
        self.command = command.text.lower()
        self.take()
        self.switch(Mode.EXPRESSION)

    def _row(self, command: Token) -> Row:
        fields = self.fields("Such as `ROW a = 1`.")
        return Row(fields, place=self.since(command.start))

    def _from(self, command: Token) -> From:
        self.switch(Mode.SOURCE)
        self.need_more(_FROM)
        patterns = self._source()
        while self.take_sign(","):
            self.need_after_comma()
            patterns += self._source()
        metadata = self._metadata()
        return From(tuple(patterns), metadata, place=self.since(command.start))

    def _source(self) -> list[str]:
        """One pattern: `logs-*`, or in quotation marks one or more.

        Elasticsearch has `cluster:logs-*` for what other clusters hold, and `logs-*::failures` for what it could not
        index; it refuses the first where it knows no such cluster, as it is here.
        """
        token = self.token
        if token.kind is Kind.STRING:
            return self._quoted_source()
        if token.kind is not Kind.SOURCE or self.is_plain("metadata"):
            raise self._no_source(token)
        self.take()
        if self.is_sign(":"):
            raise self._elsewhere(token, token.text)
        if self.is_sign("::"):
            raise self._selector(token)
        return [token.text]

    def _quoted_source(self) -> list[str]:
        token = self.take()
        parts = [part.strip() for part in str(token.value).split(",")]
        if not all(parts):
            raise self.error(token, "an index pattern is empty", _FROM)
        for part in parts:
            if "::" in part:
                raise self._selector(token)
            if ":" in part:
                raise self._elsewhere(token, part.partition(":")[0])
        return parts

    def _elsewhere(self, token: Token, cluster: str) -> LanguageError:
        message = f"events of another cluster [{cluster[:60]}] are not here"
        return self.error(token, message, "Name the index alone, such as `FROM logs-*`.")

    def _selector(self, token: Token) -> LanguageError:
        message = "an index has no parts such as `::failures`: what is refused is no event"
        return self.error(token, message, "Name the index alone, such as `FROM logs-*`.")

    def _no_source(self, token: Token) -> LanguageError:
        if self.is_sign("("):
            return self.error(token, "queries inside `FROM` are not supported")
        return self.error(token, f"an index pattern had to follow, not {shown(token)}", _FROM)

    def _metadata(self) -> tuple[str, ...]:
        opening = self.take() if self.is_sign("[") else None
        if not self.is_plain("metadata"):
            if opening:
                raise self.error(self.token, f"`METADATA` had to follow, not {shown(self.token)}")
            return ()
        self.take()
        names = [self._metadata_field()]
        while self.take_sign(","):
            self.need_after_comma()
            names.append(self._metadata_field())
        if opening:
            self.expect_sign("]", "this bracket is never closed", "Close it with `]`.")
        return tuple(names)

    def _metadata_field(self) -> str:
        if self.token.kind is not Kind.SOURCE:
            message = f"the name of a metadata field had to follow, not {shown(self.token)}"
            raise self.error(self.token, message, "Such as `METADATA _id, _index`.")
        return self.take().text
