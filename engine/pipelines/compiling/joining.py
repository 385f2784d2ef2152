"""LOOKUP JOIN and ENRICH over the tables that whoever compiles the query gives.

LOOKUP JOIN looks by columns that the table and the rows have both; ENRICH by the table's first column, whatever the
rows call it. A value list is found by its values, and adds one column that says so.
"""

from collections.abc import Iterable

from engine.languages.esql.nodes import Enrich, LookupJoin, Name, Node
from engine.pipelines import operators
from engine.pipelines.commands.enriching import Enriching
from engine.pipelines.commands.joining import Lookup, index_of
from engine.pipelines.compiling.state import Compiling
from engine.pipelines.operands import Operand
from engine.pipelines.providing import policy_name
from engine.pipelines.tables import Index, Table
from engine.pipelines.types import Type


def lookup(state: Compiling, command: LookupJoin) -> None:
    """Columns of a table where these agree; they come last, and replace others of the same name."""
    table = _table(state, command, command.table)
    if table.index is not None and len(command.on) > 1:
        state.refuse(command, f"[{table.name[:80]}] is a list of values, which is joined by one column")
    for name in command.on:
        _check(state, name, _key_type(state, name, table))
    keys = tuple(state.find(name) for name in command.on)
    index: Index = table.index or index_of([table.columns[name.name] for name in command.on])
    added = added_by_lookup(command, table)
    slots = {state.define(name, table.schema.columns[name]).slot: table.columns[name] for name in added}
    state.steps.append(Lookup(keys, index, slots))


def enrich(state: Compiling, command: Enrich) -> None:
    """Columns of a table where its first column is one of the values; several rows come together in one."""
    table = _table(state, command, policy_name(command))
    on = command.on or _key_name(state, command, table)
    _check(state, on, table.key if table.index is not None else next(iter(table.schema.columns.values())))
    for _, name in command.fields:
        if name not in table.schema.columns:
            state.refuse(command, f"[{table.name[:80]}] has no column [{name[:80]}]", _there_are(table.columns))
    key = state.find(on)
    index: Index = table.index or index_of([next(iter(table.columns.values()))])
    pairs = added_by_enrich(command, table)
    slots = {state.define(new, table.schema.columns[name]).slot: name for new, name in pairs}
    kinds = {slot: table.schema.columns[name] for slot, name in slots.items()}
    columns = {slot: table.columns[name] for slot, name in slots.items()}
    state.steps.append(Enriching(key, index, columns, kinds))


def added_by_lookup(command: LookupJoin, table: Table) -> list[str]:
    """The columns that a LOOKUP JOIN adds: the table's but those it is joined by."""
    names = {name.name for name in command.on}
    return [name for name in table.schema.columns if table.index is not None or name not in names]


def added_by_enrich(command: Enrich, table: Table) -> list[tuple[str, str]]:
    """The columns that an ENRICH adds, as new and old name: those that it names, else all but the first."""
    rest = list(table.schema.columns)[0 if table.index is not None else 1 :]
    return list(command.fields) or [(name, name) for name in rest]


def _table(state: Compiling, command: Node, name: str) -> Table:
    table = state.tables.get(name)
    if table is None:
        hint = _there_are(state.tables) if state.tables else "Make a list of that name, or give one beside the query."
        state.refuse(command, f"there is no table [{name[:80]}] to look in", hint)
    return table


def _there_are(names: Iterable[str]) -> str:
    return f"There are {', '.join(sorted(names)[:20])}."


def _key_type(state: Compiling, name: Name, table: Table) -> Type:
    if table.index is not None:
        return table.key
    kind = table.schema.columns.get(name.name)
    if kind is None:
        state.refuse(name, f"[{table.name[:80]}] has no column [{name.name[:80]}]", _there_are(table.columns))
    return kind


def _key_name(state: Compiling, command: Enrich, table: Table) -> Name:
    if table.index is not None:
        state.refuse(command, f"[{table.name[:80]}] is a list of values: say ON which column")
    return Name(next(iter(table.schema.columns)), place=command.place)


def _check(state: Compiling, name: Name, kind: Type) -> None:
    made = state.find(name)
    state.expressions().checked(name, (), lambda: operators.check_comparison("==", made.operand, Operand(kind)))
