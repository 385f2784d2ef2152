"""Closed alerts: by reason, and how long it took to resolve them, in one pass over each window."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.models import Reason
from cases.overview.states import THEN, Then
from cases.overview.times import Took
from cases.overview.windows import WINDOWS, Window, values

BY_HAND = "closed_by_exception_id IS NULL"
_RESOLVED = f"{BY_HAND} AND reason <> '{Reason.DUPLICATE.value}'"
_COUNTS = ", ".join(f"count(*) FILTER (WHERE {BY_HAND} AND reason = '{reason}')" for reason in Reason.values)

_CLOSED = f"""
{THEN}
SELECT w.number, closed.* FROM {WINDOWS} CROSS JOIN LATERAL (
    SELECT {_COUNTS}, count(*) FILTER (WHERE NOT {BY_HAND}),
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY date_part('epoch', closed_at - created_at))
            FILTER (WHERE {_RESOLVED})
    FROM alert_then WHERE closed_at > w.start AND closed_at <= w.until AND closed_at IS NOT NULL
) closed
"""  # noqa: S608 - constants of this module
_BY_RULE = f"""
{THEN}
SELECT rule_id, {_COUNTS}, count(*) FILTER (WHERE NOT {BY_HAND})
FROM alert_then WHERE closed_at > %(start)s AND closed_at <= %(end)s AND closed_at IS NOT NULL GROUP BY 1
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Closings:
    """Alerts that people closed, by reason; those that an exception closed by itself stand apart."""

    true_positive: int = 0
    benign: int = 0
    false_positive: int = 0
    duplicate: int = 0
    other: int = 0
    by_exception: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.verdicts + self.duplicate + self.other + self.by_exception

    @property
    def verdicts(self) -> int:
        """True, benign and false positives: closings that say what the alert was."""
        return self.true_positive + self.benign + self.false_positive

    @property
    def in_vain(self) -> float | None:
        """The share of verdicts that are benign or false, between 0 and 1; nothing without a verdict."""
        return (self.benign + self.false_positive) / self.verdicts if self.verdicts else None


def closings(then: Then, windows: Sequence[Window]) -> list[tuple[Closings, Took]]:
    """What was closed in each window, and how long it had taken. One query."""
    found = {row[0]: _closed(row[1:]) for row in then.rows(_CLOSED, values(windows))}
    return [found[number] for number in range(len(windows))]


def _closed(row: Sequence[object]) -> tuple[Closings, Took]:
    *counts, both = row
    found = Closings(*counts)  # type: ignore[arg-type]
    return found, Took.of(found.verdicts + found.other, both)  # type: ignore[arg-type]


def closings_by_rule(then: Then, window: Window) -> dict[str, Closings]:
    """What was closed in the window, rule by rule. One query."""
    found = then.rows(_BY_RULE, {"start": window.start, "end": window.end})
    return {rule_id: Closings(*counts) for rule_id, *counts in found}
