"""One exception over time: how often it took something out, what, whom it was changed by, and what was found of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Change
from alerts.selectors.held_samples import HeldSample, held_samples
from alerts.selectors.ledger import LedgerRow, days_of, row_of
from rules.models import ExceptionItem

DAYS = 90
SHOWN = 30


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """What the page shows. `days`: held back on each of the last ninety, oldest first."""

    row: LedgerRow
    days: tuple[int, ...]
    samples: list[HeldSample]
    history: list[Change]

    @property
    def held(self) -> int:
        """Held back in the ninety days."""
        return sum(self.days)


def exception_page(item: ExceptionItem, team_ids: Sequence[int], now: datetime) -> ExceptionPage:
    """Everything about one exception. Some twelve queries."""
    history = Change.objects.filter(object_type="exception", object_id=str(item.pk)).select_related("actor")
    return ExceptionPage(
        row=row_of(item, team_ids, now),
        days=days_of([item.pk], team_ids, now, DAYS)[item.pk],
        samples=held_samples(item, team_ids),
        history=list(history.order_by("-at", "-pk")[:SHOWN]),
    )
