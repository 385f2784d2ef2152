"""Whether the data can be trusted: a page for people, and a yes or no for supervisors and load balancers.

The page opens with the first sentence of an ordered list that is true; the figures under it are what it rests on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from accounts.access import page, public
from accounts.selectors import teams_of
from events import queue
from events.models import Batch, DeadLetter
from rules.models import Rule
from soc.web import clock, counts
from soc.web.http import UserRequest
from soc.web.when import short_span

BEHIND_AFTER = timedelta(seconds=60)
SILENT_AFTER = timedelta(hours=1)
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Health:
    """What the page shows."""

    now: datetime
    waiting_batches: int
    waiting_events: int
    oldest: timedelta
    quarantined_batches: counts.Count
    quarantined_rules: int
    last_batch: datetime | None
    events_last_hour: int
    refused_last_day: counts.Count

    @property
    def troubled(self) -> bool:
        """Whether something needs a person."""
        return bool(self.quarantined_batches or self.quarantined_rules or self.oldest > BEHIND_AFTER)

    @property
    def sentence(self) -> str:
        """The most urgent thing that is true."""
        if self.oldest > BEHIND_AFTER:
            waiting = f"{self.waiting_events:,} {_many(self.waiting_events, 'event waits', 'events wait')}"
            return f"Evaluation is behind: {waiting}, the oldest for {short_span(self.oldest)}."
        if self.quarantined_batches:
            what = _many(self.quarantined_batches.number, "batch of events", "batches of events")
            return f"Could not be judged and set aside: {self.quarantined_batches} {what}."
        if self.quarantined_rules:
            what = _many(self.quarantined_rules, "rule", "rules")
            return f"Set aside because of repeated failures: {self.quarantined_rules} {what}."
        if self.last_batch is None:
            return "No event has arrived yet."
        if self.now - self.last_batch > SILENT_AFTER:
            return f"No event for {short_span(self.now - self.last_batch)}."
        return "Events arrive and are judged."


def _many(number: int, one: str, more: str) -> str:
    return one if number == 1 else more


def health_of(*, team_ids: list[int], now: datetime) -> Health:
    """Read the state of the house; arrivals and refusals are those of the given teams. Costs six queries."""
    backlog = queue.backlog(now)
    batches = Batch.objects.filter(team__in=team_ids, parent=None)
    lately = batches.filter(ingested_at__gt=now - SILENT_AFTER).aggregate(events=Sum("events"))
    return Health(
        now=now,
        waiting_batches=backlog.batches,
        waiting_events=backlog.events,
        oldest=timedelta(seconds=backlog.oldest_seconds),
        quarantined_batches=counts.capped(Batch.objects.filter(state=Batch.State.QUARANTINED)),
        quarantined_rules=Rule.objects.filter(quarantined_at__isnull=False).count(),
        last_batch=batches.order_by("-ingested_at").values_list("ingested_at", flat=True).first(),
        events_last_hour=lately["events"] or 0,
        refused_last_day=counts.capped(DeadLetter.objects.filter(team__in=team_ids, at__gt=now - DAY)),
    )


@page()
def health(request: UserRequest) -> HttpResponse:
    """The page."""
    now = clock.now()
    state = health_of(team_ids=teams_of(request.user), now=now)
    return render(request, "health.html", {"health": state, "now": now})


@public
def ready(_request: HttpRequest) -> HttpResponse:
    """204 once the database answers; anything else comes from the error pages (503)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(status=204)


app_name = "health"
urlpatterns = [path("", health, name="page"), path("ready/", ready, name="ready")]
