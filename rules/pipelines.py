"""What the text of a pipeline says about itself: what it makes, what it ends with, and whether it asks for the time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from engine.languages.esql.nodes import (
    Assignment,
    Call,
    Command,
    Completion,
    Dissect,
    Enrich,
    Eval,
    Expression,
    Grok,
    Junction,
    LookupJoin,
    MvExpand,
    Name,
    Node,
    Query,
    Rename,
    Stats,
    Where,
)
from engine.pipelines.compiled import CompiledQuery, Shown
from engine.pipelines.compiling.joining import added_by_enrich, added_by_lookup
from engine.pipelines.providing import policy_name, table_called
from engine.plan import Pipeline, Plan
from engine.rule_types.esql import compiled, tables_named

REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as the query has it, and the columns that it asks for."""

    text: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A pipeline ready to run over what is kept of events, and what its alerts tell.

    `made`: the columns that the query makes itself. `of_rows`: the columns that exceptions are about once the query has
    run: these, and those of which a row is made for each value, so that one value takes no row of another along.
    `last`: the conditions that let a row out. `expanded`: the columns of which a row is made for each value.
    `unsteady`: the columns that say something of other events too, or of the time of the run. `tells_time`: whether it
    asks for the time of the run.
    """

    query: CompiledQuery
    made: frozenset[str]
    of_rows: frozenset[str]
    last: tuple[Condition, ...]
    expanded: tuple[str, ...]
    unsteady: frozenset[str]
    tells_time: bool


def asked_of(plan: Pipeline) -> Asked:
    """What a plan asks; compiled once a process, which costs some milliseconds, and again when a table that it joins
    changed. Asked once a run, it is the same in all of it.

    The columns of an event that the query does not name are left out: the event has them anyway.
    """
    if not tables_named(plan.text):
        return _asked_of(plan)
    found = compiled(plan)
    known = _joining.get(plan)
    if known is None or known[0] is not found:
        _joining[plan] = known = found, _told(found)
        while len(_joining) > MOST_JOINING:
            _joining.pop(next(iter(_joining)))
    return known[1]


MOST_JOINING = 128
_joining: dict[Pipeline, tuple[CompiledQuery, Asked]] = {}


@lru_cache(maxsize=REMEMBERED)
def _asked_of(plan: Pipeline) -> Asked:
    return _told(compiled(plan))


def _told(found: CompiledQuery) -> Asked:
    query, made = found.query, frozenset(_made(found))
    expanded = tuple(command.column.name for command in query.commands if isinstance(command, MvExpand))
    unsteady = frozenset(_unsteady(found))
    rowwise = {name for name in expanded if not found.aggregating or name in found.by}
    return Asked(
        _narrow(found), made, made | rowwise, tuple(_last(query, made)), expanded, unsteady, _asks_time(query.commands)
    )


def joins(plan: Plan | None) -> bool:
    """Whether events are kept and joined when the rule is settled; else each is judged as it comes."""
    return plan is not None and not (isinstance(plan, Pipeline) and plan.at_once)


def made_by(plan: Pipeline) -> frozenset[str]:
    """The columns that the query makes; what is said of them can be told only when it has run."""
    return asked_of(plan).made


def _narrow(found: CompiledQuery) -> CompiledQuery:
    if not found.whole:
        return found
    return replace(found, whole=False, shown=tuple(one for one in found.shown if isinstance(one, Shown)))


def _made(found: CompiledQuery) -> Iterator[str]:
    """What commands name or join, and the result's columns that no event has: those of GROK and DISSECT among them."""
    for command in found.query.commands:
        yield from _named(command)
    if any(isinstance(command, Grok | Dissect) for command in found.query.commands):
        yield from {column.name for column in found.columns} - set(found.fields)


def _named(command: Command) -> Iterable[str]:
    match command:
        case Eval(assignments):
            return [one.name for one in assignments]
        case Stats(aggregates, by):
            return [*(one.name for one in aggregates), *(one.name for one in by if not _is_field(one))]
        case Rename(pairs):
            return [new.name for _, new in pairs]
        case Completion(target):
            return [target]
        case LookupJoin(name) if (table := table_called(name)) is not None:
            return added_by_lookup(command, table)
        case Enrich() if (table := table_called(policy_name(command))) is not None:
            return [new for new, _ in added_by_enrich(command, table)]
    return []


def _unsteady(found: CompiledQuery) -> set[str]:
    """What follows from other events or from the time of the run, column by column down the pipeline."""
    loose: set[str] = set()
    for command in found.query.commands:
        for name, sources in _steps(command, found):
            if _asks_time(sources) or any(isinstance(one, Name) and one.name in loose for one in _nodes(sources)):
                loose.add(name)
            else:
                loose.discard(name)
        if isinstance(command, Stats | Completion):
            loose |= set(_named(command))
    return loose


def _steps(command: Command, found: CompiledQuery) -> Iterator[tuple[str, Sequence[Node]]]:
    """The columns that a command makes of others, one after the other."""
    match command:
        case Eval(assignments):
            yield from ((one.name, [one.expression]) for one in assignments)
        case Rename(pairs):
            yield from ((new.name, [old]) for old, new in pairs)
        case Grok(operand) | Dissect(operand):
            yield from ((name, [operand]) for name in _taken_out(found))
        case LookupJoin(_, on):
            yield from ((name, on) for name in _named(command))
        case Enrich(_, on):
            yield from ((name, [on] if on else []) for name in _named(command))


def _taken_out(found: CompiledQuery) -> set[str]:
    """The columns of the result that no event has and no command names: out of texts."""
    named = {name for command in found.query.commands for name in _named(command)}
    return {column.name for column in found.columns} - set(found.fields) - named


def _asks_time(some: Iterable[Any]) -> bool:
    return any(isinstance(node, Call) and node.name == "now" for node in _nodes(some))


def _is_field(group: Assignment) -> bool:
    """Whether a group is a column as it is, under its own name."""
    return isinstance(group.expression, Name) and group.expression.name == group.name


def _last(query: Query, made: frozenset[str]) -> Iterator[Condition]:
    """After the last STATS all conditions; where there is none, those about what the query made."""
    grouped = [at for at, one in enumerate(query.commands) if isinstance(one, Stats) and not one.inline]
    rest = query.commands[grouped[-1] + 1 :] if grouped else query.commands
    for command in rest:
        if isinstance(command, Where):
            for part in _conjuncts(command.condition):
                columns = tuple(dict.fromkeys(one.name for one in _nodes([part]) if isinstance(one, Name)))
                if grouped or not made.isdisjoint(columns):
                    yield Condition(query.text[part.place.start : part.place.end].strip(), columns)


def _conjuncts(condition: Expression) -> Sequence[Expression]:
    if isinstance(condition, Junction) and condition.word == "and":
        return [part for operand in condition.operands for part in _conjuncts(operand)]
    return [condition]


def _nodes(some: Iterable[Any]) -> Iterator[Node]:
    """These nodes and all in them; the parser bounds how deep they lie."""
    waiting = list(some)
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, Node):
            yield one
            waiting[:0] = [getattr(one, field.name) for field in fields(one)]
        elif isinstance(one, tuple):
            waiting[:0] = one
