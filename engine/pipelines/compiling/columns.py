"""KEEP, DROP and RENAME: they change which names there are, and nothing is left to do when the query runs."""

from dataclasses import replace

from engine.languages.esql.nodes import Drop, Keep, Name, NamePattern, Rename
from engine.pipelines.compiling.state import Compiling, written
from engine.pipelines.schema import Rest, fits

_MOST_RESTS = 200
"""Each pattern of KEEP over events is a rest of its own, and patterns over patterns multiply them."""


def keep(state: Compiling, command: Keep) -> None:
    """Only these columns."""
    for item in command.columns:
        _check(state, item)
    patterns = sum(isinstance(item, NamePattern) for item in command.columns)
    if patterns * len(state.scope.rests) > _MOST_RESTS:
        state.refuse(command, f"KEEP may have at most {_MOST_RESTS} patterns, all those before it counted in")
    state.spend(command, patterns * len(state.scope))
    state.scope.keep(command.columns)


def drop(state: Compiling, command: Drop) -> None:
    """All but these columns."""
    for item in command.columns:
        _check(state, item)
        if isinstance(item, Name):
            state.scope.leave(item.name)
        else:
            state.scope.leave_pattern(item.pattern)


def rename(state: Compiling, command: Rename) -> None:
    """Other names, one after the other."""
    for old, new in command.pairs:
        column = state.column(old)
        state.spend(old, len(state.scope))
        state.scope.put(column, replace(column, name=new.name))


def _check(state: Compiling, item: Name | NamePattern) -> None:
    if isinstance(item, Name):
        state.column(item)
        return
    state.spend(item, len(state.scope))
    if not any(isinstance(entry, Rest) or fits(item.pattern, entry.name) for entry in state.scope.entries):
        state.refuse(item, f"No column fits [{written(item)}]", state.scope.why_not or None)
