"""What came and what went: alerts opened and closed, day by day, and opened by each rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.overview.states import THEN, Then
from cases.overview.windows import WINDOWS, Window, values

_PER_WINDOW = f"""
{THEN}
SELECT w.number, opened.count, closed.count FROM {WINDOWS}
CROSS JOIN LATERAL (
    SELECT count(*) FROM alert_then WHERE created_at > w.start AND created_at <= w.until
) opened
CROSS JOIN LATERAL (
    SELECT count(*) FROM alert_then WHERE closed_at > w.start AND closed_at <= w.until AND closed_at IS NOT NULL
) closed
"""  # noqa: S608 - constants
_BY_RULE = f"""
{THEN}
SELECT rule_id, count(*) FROM alert_then WHERE created_at > %(start)s AND created_at <= %(end)s GROUP BY 1
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Flow:
    """How many came and went in a window."""

    window: Window
    opened: int
    closed: int


def flow(then: Then, windows: Sequence[Window]) -> list[Flow]:
    """What came and went in each window. One query."""
    found = then.rows(_PER_WINDOW, values(windows))
    return [Flow(windows[number], opened, closed) for number, opened, closed in sorted(found)]


def opened_by_rule(then: Then, window: Window) -> dict[str, int]:
    """The alerts that each rule raised in the window. One query."""
    return dict(then.rows(_BY_RULE, {"start": window.start, "end": window.end}))
