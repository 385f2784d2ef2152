"""From the nodes of a query to a pipeline that can run."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.languages.esql.nodes import (
    Command,
    Completion,
    Dissect,
    Drop,
    Enrich,
    Eval,
    From,
    Grok,
    Keep,
    Limit,
    LookupJoin,
    MvExpand,
    Query,
    Rename,
    Row,
    Sort,
    Stats,
    Where,
)
from engine.pipelines.commands.source import OneRow
from engine.pipelines.compiled import CompiledQuery, Shown
from engine.pipelines.compiling import columns, joining, rows
from engine.pipelines.compiling.state import Compiling
from engine.pipelines.compiling.stats import stats
from engine.pipelines.completion import NeedsModel, Provider
from engine.pipelines.refusing import error_at
from engine.pipelines.schema import EVENTS, METADATA, Rest, ResultColumn, Schema
from engine.pipelines.scope import Scope, source_scope
from engine.pipelines.steps import Step
from engine.pipelines.tables import Table
from engine.pipelines.types import Multivalue

NO_TABLES: Mapping[str, Table] = MappingProxyType({})
_Compile = Callable[[Compiling, Any], None]


def compile_query(
    query: Query,
    source: Schema = EVENTS,
    *,
    multivalue: Multivalue = Multivalue.STRICT,
    completion: Provider | None = None,
    tables: Mapping[str, Table] = NO_TABLES,
    anywhere: bool = False,
) -> CompiledQuery:
    """The pipeline of a query over a source; LOOKUP JOIN looks in `tables`. Takes a few milliseconds.

    anywhere: events may be asked for words in any expression, as where conditions are shown as columns.

    Raises: LanguageError with the place of an unknown column, of a wrong type and the like; NeedsModel, which is one,
    for COMPLETION without a provider where nothing else is wrong.
    """
    first, *commands = query.commands
    state = Compiling(query.text, multivalue, _first_scope(query, first, source), completion, tables, anywhere=anywhere)
    if isinstance(first, Row):
        state.steps.append(OneRow())
        rows.evaluate(state, first)
    for number, command in enumerate(commands):
        _compile(state, command, commands[number + 1 :])
    if state.asks_model is not None:
        start, end = state.asks_model.place
        raise NeedsModel.at(query.text, start, end - start, "COMPLETION needs a language model")
    return _finished(query, state)


def _first_scope(query: Query, first: Command, source: Schema) -> Scope:
    if not isinstance(first, From):
        return Scope((), {}, documents=False, why_not="ROW makes a row out of nothing.")
    for name in first.metadata:
        if name not in METADATA:
            message = f"Unknown metadata field [{name[:80]}]"
            raise error_at(query.text, first.place, message, f"There are {', '.join(METADATA)}.")
    return source_scope(source, first.metadata)


def _compile(state: Compiling, command: Command, later: Sequence[Command]) -> None:
    if isinstance(command, Sort):
        rows.sort(state, command, later)
    else:
        _COMPILED[type(command)](state, command)


_COMPILED: Mapping[type[Command], _Compile] = {
    Where: rows.where,
    Eval: rows.evaluate,
    Stats: stats,
    Keep: columns.keep,
    Drop: columns.drop,
    Rename: columns.rename,
    Limit: rows.limit,
    Grok: rows.grok,
    Dissect: rows.dissect,
    MvExpand: rows.expand,
    Completion: rows.complete,
    LookupJoin: joining.lookup,
    Enrich: joining.enrich,
}


def _finished(query: Query, state: Compiling) -> CompiledQuery:
    """The pipeline without what nobody uses, from its end to its start."""
    shown = tuple(
        entry if isinstance(entry, Rest) else Shown(entry.slot, ResultColumn(entry.name, entry.type))
        for entry in state.scope.entries
    )
    keys = tuple(named.slot for named in state.by)
    used = frozenset({each.slot for each in shown if isinstance(each, Shown)} | set(keys))
    steps: list[Step] = []
    for step in reversed(state.steps):
        settled, used = step.settled(used)
        if settled is not None:
            steps.insert(0, settled)
    return CompiledQuery(
        query=query,
        fields=tuple(sorted(used)),
        whole=any(isinstance(each, Rest) for each in shown),
        shown=shown,
        aggregating=state.aggregating,
        at_once=all(step.row_wise for step in state.steps),
        by=tuple(named.name for named in state.by),
        key_slots=keys,
        hidden=state.hidden,
        steps=tuple(steps),
    )
