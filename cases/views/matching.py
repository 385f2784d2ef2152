"""A case with everything that a queue's filters let through: opened at once, while a worker adds the alerts."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import QueryDict

from accounts.models import User
from alerts import bulk
from alerts.act_forms import seen_in
from alerts.models import Alert, BulkAct
from alerts.seen import Seen
from alerts.selectors import QueueFilters
from alerts.views.bulk import filters_of
from alerts.views.frame import came_from
from cases import opening
from cases.models import Case
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

VERB = "case"


@dataclass(frozen=True, slots=True)
class Matching:
    """What matched when the list was drawn: the queue's address, how many there are (None: that is found on the way),
    and one of them to name the case after."""

    query: str
    filters: QueueFilters
    seen: Seen | None
    total: int | None
    first: Alert | None

    @property
    def told(self) -> str:
        """Which list it was, as a form gives it back."""
        return self.seen.told() if self.seen else ""

    def begin(self, case: Case, actor: User, **arguments: Any) -> BulkAct:
        """Have all of them added to the case. Raises: AlertError."""
        return bulk.start(
            verb=VERB,
            arguments={"case": case.pk, **arguments},
            filters=self.filters,
            query=self.query,
            seen=self.seen,
            actor=actor,
            now=clock_now(),
        )


def matching_in(request: UserRequest, sent: QueryDict) -> Matching | None:
    """What a form or an address says of a list of which everything is meant; None where it means single alerts.

    Raises: AlertError, LanguageError, forms.ValidationError.
    """
    if not sent.get("all"):
        return None
    query, filters, seen = came_from(request), filters_of(request), seen_in(sent.get("seen", ""))
    by: dict[str, Any] = {"actor": request.user, "now": clock_now()}
    act = bulk.prepared(verb=VERB, arguments={}, filters=filters, query=query, seen=seen, **by)
    if act.total == bulk.UNKNOWN:
        return Matching(query, filters, seen, None, None)
    first = bulk.candidates(act, filters, request.user).select_related("rule", "team").first()
    return Matching(query, filters, seen, act.total, first)


def open_with_all(request: UserRequest, matching: Matching, data: dict[str, Any], team_ids: list[int]) -> BulkAct:
    """The case, and what adds everything that matches: both or neither. Raises: AlertError, CaseError."""
    with transaction.atomic():
        wanted = data | {"severity": int(data["severity"])}
        case = opening.open_case(**wanted, actor=request.user, now=clock_now(), team_ids=team_ids)
        return matching.begin(case, request.user, opened=True)
