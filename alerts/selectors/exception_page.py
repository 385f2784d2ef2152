"""One exception over time: how often it took something out, what, whom it was changed by, and what was found of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Change, User
from alerts.models import ExceptionDraft
from alerts.selectors.drafted_changes import changes_waiting, entries_about
from alerts.selectors.held_samples import HeldSample, held_samples
from alerts.selectors.ledger import LedgerRow, days_of, row_of
from alerts.selectors.undoable import EXCEPTION
from rules.models import ExceptionItem

DAYS = 90
SHOWN = 30


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """What the page shows. `days`: held back on each of the last ninety, oldest first. `waiting`: its changes that wait
    for review, each with whether the person may look at it."""

    row: LedgerRow
    days: tuple[int, ...]
    samples: list[HeldSample]
    history: list[Change]
    waiting: list[tuple[ExceptionDraft, bool]]

    @property
    def held(self) -> int:
        """Held back in the ninety days."""
        return sum(self.days)


def exception_page(item: ExceptionItem, user: User, team_ids: Sequence[int], now: datetime) -> ExceptionPage:
    """Everything about one exception. Some fourteen queries."""
    return ExceptionPage(
        row=row_of(item, team_ids, now),
        days=days_of([item.pk], team_ids, now, DAYS)[item.pk],
        samples=held_samples(item, team_ids),
        history=_history(item, team_ids),
        waiting=changes_waiting(item, user, team_ids),
    )


def _history(item: ExceptionItem, team_ids: Sequence[int]) -> list[Change]:
    """What was done to it, newest first, and to drafts of changes; an approved one is an edit, and told as that."""
    about = Change.objects.filter(object_type=EXCEPTION, object_id=str(item.pk))
    found = about | entries_about(item, team_ids).exclude(verb="approve")
    return list(found.select_related("actor").order_by("-at", "-pk")[:SHOWN])
