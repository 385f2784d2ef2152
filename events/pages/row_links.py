"""Where a value in the answer to an ES|QL query leads: into the same search, narrowed, or to the events behind a group.

A table has thousands of values, so none of them carries an address: each is a button of one form, which says column and
value, and the door makes the address. Rows that are events are narrowed by one more `WHERE`, whatever the column; of
groups a value is searched alone where its column is a field of the events.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from engine import LanguageError
from engine.fields import FieldType, field_type
from engine.indices import only_of_alerts
from engine.languages.esql.nodes import (
    Command,
    Dissect,
    Enrich,
    Eval,
    From,
    Grok,
    LookupJoin,
    Name,
    Query,
    Rename,
    Stats,
)
from engine.pipelines import Multivalue
from engine.pipelines.types import One, Type
from events.pages.clauses import LONGEST_VALUE, address, clause_of
from events.pages.rows_asked import MAX_QUERY_LENGTH, ROWS, RowsAsked
from events.pipelines import Prepared, prepare

_PLAIN = re.compile(r"[A-Za-z_@][A-Za-z0-9_@]*(?:\.[A-Za-z_@][A-Za-z0-9_@]*)*")
_WRITABLE = frozenset({Type.KEYWORD, Type.TEXT, Type.BOOLEAN, Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG, Type.IP,
                       Type.VERSION, Type.UNKNOWN})  # fmt: skip
MOST_COLUMNS = 200

_OF_SEVERAL = "[]"
_WRITTEN_AS_TEXT = frozenset({Type.IP, Type.VERSION})
Led = Callable[[One, bool], str]
"""What the button of a value says; True where it is one of several."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The value of a column that somebody follows; `several`: of a row that has more of them."""

    column: str
    value: str | int
    several: bool

    @property
    def condition(self) -> str:
        """That a row has it."""
        if self.several:
            return f"MV_CONTAINS({self.column}, {_literal(self.value)})"
        return f"{self.column} == {_literal(self.value)}"


def leads(prepared: Prepared, names: list[tuple[str, Type]], *, of_events: bool) -> list[Led | None]:
    """For each column what a value's button says, None where its values lead nowhere. The button of a value that no
    query can hold is empty."""
    fields = fields_by_column(prepared.query)
    return [
        _led(name, kind) if kind in _WRITABLE and _PLAIN.fullmatch(name) and (of_events or name in fields) else None
        for name, kind in names[:MOST_COLUMNS]
    ]


def _led(name: str, kind: Type) -> Led:
    def led(value: One, several: bool) -> str:
        if isinstance(value, str):
            told = _written(value) if kind not in _WRITTEN_AS_TEXT or not several else ""
        elif isinstance(value, datetime | float):
            told = ""
        elif isinstance(value, bool):
            told = "true" if value else "false"
        else:
            told = str(value) if isinstance(value, int) else "" if several else _written(str(value))
        return f"{name}{_OF_SEVERAL if several else ''}:{told}" if told else ""

    return led


def value_told(field: str, text: str) -> str:
    """What the button of a text would say, where all that is known of a value is its text; empty where that may not be
    what it is: numbers and addresses are written otherwise."""
    of_texts = field_type(field) in (FieldType.KEYWORD, FieldType.WILDCARD, FieldType.TEXT)
    told = _written(text) if of_texts and _PLAIN.fullmatch(field) else ""
    return f"{field}:{told}" if told else ""


def _written(text: str) -> str:
    """The text in quotes, as JSON has it; empty for one that no query holds."""
    if not text or len(text) > LONGEST_VALUE or not text.isprintable():
        return ""
    return json.dumps(text, ensure_ascii=False) if '"' in text or "\\" in text else f'"{text}"'


def address_of_value(asked: RowsAsked, text: str) -> str | None:
    """Where the value of a button leads; None for what no button says."""
    wanted = _read(text)
    if wanted is None or asked.prepared is None:
        return None
    if asked.prepared.compiled.aggregating:
        field = fields_by_column(asked.prepared.query).get(wanted.column)
        return alone(asked, asked.prepared, field, wanted.value) if field else None
    narrowed = f"{asked.text}\n| WHERE {wanted.condition}"
    if not _can_be_asked(narrowed, asked.values):
        return None
    return asked.url(reverse("events:search"), q=narrowed)


def _read(text: str) -> Wanted | None:
    column, colon, told = text[: LONGEST_VALUE * 8].partition(":")
    several = column.endswith(_OF_SEVERAL)
    column = column.removesuffix(_OF_SEVERAL)
    if not colon or not _PLAIN.fullmatch(column) or told.lstrip()[:1] in "[{":  # brackets by the thousand exhaust it
        return None
    try:
        value = json.loads(told)
        str(value).encode()  # half of a surrogate pair is no text
    except ValueError:
        return None
    return Wanted(column, value, several) if isinstance(value, str | int) else None


def _literal(value: str | int) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _can_be_asked(text: str, values: str) -> bool:
    try:
        prepare(text, limit=ROWS, multivalue=Multivalue.ANY if values else Multivalue.STRICT)
    except LanguageError:
        return False
    return len(text) <= MAX_QUERY_LENGTH


def alone(asked: RowsAsked, prepared: Prepared, field: str, value: str | int) -> str | None:
    """A search for the value alone, where the query looked: among events or alerts. None where no query holds it."""
    clause = clause_of(field, value)
    if clause is None:
        return None
    return address(reverse("events:search"), q=clause, from_=asked.start, to=asked.end, in_=_in(prepared.query))


def _in(query: Query) -> str:
    first = query.commands[0]
    return "alerts" if isinstance(first, From) and only_of_alerts(first.patterns) else ""


def fields_by_column(query: Query) -> dict[str, str]:
    """The groups of the last STATS that are fields of events as they are, by their columns."""
    grouped = [at for at, one in enumerate(query.commands) if isinstance(one, Stats) and not one.inline]
    if not grouped or not isinstance(query.commands[0], From):
        return {}
    before, last, after = query.commands[: grouped[-1]], query.commands[grouped[-1]], query.commands[grouped[-1] + 1 :]
    made = {name for command in before for name in _made(command)}
    if not isinstance(last, Stats) or any(isinstance(one, _UNFORESEEN) for one in before):
        return {}
    groups = {one.name: one.expression.name for one in last.by if isinstance(one.expression, Name)}
    fields = {column: field for column, field in groups.items() if field not in made}
    for command in after:
        _follow(fields, command)
    return fields


def _follow(fields: dict[str, str], command: Command) -> None:
    """What a command behind the grouping makes of the columns."""
    if isinstance(command, Rename):
        for old, new in command.pairs:
            source = fields.pop(old.name, None)
            fields.pop(new.name, None)
            if source is not None:
                fields[new.name] = source
    elif isinstance(command, _UNFORESEEN):
        fields.clear()
    else:
        for name in _made(command):
            fields.pop(name, None)


_UNFORESEEN = (Grok, Dissect, Enrich, LookupJoin)
"""What they make of a row is not told by their names alone: whatever stood there may be something else now."""


def _made(command: Command) -> list[str]:
    if isinstance(command, Eval):
        return [one.name for one in command.assignments]
    if isinstance(command, Rename):
        return [name.name for pair in command.pairs for name in pair]
    if isinstance(command, Stats):
        named = [
            one.name for one in command.by if not (isinstance(one.expression, Name) and one.expression.name == one.name)
        ]
        return [*named, *(one.name for one in command.aggregates)]
    return []
