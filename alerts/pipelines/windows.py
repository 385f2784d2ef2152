"""When a pipeline is run over what came: windows that end on a grid of the rule's clock.

A window that ended when a worker happened to settle would let chance decide what a query sees and what its `now()` is.
So windows end at instants that depend on the events alone: for each event the next point of a grid, a fifth of the
rule's interval apart. That is closer than the runs of a schedule would be, and the same whoever settles, and when.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rules.schedule import spacing

__all__ = ["point_after", "points_of", "spacing"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_WINDOWS = 100
"""So many windows are run in one settling."""
AFTER_LATE = 20
"""So many windows at most are run again that hold late events among later ones."""


def point_after(at: datetime, apart: timedelta) -> datetime:
    """The point of the grid at or after an instant. Grids are counted from 1970."""
    return _EPOCH + -(-(at - _EPOCH) // apart) * apart


def points_of(
    new: Sequence[datetime], known: Iterable[datetime], *, window: timedelta, interval: timedelta
) -> list[datetime]:
    """Where the windows end that have to be run: those that new events come into, and that they share with later ones.

    `new` and `known` are times of events, `new` in order. Where many would be run the grid is coarser, but never
    coarser than the rule's interval: no event falls between two runs that a schedule would have had.
    """
    apart = spacing(interval)
    points = {point_after(at, apart) for at in new}
    while len(points) > MOST_WINDOWS and apart * 2 <= interval:
        apart *= 2
        points = {point_after(at, apart) for at in new}
    last = max(points)
    beyond = max(apart, point_after(_EPOCH + window / AFTER_LATE, apart) - _EPOCH)
    later = {point_after(at, beyond) for at in known if at > last}
    return sorted(points | {point for point in later if _has_any(new, point - window, point)})


def _has_any(ordered: Sequence[datetime], start: datetime, end: datetime) -> bool:
    place = bisect_left(ordered, start)
    return place < len(ordered) and ordered[place] <= end
