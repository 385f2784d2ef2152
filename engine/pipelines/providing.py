"""Where pipelines find the tables that they join: whoever keeps tables says once how one is found by its name.

A provider gives the same object while a table is the same: a query is compiled again when it gives another. Without a
provider there are none but those that are given beside a query.
"""

from collections.abc import Callable, Iterator

from engine.languages.esql.nodes import Enrich, LookupJoin, Query
from engine.pipelines.tables import Table

Provider = Callable[[str], Table | None]


def _none(_name: str) -> None:
    return None


_provider: list[Provider] = [_none]


def provide(provider: Provider) -> Provider:
    """Find tables this way from now on, in all of the process; gives back the way so far."""
    before = _provider[0]
    _provider[0] = provider
    return before


def table_called(name: str) -> Table | None:
    """The table of this name, None where there is none."""
    return _provider[0](name)


def joined_by(query: Query) -> tuple[str, ...]:
    """The names of the tables that a query joins, each once, in its order."""
    return tuple(dict.fromkeys(_joined(query)))


def tables_for(query: Query) -> dict[str, Table]:
    """The tables that a query joins, as far as they are there."""
    found = {name: table_called(name) for name in joined_by(query)}
    return {name: table for name, table in found.items() if table is not None}


def _joined(query: Query) -> Iterator[str]:
    for command in query.commands:
        if isinstance(command, LookupJoin):
            yield command.table
        elif isinstance(command, Enrich):
            yield policy_name(command)


def policy_name(command: Enrich) -> str:
    """The table that an ENRICH names; where a cluster would look it up (`_any:`, `_remote:`) means nothing here."""
    mode, colon, name = command.policy.partition(":")
    return name if colon and mode.lower() in ("_any", "_coordinator", "_remote") else command.policy
