"""Counting without documents: questions that the columns of events answer by themselves.

`events.store.count` reads every document that the columns let through, since a column rarely says all of a question.
Where it does (an exact value of a field that has a column), the rows are the answer. Odd rows, whose documents say more
than their columns, are few and are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.db import connection

from engine.fields import FieldType, field_type
from engine.prefilter import COLUMNS, prefilter
from engine.tree import And, Leaf, Not, Op, Or, Tree
from events.documents import ROW, read_documents
from events.narrowing import index_condition, said_by_columns
from events.searching import ORDINARY, Pass, Question, Window, fetch
from events.stored import StoredEvent
from events.summing import CAP, Counted

# Two fields share the column of the data set, so it does not tell which of them an event has.
_TELLING = {name: column for name, column in COLUMNS.items() if column != "dataset"}


@dataclass(frozen=True, slots=True)
class Found:
    """How many there are, and the newest of them."""

    total: Counted
    newest: tuple[StoredEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """How many values a field has among the events that match, and the most frequent of them with their counts."""

    total: Counted
    most: tuple[tuple[str, int], ...] = ()


def column_of(field: str) -> str | None:
    """The one-value column that says exactly what a field says, but for odd rows."""
    return _TELLING.get(field) if field not in ("event.category", "event.action") else None


def tells_all(tree: Tree) -> bool:
    """Whether the columns of a row that is not odd decide the tree."""
    match tree:
        case And(children):
            return all(_tells(child.child if isinstance(child, Not) else child) for child in children)
    return _tells(tree)


def _tells(tree: Tree) -> bool:
    """The same of a part that is not turned round."""
    match tree:
        case And(children) | Or(children):
            return all(_tells(child) for child in children)
        case Leaf(wild_field=False, field=field, op=Op.IS | Op.PHRASE) if field in _TELLING:
            # What is compared without regard to case, or as a network of addresses, is more than a column can say.
            return not tree.fold and not (field_type(field) is FieldType.IP and any("/" in str(v) for v in tree.values))
    return False


def count_by_columns(
    *, tree: Tree, window: Window, team_ids: Sequence[int], newest: int = 0, cap: int = CAP, budget_seconds: float
) -> Found:
    """How many events match a tree that `tells_all`, and the `newest` of them: for those beyond the cap, of the part
    that was counted."""
    deadline = monotonic() + budget_seconds
    where, values = _where(tree, window, team_ids)
    inner = f"SELECT {ROW}, time, uid FROM event WHERE NOT odd AND {where} LIMIT {int(cap) + 1}"  # noqa: S608
    statement = (
        f"WITH found AS MATERIALIZED ({inner}) SELECT {ROW}, "  # noqa: S608  (names of ours only)
        f"(SELECT count(*) FROM found) FROM found ORDER BY time DESC, uid DESC LIMIT {max(newest, 1)}"
    )
    rows = fetch(statement, values, budget_seconds)
    if rows is None:
        return Found(Counted(0, False, True))
    number = rows[0][-1] if rows else 0
    odd, stopped = _odd_ones(Question(tree, window, team_ids, ORDINARY), cap - min(number, cap), deadline)
    capped = number + len(odd) > cap or number > cap
    events = [*read_documents(rows[:newest]), *odd]
    events.sort(key=lambda event: (event.time, event.uid), reverse=True)
    return Found(Counted(min(number + len(odd), cap), capped, stopped), tuple(events[:newest]))


def values_by_columns(
    *,
    field: str,
    tree: Tree,
    window: Window,
    team_ids: Sequence[int],
    top: int = 5,
    most_rows: int = 50_000,
    fewest_first: bool = False,
    budget_seconds: float,
) -> Values:
    """How many values a field with a column has among the events that match a tree that `tells_all`; odd rows are
    left out. Of very many events only so many are looked at, and then it says `capped`. With `fewest_first` it gives
    the least frequent values instead of the most."""
    column = column_of(field)
    if column is None:
        raise ValueError("the field has no column of its own")
    where, values = _where(tree, window, team_ids)
    order = "ASC" if fewest_first else "DESC"
    statement = (
        f"WITH found AS MATERIALIZED (SELECT {column} AS value FROM event WHERE NOT odd AND {where} "  # noqa: S608
        f"LIMIT {int(most_rows) + 1}), grouped AS (SELECT value, count(*) AS number FROM found "
        "WHERE value IS NOT NULL GROUP BY value) SELECT value, number, (SELECT count(*) FROM grouped), "
        f"(SELECT count(*) FROM found) FROM grouped ORDER BY number {order}, value LIMIT {int(top)}"
    )
    rows = fetch(statement, values, budget_seconds)
    if rows is None:
        return Values(Counted(0, False, True))
    number, looked = (rows[0][2], rows[0][3]) if rows else (0, 0)
    return Values(Counted(number, looked > most_rows, False), tuple((value, each) for value, each, *_ in rows))


def _where(tree: Tree, window: Window, team_ids: Sequence[int]) -> tuple[str, list[Any]]:
    parts = ["time >= %s", "time < %s", "team_id = ANY(%s)", "day BETWEEN %s AND %s"]
    values: list[Any] = [window.start, window.end, list(team_ids), window.start.date(), window.end.date()]
    for text, more in (said_by_columns(prefilter(tree)), *_turned_round(tree), index_condition(ORDINARY)):
        parts.append(text)
        values += more
    return " AND ".join(parts), values


def _turned_round(tree: Tree) -> Iterator[tuple[str, list[Any]]]:
    """What must not hold: narrowing says nothing of it. A row without the field has none of its values."""
    for child in tree.children if isinstance(tree, And) else ():
        if isinstance(child, Not):
            text, values = said_by_columns(prefilter(child.child))
            yield f"({text}) IS NOT TRUE", values


class _Odd(Question):
    """The question, of odd rows alone."""

    def where(self) -> tuple[str, list[Any]]:
        """The conditions that narrow rows down."""
        text, values = super().where()
        return f"odd AND {text}", values


def _odd_ones(question: Question, most: int, deadline: float) -> tuple[list[StoredEvent], bool]:
    """The odd events that match, and whether there was no time for all of them. A short query where there are none."""
    if not _has_odd(question.window, question.team_ids):
        return [], False
    left = max(deadline - monotonic(), 0.02)
    walk = Pass(_Odd(question.tree, question.window, question.team_ids, question.indices), budget_seconds=left)
    found = []
    for event in walk:
        found.append(event)
        if len(found) > most:
            break
    return found, walk.stopped


def _has_odd(window: Window, team_ids: Sequence[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM event WHERE odd AND time >= %s AND time < %s AND team_id = ANY(%s) "
            "AND day BETWEEN %s AND %s)",
            [window.start, window.end, list(team_ids), window.start.date(), window.end.date()],
        )
        return bool(cursor.fetchone()[0])
