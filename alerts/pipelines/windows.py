"""When a pipeline is run over what came: windows that end on a grid of the rule's clock.

A window that ended when a worker happened to settle would let chance decide what a query sees and what its `now()` is.
So windows end at instants that depend on the events alone: for each event the next point of a grid, a fifth of the
rule's interval apart. That is closer than the runs of a schedule would be, and the same whoever settles, and when.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from rules.schedule import spacing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_WINDOWS = 100
"""So many windows are run in one settling."""
AFTER_LATE = 20
"""So many windows at most are run again that hold late events among later ones."""


def point_after(at: datetime, apart: timedelta) -> datetime:
    """The point of the grid at or after an instant. Grids are counted from 1970."""
    return _EPOCH + -(-(at - _EPOCH) // apart) * apart


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the new events, up to the number `until`, and where the windows end that have to be run for them."""

    until: int
    points: Sequence[datetime]


def pieces_of(
    new: Sequence[datetime], known: Iterable[datetime], *, window: timedelta, interval: timedelta
) -> Iterator[Piece]:
    """The new events, piece by piece, with the windows that they come into and those that they share with later ones.

    `new` and `known` are times of events, `new` in order. Where many windows would be run the grid is coarser, but
    never coarser than the rule's interval: no event falls between two runs that a schedule would have had. A piece is
    joined when all of its windows are run, those of later events that are known too: nothing else runs them again.
    """
    if not new:
        return
    apart = _apart(new, interval)
    beyond = max(apart, point_after(_EPOCH + window / AFTER_LATE, apart) - _EPOCH)
    later = sorted({point_after(at, beyond) for at in known if at > new[0]})
    for end, some in groupby(range(len(new)), lambda number: point_after(new[number], apart)):
        numbers = list(some)
        mine = new[numbers[0] : numbers[-1] + 1]
        shared = later[bisect_left(later, mine[0]) : bisect_right(later, mine[-1] + window)]
        points = {end, *(point for point in shared if _has_any(mine, point - window, point))}
        yield Piece(numbers[-1] + 1, sorted(points))


def _apart(new: Iterable[datetime], interval: timedelta) -> timedelta:
    """How far apart the points of the grid lie."""
    apart = spacing(interval)
    while len({point_after(at, apart) for at in new}) > MOST_WINDOWS and apart * 2 <= interval:
        apart *= 2
    return apart


def _has_any(ordered: Sequence[datetime], start: datetime, end: datetime) -> bool:
    place = bisect_left(ordered, start)
    return place < len(ordered) and ordered[place] <= end
