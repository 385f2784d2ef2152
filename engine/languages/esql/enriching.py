"""The commands that take columns out of a text, or from elsewhere: GROK, DISSECT, COMPLETION, LOOKUP JOIN, ENRICH.

Source: Elasticsearch's ES|QL reference, "Commands".
"""

from collections.abc import Callable

from engine.languages.esql.commands import CommandReader
from engine.languages.esql.lexer import Kind, Mode, Token
from engine.languages.esql.nodes import (
    Command,
    Completion,
    Dissect,
    Enrich,
    Grok,
    LookupJoin,
    Name,
)
from engine.languages.esql.primaries import Options
from engine.languages.esql.reader import shown

_ENDPOINT = 'Such as `COMPLETION answer = prompt WITH {"inference_id": "my-endpoint"}`.'
_JOIN = "Such as `LOOKUP JOIN hosts ON host.id`."
_ENRICH = "Such as `ENRICH policy ON host.id WITH owner`."


class EnrichingReader(CommandReader):
    """Reads these commands beside the others."""

    def commands(self) -> dict[str, Callable[[Token], Command]]:
        """What reads each command once its name has been taken."""
        return super().commands() | {
            "grok": self._grok,
            "dissect": self._dissect,
            "completion": self._completion,
            "lookup": self._lookup_join,
            "enrich": self._enrich,
        }

    def _grok(self, command: Token) -> Grok:
        hint = 'Such as `GROK message "%{IP:address} %{GREEDYDATA:rest}"`.'
        self.need_more(hint)
        operand = self.primary()
        patterns = [self.text_literal("a text, the pattern,", hint)]
        while self.take_sign(","):
            patterns.append(self.text_literal("a text, the next pattern,", hint))
        return Grok(operand, tuple(patterns), place=self.since(command.start))

    def _dissect(self, command: Token) -> Dissect:
        hint = 'Such as `DISSECT message "%{user}@%{host}"`.'
        self.need_more(hint)
        operand = self.primary()
        pattern = self.text_literal("a text, the pattern,", hint)
        separator = "" if self.is_over() else self._append_separator()
        return Dissect(operand, pattern, separator, place=self.since(command.start))

    def _append_separator(self) -> str:
        if not self.is_plain("append_separator"):
            raise self.error(
                self.token, f"{shown(self.token)} is no option of `DISSECT`", 'Such as `APPEND_SEPARATOR = ","`.'
            )
        self.take()
        self.expect_sign("=", f"`=` had to follow, not {shown(self.token)}", 'Such as `APPEND_SEPARATOR = ","`.')
        return self.text_literal("a text, the separator,")

    def _completion(self, command: Token) -> Completion:
        self.need_more(_ENDPOINT)
        target = self.target() if self.token.kind is Kind.NAME else None
        prompt = self.primary()
        if not self.is_word("with"):
            raise self.error(self.token, f"`WITH` had to follow, not {shown(self.token)}", _ENDPOINT)
        self.take()
        options = self.options() if self.is_sign("{") else self._endpoint()
        if target is None and self.is_word("as"):
            self.take()
            target = self.column_name().name
        return Completion(target or "completion", prompt, options, place=self.since(command.start))

    def _endpoint(self) -> Options:
        """The older form: the endpoint's name alone."""
        token = self.token
        if token.kind not in (Kind.NAME, Kind.STRING):
            raise self.error(token, f"options had to follow `WITH`, not {shown(token)}", _ENDPOINT)
        self.take()
        return (("inference_id", token.text if token.kind is Kind.NAME else str(token.value)),)

    def _lookup_join(self, command: Token) -> LookupJoin:
        if not self.is_plain("join"):
            raise self.error(self.token, f"`JOIN` had to follow `LOOKUP`, not {shown(self.token)}", _JOIN)
        self.take()
        self.switch(Mode.SOURCE)
        table = self._table()
        self._take_on(_JOIN)
        self.switch(Mode.EXPRESSION)
        columns = [self._join_column()]
        while self.take_sign(","):
            self.need_after_comma()
            columns.append(self._join_column())
        return LookupJoin(table, tuple(columns), place=self.since(command.start))

    def _table(self) -> str:
        token = self.token
        if token.kind not in (Kind.SOURCE, Kind.STRING) or self.is_plain("on"):
            raise self.error(token, f"the name of a table had to follow, not {shown(token)}", _JOIN)
        self.take()
        return token.text if token.kind is Kind.SOURCE else str(token.value)

    def _join_column(self) -> Name:
        name = self.column_name(_JOIN)
        if self.is_sign("==", "!=", "<", "<=", ">", ">="):
            raise self.error(self.token, "`LOOKUP JOIN` by a comparison is not supported", _JOIN)
        return name

    def _take_on(self, hint: str) -> None:
        if not self.is_plain("on"):
            raise self.error(self.token, f"`ON` had to follow, not {shown(self.token)}", hint)
        self.take()

    def _enrich(self, command: Token) -> Enrich:
        self.switch(Mode.POLICY)
        policy = self._policy()
        self.switch(Mode.PATTERN)
        on = None
        if self.is_plain("on"):
            self.take()
            on = self.column_name(_ENRICH)
        fields = self._enrich_fields() if self.is_plain("with") else ()
        return Enrich(policy, on, fields, place=self.since(command.start))

    def _policy(self) -> str:
        token = self.token
        if token.kind not in (Kind.SOURCE, Kind.STRING):
            raise self.error(token, f"the name of a policy had to follow, not {shown(token)}", _ENRICH)
        self.take()
        return token.text if token.kind is Kind.SOURCE else str(token.value)

    def _enrich_fields(self) -> tuple[tuple[str, str], ...]:
        self.take()
        fields = [self._enrich_field()]
        while self.take_sign(","):
            self.need_after_comma()
            fields.append(self._enrich_field())
        return tuple(fields)

    def _enrich_field(self) -> tuple[str, str]:
        """`new = field` or `field`; as (new, field)."""
        first = self.column_name(_ENRICH).name
        return (first, self.column_name(_ENRICH).name) if self.take_sign("=") else (first, first)
