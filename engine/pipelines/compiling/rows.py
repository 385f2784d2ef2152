"""Commands that look at one row at a time, and LIMIT and SORT."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.errors import PatternError
from engine.languages.esql.nodes import (
    Command,
    Completion,
    Dissect,
    Drop,
    Eval,
    Grok,
    Keep,
    Limit,
    MvExpand,
    Name,
    Rename,
    Row,
    Sort,
    SortKey,
    Where,
)
from engine.pipelines.commands.rows import Complete, Compute, Expand, Extract, Filter, First
from engine.pipelines.commands.sorting import Arrange, Order
from engine.pipelines.compiling.state import Compiling
from engine.pipelines.dissect import compile_dissect
from engine.pipelines.extracting import Extraction
from engine.pipelines.grok import compile_grok
from engine.pipelines.types import Type

_TEXTS = (Type.KEYWORD, Type.TEXT, Type.UNKNOWN, Type.NULL)
_WITHOUT_ORDER = (Type.GEO_POINT, Type.DATE_PERIOD, Type.TIME_DURATION)
_LET_ROWS_BE = (Eval, Keep, Drop, Rename, Grok, Dissect, Completion)


def where(state: Compiling, command: Where) -> None:
    """Rows of which the condition is true."""
    state.steps.extend(Filter(part) for part in state.expressions(choosing=True).conditions(command.condition))


def evaluate(state: Compiling, command: Eval | Row) -> None:
    """New columns, each of which the next can use. A column under a second name is not copied."""
    for assignment in command.assignments:
        node = assignment.expression
        if isinstance(node, Name):
            state.scope.add(replace(state.column(node), name=assignment.name))
            continue
        made = state.expressions().of(node)
        state.steps.append(Compute(state.define(assignment.name, made.type).slot, made))


def expand(state: Compiling, command: MvExpand) -> None:
    """A row for each value."""
    column = state.column(command.column)
    expanded = replace(column, slot=state.fresh(column.name))
    state.steps.append(Expand(column.slot, expanded.slot))
    state.scope.put(column, expanded)


def limit(state: Compiling, command: Limit) -> None:
    """The first rows."""
    state.limited = True
    state.steps.append(First(command.count))


def sort(state: Compiling, command: Sort, later: Sequence[Command]) -> None:
    """Rows in order. Where a LIMIT follows before anything counts rows, no more than its rows are held."""
    orders = tuple(_order(state, key) for key in command.keys)
    state.steps.append(Arrange(orders, _most(later)))


def _order(state: Compiling, key: SortKey) -> Order:
    made = state.expressions().of(key.expression)
    if made.type in _WITHOUT_ORDER:
        state.refuse(key.expression, f"{made.type.value} has no order, so it cannot be sorted by")
    return Order(made, key.descending, key.nulls_first)


def _most(later: Sequence[Command]) -> int | None:
    for command in later:
        if isinstance(command, Limit):
            return command.count
        if not isinstance(command, _LET_ROWS_BE):
            return None
    return None


def grok(state: Compiling, command: Grok) -> None:
    """Columns out of a text by the first of some patterns that fits."""
    _extract(state, command, lambda: compile_grok(*command.patterns))


def dissect(state: Compiling, command: Dissect) -> None:
    """Columns out of a text by what stands between them."""
    _extract(state, command, lambda: compile_dissect(command.pattern, command.append_separator))


def _extract(state: Compiling, command: Grok | Dissect, make: Callable[[], Extraction]) -> None:
    text = state.expressions().of(command.operand)
    if text.type not in _TEXTS:
        state.refuse(command.operand, f"columns are taken out of texts, and this is {text.type.value}")
    try:
        pattern = make()
    except PatternError as error:
        state.refuse(command, str(error))
    slots = {name: state.define(name, kind).slot for name, kind in pattern.columns}
    state.steps.append(Extract(text, pattern, slots))


def complete(state: Compiling, command: Completion) -> None:
    """What a language model answers; where there is none to ask that is told once all else is read."""
    prompt = state.expressions().of(command.prompt)
    if prompt.type not in _TEXTS:
        state.refuse(command.prompt, f"a prompt is a text, and this is {prompt.type.value}")
    model = str(dict(command.options).get("inference_id", ""))
    named, provider = state.define(command.target, Type.KEYWORD), state.provider
    if provider is None:
        state.asks_model = state.asks_model or command
        return
    state.steps.append(Complete(named.slot, prompt, lambda text: provider.complete(text, model=model)))
