"""The row of a pipeline as its alert's page tells it, read from what was kept with the alert.

What the query makes and what events have anyway is told by the query of the revision that raised the alert.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from alerts.facts import EsqlFacts, RowColumn
from alerts.models import Alert, Kind
from alerts.selectors.joined_shapes import KeptEvent
from alerts.selectors.row_shapes import CellGroup, Made, MadeRow, MetCondition, Pivot, RowCell
from alerts.selectors.spans import span_of
from engine import EngineError, Logic
from engine.pipelines import Multivalue
from engine.pipelines.schema import METADATA
from engine.plan import Pipeline
from events.pages.clauses import clause_of, narrowed
from events.pages.rows_asked import MAX_QUERY_LENGTH
from rules.pipelines import made_by

_FIRST = (Made.GROUP, Made.QUERY, Made.EVENT)
_SECOND = timedelta(seconds=1)
_TICK = timedelta(milliseconds=1)
_MOST_CLAUSES = 6


def row_told(alert: Alert, facts: EsqlFacts, events: Sequence[KeptEvent], logic: Logic | None) -> MadeRow:
    """The row of an alert of kind `row` or `group`."""
    plan = logic.plan if logic and isinstance(logic.plan, Pipeline) else None
    cells, nulls = _cells(facts, _made(plan))
    first, last = datetime.fromisoformat(facts.start), datetime.fromisoformat(facts.end)
    window = facts.window and (datetime.fromisoformat(facts.window.start), datetime.fromisoformat(facts.window.end))
    return MadeRow(
        grouped=alert.kind == Kind.GROUP,
        groups=tuple(_groups(cells)),
        nulls=nulls,
        conditions=tuple(
            MetCondition(one.text, tuple((value.name, value.value) for value in one.values)) for one in facts.conditions
        ),
        count=facts.count,
        first=first,
        last=last,
        span=span_of(last - first),
        window=window or None,
        events=tuple(sorted(events, key=lambda event: event.at)),
        of_events=_to_events(cells, first, last) if alert.kind == Kind.GROUP else None,
        of_query=_to_query(plan, _values(alert, plan), window or (first, last + _SECOND)),
    )


def _made(plan: Pipeline | None) -> frozenset[str] | None:
    """The columns that the query makes; None where this version cannot tell."""
    try:
        return made_by(plan) if plan else None
    except EngineError:
        return None


def _cells(facts: EsqlFacts, made: frozenset[str] | None) -> tuple[list[RowCell], tuple[str, ...]]:
    """The columns with values, and the names of the others; what the event is called (`_id`) is left out."""
    columns = [column for column in facts.columns if column.name not in METADATA or column.name in facts.by]
    nulls = tuple(column.name for column in columns if column.value is None or column.value == [])
    return [_cell(column, facts.by, made) for column in columns if column.name not in nulls], nulls


def _cell(column: RowColumn, by: Sequence[str], made: frozenset[str] | None) -> RowCell:
    values = column.value if isinstance(column.value, list) else [column.value]
    is_field = column.name not in made if made is not None else not column.name.startswith("Esql")
    origin = Made.GROUP if column.name in by else Made.EVENT if is_field else Made.QUERY
    kept = len(column.value) if isinstance(column.value, list | str) else 0
    left_out = max(column.of - kept, 0) if column.of else 0
    return RowCell(column.name, column.type, tuple(values), origin, is_field, left_out)


def _groups(cells: Sequence[RowCell]) -> Iterable[CellGroup]:
    for made in _FIRST:
        if some := tuple(cell for cell in cells if cell.made is made):
            yield CellGroup(made, some)


# ---------- ways to the events ----------


def _to_events(cells: Sequence[RowCell], first: datetime, last: datetime) -> Pivot | None:
    """The events of the group, by those of its names that events have as they are."""
    query = ""
    for cell in [one for one in cells if one.made is Made.GROUP and one.is_field][:_MOST_CLAUSES]:
        clause = clause_of(cell.name, cell.values[0])
        if clause:
            query = narrowed(query, clause)
    return Pivot(query, _iso(first), _iso(last + _SECOND)) if query else None


def _values(alert: Alert, plan: Pipeline | None) -> str:
    """How the rule compares fields with several values: as its file says, or what people set over it here."""
    set_here = alert.rule.overrides.get("multivalue")
    any_match = set_here == Multivalue.ANY if set_here else bool(plan and plan.any_match)
    return Multivalue.ANY.value if any_match else ""


def _to_query(plan: Pipeline | None, values: str, window: tuple[datetime, datetime]) -> Pivot | None:
    """The rule's query over the time that the row came from. A window has both its ends, a search only its start."""
    if plan is None or len(plan.text) > MAX_QUERY_LENGTH:
        return None
    return Pivot(plan.text.strip(), _iso(window[0]), _iso(window[1] + _TICK), "esql", values)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
