"""How long it took to detect, to acknowledge and to resolve: median and 90th percentile, never a mean.

An alert counts on the day of the act, not of its creation, so that last week is not flattered by what is still open.
What an exception closed by itself was looked at by nobody: it has no time to resolve, and none to acknowledge unless
a person acted on it before. A duplicate's work was done on its original: it has no time to resolve.
Resolve times are taken in the same pass as the closings (cases/overview/closings.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.overview.states import THEN, Then
from cases.overview.windows import WINDOWS, Window, values

_MEASURES = {
    # An agent's clock that runs ahead makes a time nothing, never less.
    "detect": ("greatest(date_part('epoch', created_at - event_time), 0)", "created_at", "true"),
    "acknowledge": (
        "date_part('epoch', acknowledged_at - created_at)",
        "acknowledged_at",
        "acknowledged_at IS NOT NULL AND (closed_by_exception_id IS NULL OR acknowledged_at <> closed_at)",
    ),
}


def _statement(seconds: str, end: str, counts: str) -> str:
    return f"""
        {THEN}
        SELECT w.number, took.* FROM {WINDOWS} CROSS JOIN LATERAL (
            SELECT count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {seconds})
            FROM alert_then WHERE {end} > w.start AND {end} <= w.until AND {counts}
        ) took
    """  # noqa: S608 - constants of this module


_STATEMENTS = {name: _statement(*parts) for name, parts in _MEASURES.items()}


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds; of `n` alerts. Without an alert there is no median."""

    n: int = 0
    median: float | None = None
    ninetieth: float | None = None

    @classmethod
    def of(cls, n: int, both: Sequence[float] | None) -> "Took":
        """From what the database says of a window."""
        return cls(n, *both) if both else cls(n)


def detect(then: Then, windows: Sequence[Window]) -> list[Took]:
    """From the event to the alert, for the alerts created in each window. One query."""
    return _measure("detect", then, windows)


def acknowledge(then: Then, windows: Sequence[Window]) -> list[Took]:
    """From the alert to the first human act, for the acts in each window. One query."""
    return _measure("acknowledge", then, windows)


def _measure(name: str, then: Then, windows: Sequence[Window]) -> list[Took]:
    found = then.rows(_STATEMENTS[name], values(windows))
    by_number = {number: Took.of(n, both) for number, n, both in found}
    return [by_number[number] for number in range(len(windows))]
