"""What stands in the queue's place until the first alert: three things to do that tick themselves off."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.access import may
from accounts.roles import Permission
from accounts.selectors import teams_of
from events.models import Batch
from rules.models import Rule
from soc.web.http import UserRequest
from soc.web.sample import SAMPLE_EVENT, SAMPLE_RULE


@dataclass(frozen=True, slots=True)
class FirstRun:
    """How far the set-up is."""

    last_event: datetime | None
    rules_on: int
    rules_loaded: int
    ingest_url: str
    keys_url: str
    may_make_keys: bool
    sample_event: str = SAMPLE_EVENT
    sample_rule: str = SAMPLE_RULE

    @property
    def told(self) -> str:
        """All that changes of it, by which a page knows whether it is to be drawn anew."""
        return f"{self.rules_on}:{self.rules_loaded}:{self.last_event.isoformat() if self.last_event else ''}"


def first_run(request: UserRequest) -> FirstRun:
    """How far the set-up is, for the teams of the person. Costs four small queries."""
    newest = Batch.objects.filter(team_id__in=teams_of(request.user)).order_by("-ingested_at").first()
    return FirstRun(
        last_event=newest.ingested_at if newest else None,
        rules_on=Rule.objects.filter(enabled=True).count(),
        rules_loaded=Rule.objects.count(),
        ingest_url=request.build_absolute_uri("/api/v1/events"),
        keys_url=reverse("accounts:keys"),
        may_make_keys=may(request.user, Permission.MANAGE_KEYS),
    )
