"""Metrics for Prometheus, detection lag first. Read from the database when scraped, at most every few seconds.

Labels are words of ours only, never a name that an agent or a person chose, so their number is bounded. Whoever reads
them has a key with the scope `health:read` whose person may operate. A session does not do: whether it has ended, and
what its person has to do first, is looked at for pages, and this is none.
"""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.access import may, public
from accounts.errors import KeyRefused
from accounts.keys import authenticate_key, touch_key
from accounts.models import Team
from accounts.roles import Permission
from accounts.scopes import Scope
from alerts.models import Alert, Severity
from alerts.models import Status as AlertStatus
from cases.models import Case
from cases.models import Status as CaseStatus
from events import lag, prevalence, queue, senders
from events.models import Batch, DeadLetter, Total
from rules.models import Rule
from soc.health import stores
from soc.health.detection import detection
from soc.health.storage import storage
from soc.web import clock

REMEMBERED_SECONDS = 5.0
LATELY = timedelta(minutes=5)
DAY = timedelta(hours=24)
_lock = threading.Lock()
_last: tuple[float, bytes] = (float("-inf"), b"")


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """The page that Prometheus scrapes; 401 or 403 as text for who may not read it."""
    now = clock.now()
    refusal = _refusal(request, now)
    if refusal is not None:
        return refusal
    return HttpResponse(text(now), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def text(now: datetime) -> bytes:
    """All metrics as Prometheus reads them, five seconds old at most."""
    global _last
    with _lock:
        at, content = _last
        if monotonic() - at > REMEMBERED_SECONDS:
            registry = CollectorRegistry()
            registry.register(House(now))
            content = generate_latest(registry)
            _last = monotonic(), content
    return content


def read_again() -> None:
    """Forget the last scrape."""
    global _last
    _last = (float("-inf"), b"")


class House(Collector):
    """Everything that is measured, of all teams together."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.teams = list(Team.objects.values_list("pk", flat=True))

    def collect(self) -> Iterator[Metric]:
        """Lag, then what waits, what came, what is wrong, what there is to do, and the machine."""
        yield from self._lag()
        yield from self._arrivals()
        yield from self._set_aside()
        yield from self._work()
        yield from self._machine()

    def _lag(self) -> Iterator[Metric]:
        waits = queue.backlog(self.now)
        yield _gauge(
            "detection_lag_seconds", "Since the arrival of the oldest events not judged.", waits.oldest_seconds
        )
        judged = lag.lately(start=self.now - LATELY, end=self.now)
        shares = {share: judged.share_within(share) for share in (0.5, 0.9, 0.99)}
        yield _quantiles("arrival_to_judged_seconds", "Arrival to judged, 5 minutes, as the next bound above.", shares)
        raised = detection(team_ids=self.teams, now=self.now, span=LATELY)
        alerts = {0.5: raised.median, 0.9: raised.ninetieth}
        yield _quantiles("event_to_alert_seconds", "Time of the event to its alert, 5 minutes.", alerts)
        yield _gauge("backlog_events", "Events that wait to be judged.", waits.events)
        yield _gauge("backlog_batches", "Batches that wait to be judged.", waits.batches)

    def _arrivals(self) -> Iterator[Metric]:
        totals = dict(Total.objects.values_list("name", "value"))
        events = CounterMetricFamily(
            "watchbill_events", "Events by what became of them at the door.", labels=["result"]
        )
        for result in ("accepted", "refused"):
            events.add_metric([result], totals.get(result, 0))
        yield events
        letters = DeadLetter.objects.filter(at__gt=self.now - DAY, state=DeadLetter.State.REFUSED)
        refused = dict(letters.values_list("reason").annotate(number=Sum("events")))
        yield _by("dead_letters", "Refused in 24 hours and not sent again.", "reason", refused)
        yield _by("agents", "Hosts by key.", "state", senders.count(team_ids=self.teams, now=self.now).by_state)

    def _set_aside(self) -> Iterator[Metric]:
        rules = Rule.objects.filter(quarantined_at__isnull=False).count()
        batches = Batch.objects.filter(state=Batch.State.QUARANTINED).count()
        yield _by("quarantined", "Set aside after failures.", "what", {"rules": rules, "batches": batches})
        working = Rule.objects.filter(enabled=True, evaluated=True, quarantined_at=None).count()
        yield _gauge("rules_working", "Rules that judge events.", working)

    def _work(self) -> Iterator[Metric]:
        waiting = [AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED]
        found = Alert.objects.filter(team__in=self.teams, status__in=waiting).values_list("severity", "status")
        counted = {(severity, status): number for severity, status, number in found.annotate(number=Count("pk"))}
        alerts = GaugeMetricFamily("watchbill_alerts", "Alerts that are not closed.", labels=["severity", "status"])
        for severity in Severity:
            for status in waiting:
                alerts.add_metric([severity.label, status.value], counted.get((severity.value, status.value), 0))
        yield alerts
        cases = dict(Case.objects.exclude(status=CaseStatus.CLOSED).values_list("status").annotate(number=Count("pk")))
        statuses = {status.value: cases.get(status.value, 0) for status in CaseStatus if status != CaseStatus.CLOSED}
        yield _by("cases", "Cases that are not closed.", "status", statuses)

    def _machine(self) -> Iterator[Metric]:
        hands, kept = stores.workers(self.now), storage(self.now)
        yield _gauge("workers_alive", "Workers that gave a sign of life within 35 seconds.", hands.alive)
        if hands.clock_at is not None:
            rang = (self.now - hands.clock_at).total_seconds()
            yield _gauge("clock_rang_seconds", "Since the clock (beat) last had arrivals folded.", rang)
        until = prevalence.noted_until()
        if until is not None:
            noted = (self.now - until).total_seconds()
            yield _gauge("values_noted_seconds", "How far notes of how common values are lie behind.", noted)
        yield _gauge("broker_up", "Whether the broker answers.", float(stores.broker().there))
        yield _gauge(
            "database_seconds", "How long the database took to answer.", stores.database().milliseconds / 1_000
        )
        yield _gauge("events_bytes", "What stored events take on disk.", kept.events_bytes)
        yield _gauge("database_bytes", "What the whole database takes on disk.", kept.database_bytes)
        if kept.disk is not None:
            yield _gauge("disk_free_bytes", "Free on the database's disk.", kept.disk.free)
            yield _gauge("disk_bytes", "Size of the database's disk.", kept.disk.total)


def _refusal(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """Why whoever asks may not read metrics, as an answer; None when he may."""
    try:
        key = authenticate_key(request.headers.get("Authorization"), now)
    except KeyRefused:
        return _said(401, "Present a key with the scope health:read: Authorization: ApiKey <key>.")
    if Scope.HEALTH_READ.value not in key.scopes:
        return _said(403, "This key lacks the scope health:read.")
    if key.acts_for is None or not may(key.acts_for, Permission.OPERATE):
        return _said(403, "This key needs to act for somebody who is active and has the engineer role.")
    touch_key(key, now)
    return None


def _said(status: int, sentence: str) -> HttpResponse:
    answer = HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 401:
        answer["WWW-Authenticate"] = "ApiKey"
    return answer


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"watchbill_{name}", told, value=value)


def _by(name: str, told: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"watchbill_{name}", told, labels=[label])
    for word, value in sorted(values.items()):
        family.add_metric([word], value)
    return family


def _quantiles(name: str, told: str, values: dict[float, float | None]) -> Metric:
    """Without a line for what nothing was measured for."""
    family = GaugeMetricFamily(f"watchbill_{name}", told, labels=["quantile"])
    for share, value in values.items():
        if value is not None:
            family.add_metric([str(share)], value)
    return family
