"""What became of one event on its way through a rule's pipeline: command by command, with the values that decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import (
    Assignment,
    Command,
    Eval,
    Expression,
    Junction,
    Keep,
    Limit,
    Literal,
    Name,
    Node,
    Query,
    Stats,
    Where,
)
from engine.languages.esql.walking import walk
from engine.pipelines import Multivalue, Result, compile_query
from engine.pipelines.reading import to_json
from engine.plan import Pipeline
from engine.running.events import Event
from engine.running.pipelines import found_rows, run_over
from engine.tree import text_of

LONGEST = 300
MOST_VALUES = 20
_MARK = " row"


@dataclass(frozen=True, slots=True)
class _Way:
    """A pipeline, the events it runs over, and the one that is followed."""

    plan: Pipeline
    query: Query
    events: Sequence[Event]
    event: Event
    now: datetime

    @property
    def number(self) -> int:
        return next(number for number, one in enumerate(self.events) if one.line == self.event.line)

    def result(self, commands: Sequence[Command]) -> Result:
        """The rows after these commands."""
        multivalue = Multivalue.ANY if self.plan.any_match else Multivalue.STRICT
        return run_over(
            compile_query(Query(self.query.text, tuple(commands)), multivalue=multivalue, anywhere=True),
            self.events,
            self.now,
        )

    def rows(self, commands: Sequence[Command], columns: Sequence[Assignment], shown: Sequence[str]) -> list[Any]:
        """The rows that came from the event, each a dictionary of the made and the shown columns."""
        made = Eval((Assignment(_MARK, Literal(True)), *columns))
        names = dict.fromkeys([_MARK, *(column.name for column in columns), *shown])
        result = self.result([*commands, made, Keep(tuple(map(Name, names)))])
        rows = zip(result.origins, result.row_dicts(), strict=True)
        return [row for origins, row in rows if self.number in origins]


def told_of_rows(plan: Pipeline, events: Sequence[Event], event: Event, now: datetime) -> dict[str, Any]:
    """What became of the event: `commands`, each with how many rows of the event are left after it and for WHERE what
    its conditions came to; at the end the `row` that it is in, and the `conditions` after the last STATS. Of a group
    that does not pass them the row is the one that the last STATS made.

    `matched` says whether a row is left. Costs a run of the pipeline for each command.
    Raises: LanguageError when the query is no longer accepted.
    """
    way = _Way(plan, parse_esql(plan.text), _needed(plan, events, event), event, now)
    told = list(_commands(way))
    left = bool(told) and told[-1]["rows"] > 0
    answer: dict[str, Any] = {"matched": left, "commands": told}
    answer["row"] = _final_row(way) if left else _group_row(way, told)
    if plan.aggregating:
        answer["conditions"] = _final(way.query, told)
    return answer if left else answer | {"why_not": _why_not(told)}


def _needed(plan: Pipeline, events: Sequence[Event], event: Event) -> Sequence[Event]:
    """The event alone where no command looks at another."""
    if not plan.at_once and any(one.line == event.line for one in events):
        return events
    return [event] if plan.at_once else [*events, event]


def _commands(way: _Way) -> Iterator[dict[str, Any]]:
    """The commands in order, up to the one after which no row of the event is left."""
    commands = way.query.commands
    alone = replace(way, events=[way.event])
    for at, command in enumerate(commands):
        along = alone if not any(map(_looks_further, commands[: at + 1])) else way
        told: dict[str, Any] = {"command": _text(way.query, command)}
        if isinstance(command, Where):
            told["conditions"] = list(_conditions(along, commands[:at], command))
        told["rows"] = len(along.rows(commands[: at + 1], (), ()))
        yield told
        if told["rows"] == 0:
            return


def _looks_further(command: Command) -> bool:
    """Whether a command looks at more than one row."""
    return isinstance(command, Stats | Limit)


def _conditions(way: _Way, before: Sequence[Command], where: Where) -> Iterator[dict[str, Any]]:
    """What the conditions that WHERE joins with `and` came to for the row of the event of which most hold."""
    parts = list(_conjuncts(where.condition))
    made = [Assignment(f" {number}", part) for number, part in enumerate(parts)]
    names = [list(dict.fromkeys(node.name for node in walk(part) if isinstance(node, Name))) for part in parts]
    rows = way.rows(before, made, [name for some in names for name in some])
    if not rows:
        return
    best = max(rows, key=lambda row: sum(row[one.name] is True for one in made))
    for part, assignment, asked in zip(parts, made, names, strict=True):
        value = to_json(best[assignment.name])
        yield _judged(_text(way.query, part), value, {name: _shown(best[name]) for name in asked})


def _judged(clause: str, value: Any, values: dict[str, Any]) -> dict[str, Any]:
    """A condition in the form of a clause of other languages (engine/running/whynot.py), and besides what it came to
    (`value`; null is neither true nor false) and the `values` of its columns."""
    told = [(name, one) for name, some in values.items() for one in (some if isinstance(some, list) else [some])]
    found = [_found(name, one, len(values)) for name, one in told if one is not None]
    told_as_clause = {"clause": clause, "held": value is True, "field": ", ".join(values) or None, "found": found}
    return told_as_clause | {"asked": clause, "value": value, "values": values}


def _found(name: str, value: Any, columns: int) -> str:
    text = text_of(value)
    return text if columns == 1 else f"{name}: {text}"


def _conjuncts(node: Expression) -> Iterator[Expression]:
    if isinstance(node, Junction) and node.word == "and":
        for operand in node.operands:
            yield from _conjuncts(operand)
    else:
        yield node


def _shown(value: Any) -> Any:
    plain = to_json(value)
    if isinstance(plain, list):
        return [_shown(one) for one in plain[:MOST_VALUES]]
    return plain[:LONGEST] if isinstance(plain, str) else plain


def _final_row(way: _Way) -> dict[str, Any] | None:
    rows = found_rows(way.plan, way.events, way.now)
    return next((row for lines, row in rows if way.event.line in lines), None)


def _last_stats(query: Query) -> int | None:
    grouped = [at for at, command in enumerate(query.commands) if isinstance(command, Stats) and not command.inline]
    return grouped[-1] if grouped else None


def _group_row(way: _Way, told: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The row of the event's group as the last STATS made it, for an event that came that far and no further."""
    at = _last_stats(way.query)
    if at is None or len(told) <= at or told[at]["rows"] == 0:
        return None
    result = way.result(way.query.commands[: at + 1])
    rows = zip(result.origins, result.row_dicts(), strict=True)
    row = next(row for origins, row in rows if way.number in origins)
    return {name: to_json(value) for name, value in row.items()}


def _final(query: Query, told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the conditions after the last STATS came to, as far as the event's row got there."""
    at = _last_stats(query)
    after = [] if at is None else told[at + 1 :]
    return [condition for command in after for condition in command.get("conditions", ())]


def _why_not(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first condition that does not hold in the command that left no row; else that command."""
    last = told[-1]
    failing = [condition for condition in last.get("conditions", ()) if not condition["held"]]
    return failing[0] if failing else _judged(last["command"], None, {})


def _text(query: Query, node: Node) -> str:
    written = " ".join(query.text[node.place.start : node.place.end].split())
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"
