"""What the searches of a guide find: numbers for all of them at once, and the newest few of one.

Everything is bounded in time. A number that was not finished says so; nothing ("none") is an answer like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from alerts.guides.alerts_found import alerts_found
from alerts.guides.pivoting import ShownPivot
from alerts.guides.seen import Seen, named, rare
from alerts.selectors.shapes import AlertBrief
from engine import Tree, parse_kql
from engine.pivots import Table
from events import store
from events.by_columns import column_of, count_by_columns, tells_all, values_by_columns
from events.searching import ORDINARY
from events.stored import StoredEvent
from events.summing import Counted, count_with_newest

EACH_SECONDS = 0.1
"""For what columns do not tell documents are read, a block for nearly each: some thirty of them in this time. A column
more for each field that guides ask about (a path, a hash, a program's name) would make every event dearer to store, to
spare seconds of who opens one search; what was not counted to the end says so, and is counted on when asked to."""
AGAIN_SECONDS = 1.0
"""For each that was not finished; asked for by the page once everything else of it is there."""
ALL_SECONDS, ALL_AGAIN_SECONDS = 1.5, 2.5
LONGER_SECONDS = 8.0
SHOWN = 5
NOT_YET = Counted(0, False, True)


@dataclass(frozen=True, slots=True)
class Answer:
    """How many a search found, and the newest few: events, values of a field with their numbers, alerts, or values
    with their hosts."""

    total: Counted
    events: Sequence[StoredEvent] = ()
    values: Sequence[tuple[str, int]] = ()
    alerts: Sequence[AlertBrief] = ()
    seen: Sequence[Seen] = ()


def count_all(
    shown: Iterable[ShownPivot], team_ids: Sequence[int], *, alert_id: int, again: bool = False
) -> list[tuple[ShownPivot, Counted]]:
    """The number behind each search, each within its budget and all within theirs; a question that several steps ask
    is asked once. `again`: those that were not finished, with more time."""
    each, deadline = EACH_SECONDS, monotonic() + ALL_SECONDS
    if again:
        each, deadline = AGAIN_SECONDS, monotonic() + ALL_AGAIN_SECONDS
    known: dict[object, Counted] = {}
    for one in shown:
        if one.can_be_asked and one.pivot.asks not in known:
            left = min(each, deadline - monotonic())
            asked = left > 0.01
            known[one.pivot.asks] = answer_of(one, team_ids, alert_id, left, newest=0).total if asked else NOT_YET
    return [(one, known[one.pivot.asks]) for one in shown if one.can_be_asked]


def answer_of(shown: ShownPivot, team_ids: Sequence[int], alert_id: int, seconds: float, newest: int = SHOWN) -> Answer:
    """What one search finds within so many seconds."""
    tree = parse_kql(shown.pivot.query)
    if shown.pivot.table is Table.ALERTS:
        return Answer(*_alerts(shown, tree, team_ids, alert_id, seconds, newest))
    if shown.pivot.table is Table.SEEN:
        return _seen(shown, tree, team_ids, seconds)
    if shown.pivot.by:
        return _values(shown, tree, team_ids, seconds)
    return _events(shown, tree, team_ids, seconds, newest)


def _events(shown: ShownPivot, tree: Tree, team_ids: Sequence[int], seconds: float, newest: int) -> Answer:
    window = shown.window
    deadline = monotonic() + seconds
    if tells_all(tree):
        found = count_by_columns(tree=tree, window=window, team_ids=team_ids, newest=newest, budget_seconds=seconds)
        if not found.total.capped or not newest:
            return Answer(found.total, found.newest)
        return Answer(found.total, _newest(shown, tree, team_ids, deadline, newest))
    if not newest:
        return Answer(_count(shown, tree, team_ids, seconds))
    total, events = count_with_newest(
        tree=tree, window=window, team_ids=team_ids, indices=ORDINARY, newest=newest, budget_seconds=seconds
    )
    return Answer(total, events)


def _count(shown: ShownPivot, tree: Tree, team_ids: Sequence[int], seconds: float) -> Counted:
    return store.count(tree=tree, window=shown.window, team_ids=team_ids, indices=ORDINARY, budget_seconds=seconds)


def _newest(
    shown: ShownPivot, tree: Tree, team_ids: Sequence[int], deadline: float, newest: int
) -> Sequence[StoredEvent]:
    page = store.search(
        tree=tree,
        window=shown.window,
        team_ids=team_ids,
        indices=ORDINARY,
        limit=newest,
        budget_seconds=max(deadline - monotonic(), 0.05),
    )
    return page.events


def _values(shown: ShownPivot, tree: Tree, team_ids: Sequence[int], seconds: float) -> Answer:
    field = shown.pivot.by
    if tells_all(tree) and column_of(field):
        exact = values_by_columns(
            field=field, tree=tree, window=shown.window, team_ids=team_ids, top=SHOWN, budget_seconds=seconds
        )
        return Answer(exact.total, values=exact.most)
    found = store.terms(
        field=field,
        tree=tree,
        window=shown.window,
        team_ids=team_ids,
        indices=ORDINARY,
        top=_MOST_VALUES,
        budget_seconds=seconds,
    )
    total = Counted(len(found.values), len(found.values) == _MOST_VALUES or found.total.capped, found.total.stopped)
    return Answer(total, values=found.values[:SHOWN])


_MOST_VALUES = 1_000


def _seen(shown: ShownPivot, tree: Tree, team_ids: Sequence[int], seconds: float) -> Answer:
    by = shown.pivot.by
    found = rare(by, tree, shown.window, team_ids, seconds, SHOWN) if by else named(tree, team_ids)
    return Answer(found.total, seen=found.rows)


def _alerts(
    shown: ShownPivot, tree: Tree, team_ids: Sequence[int], alert_id: int, seconds: float, newest: int
) -> tuple[Counted, Sequence[StoredEvent], Sequence[tuple[str, int]], Sequence[AlertBrief]]:
    total, alerts = alerts_found(
        tree, window=shown.window, team_ids=team_ids, without=alert_id, newest=newest, seconds=seconds
    )
    return total, (), (), alerts
