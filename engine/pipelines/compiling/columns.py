"""KEEP, DROP and RENAME: they change which names there are, and nothing is left to do when the query runs."""

from dataclasses import replace

from engine.languages.esql.nodes import Drop, Keep, Name, NamePattern, Rename
from engine.pipelines.compiling.state import Compiling, written
from engine.pipelines.schema import Rest, fits


def keep(state: Compiling, command: Keep) -> None:
    """Only these columns."""
    for item in command.columns:
        _check(state, item)
    state.scope = state.scope.kept(command.columns)


def drop(state: Compiling, command: Drop) -> None:
    """All but these columns."""
    for item in command.columns:
        _check(state, item)
        if isinstance(item, Name):
            state.scope = state.scope.without(item.name)
        else:
            state.scope = state.scope.without_pattern(item.pattern)


def rename(state: Compiling, command: Rename) -> None:
    """Other names, one after the other."""
    for old, new in command.pairs:
        column = state.column(old)
        state.scope = state.scope.replaced(column, replace(column, name=new.name))


def _check(state: Compiling, item: Name | NamePattern) -> None:
    if isinstance(item, Name):
        state.column(item)
    elif not any(isinstance(entry, Rest) or fits(item.pattern, entry.name) for entry in state.scope.entries):
        state.refuse(item, f"No column fits [{written(item)}]", state.scope.why_not or None)
