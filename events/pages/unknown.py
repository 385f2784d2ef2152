"""Fields that a search asks for and that nothing seems to have, for an answer in which they are not."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from engine.indices import index_matches, only_of_alerts
from engine.joining.candidates import fields_of as joined_by
from engine.languages.esql.nodes import From
from engine.pipelines.schema import METADATA
from engine.plan import parts_of
from engine.tree import fields_of
from events.completing import Unknown, unknown_fields
from events.pages.asked import Asked
from events.pages.rows_asked import RowsAsked

_ALERT = ".alerts-security.alerts-default"


def unknown_in(asked: Asked | RowsAsked, team_ids: Sequence[int], now: datetime) -> tuple[Unknown, ...]:
    """The first few of them; a name that either alerts or events have is told only where the others alone are asked.

    Costs a look at the newest of each that is asked, and nothing where all names are known.
    """
    indices = _indices(asked)
    of_alerts = index_matches(indices, _ALERT)
    found = unknown_fields(_names(asked), of_alerts=of_alerts, team_ids=team_ids, now=now)
    if not (found and of_alerts) or only_of_alerts(indices):
        return found
    absent = {one.name for one in _of_events(found, team_ids, now)}
    return tuple(one for one in found if one.name in absent)


def _of_events(found: Iterable[Unknown], team_ids: Sequence[int], now: datetime) -> tuple[Unknown, ...]:
    return unknown_fields([one.name for one in found], of_alerts=False, team_ids=team_ids, now=now)


def _indices(asked: Asked | RowsAsked) -> Sequence[str]:
    if isinstance(asked, Asked):
        return asked.indices
    first = asked.prepared.query.commands[0] if asked.prepared else None
    return first.patterns if isinstance(first, From) else ()


def _names(asked: Asked | RowsAsked) -> set[str]:
    """The fields that it asks for, those that steps are joined by among them."""
    if isinstance(asked, RowsAsked):
        return _columns(asked)
    if asked.eql is not None and asked.eql.plan is not None:
        parts = parts_of(asked.eql.tree, asked.eql.plan, ())
        return joined_by(asked.eql.plan).union(*(fields_of(part.tree) for part in parts))
    return set(fields_of(asked.tree)) if asked.tree is not None else set()


def _columns(asked: RowsAsked) -> set[str]:
    if asked.prepared is None:
        return set()
    compiled = asked.prepared.compiled
    names = {name for name in compiled.fields if name not in compiled.hidden and name not in METADATA}
    return names.union(*(fields_of(tree) for tree in compiled.hidden.values()))
