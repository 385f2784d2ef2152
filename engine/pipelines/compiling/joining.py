"""LOOKUP JOIN over the tables that whoever compiles the query gives, and ENRICH, which has nothing to look in."""

from engine.languages.esql.nodes import Enrich, LookupJoin, Name
from engine.pipelines import operators
from engine.pipelines.commands.joining import Lookup, index_of
from engine.pipelines.compiling.state import Compiling
from engine.pipelines.operands import Operand
from engine.pipelines.tables import Table


def lookup(state: Compiling, command: LookupJoin) -> None:
    """Columns of a table where these agree; they come last, and replace others of the same name."""
    table = state.tables.get(command.table)
    if table is None:
        known = ", ".join(sorted(state.tables))
        hint = f"There are {known}." if known else "Tables are given beside the query."
        state.refuse(command, f"there is no table [{command.table[:80]}] to look in", hint)
    keys = []
    for name in command.on:
        _check(state, name, table)
        keys.append(state.find(name))
    names = {name.name for name in command.on}
    index = index_of([table.columns[name.name] for name in command.on])
    kinds = {name: kind for name, kind in table.schema.columns.items() if name not in names}
    slots = {state.define(name, kind).slot: table.columns[name] for name, kind in kinds.items()}
    state.steps.append(Lookup(tuple(keys), index, slots))


def _check(state: Compiling, name: Name, table: Table) -> None:
    kind = table.schema.columns.get(name.name)
    if kind is None:
        state.refuse(name, f"[{table.name[:80]}] has no column [{name.name[:80]}]")
    made = state.find(name)
    state.expressions().checked(name, (), lambda: operators.check_comparison("==", made.operand, Operand(kind)))


def enrich(state: Compiling, command: Enrich) -> None:
    """Refused: there are no policies."""
    state.refuse(command, "ENRICH is not supported: there are no enrich policies here", "LOOKUP JOIN looks in a table.")
