"""Past telemetry for the demo: the same doors as live events, with the time handed in.

Each story that fires is its own request, judged at once as a worker would have; all else of a stretch of hours goes in
as one request at its end. Past alerts get labelled verdicts, so that the queue has a history to compare with.

A request is stored, judged and given its verdict in one transaction: no worker ever finds it waiting and judges it as
of today, and whoever is interrupted has laid nothing by halves. Stretches lie where the calendar has them, not where
the order to lay them came, so that laying them again, whenever that is, tells the same and stores nothing twice.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from django.db import transaction

from accounts.models import ApiKey, Change, User
from alerts.evaluation import evaluate_pending
from alerts.models import Alert, Reason, Status
from alerts.settling import settle_due
from alerts.triage import set_status
from events.ingest import ingest
from events.models import Batch
from events.partitions import ensure_days
from rules.models import Settling
from soc.demo.cases import lay_cases
from soc.demo.company import Company
from soc.demo.ecs import Document
from soc.demo.stories import Outcome, Story
from soc.demo.team import demo_analyst, demo_team
from soc.demo.timeline import Happening, happenings

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_STRETCH = timedelta(hours=3)
_OPEN_FOR = timedelta(hours=20)  # alerts younger than this stay open for the newcomer
_SETTLED_AFTER = timedelta(seconds=6)  # rules that look at several events wait for quiet, five seconds at most
_VERDICTS = {
    Outcome.ATTACK: ((Reason.TRUE_POSITIVE, 1),),
    Outcome.LOOKALIKE: ((Reason.BENIGN_POSITIVE, 7), (Reason.FALSE_POSITIVE, 2), (Reason.DUPLICATE, 1)),
    Outcome.NEAR_MISS: ((Reason.FALSE_POSITIVE, 1),),
}


@dataclass(slots=True)
class BackfillReport:
    """What was laid down."""

    events: int = 0
    alerts: int = 0
    verdicts: int = 0
    cases: int = 0


@dataclass(frozen=True, slots=True)
class _Request:
    at: datetime
    story: Story | None
    documents: list[Document]


def backfill(
    *, company: Company, key: ApiKey, seed: int, days: int, now: datetime, progress: Callable[[float], None]
) -> BackfillReport:
    """Lay `days` of telemetry before `now`, judge it, give the older alerts their verdicts, and open a few cases.

    Some tens of thousands of events for sixteen days. What is there already is not stored, judged or closed again.
    """
    report, worker = BackfillReport(), uuid.uuid4()
    start, analyst = now - timedelta(days=days), demo_analyst()
    judged_until = _stretch_of(now - _OPEN_FOR)
    # Partitions are made here, because the requests' transactions would hold their locks.
    ensure_days((start + timedelta(days=day)).date() for day in range(days + 2))
    for request in _requests(company, seed, start, now - timedelta(minutes=2)):
        with transaction.atomic():
            raised = _send(key, request, worker, report)
            if raised and request.at <= judged_until:
                report.verdicts += _close(raised, key, analyst, _verdict(seed, request))
        progress((request.at - start) / (now - start))
    team = demo_team()
    if key.team_id == team.pk:
        report.cases = lay_cases(team=team, analyst=analyst, now=now)
    return report


def _requests(company: Company, seed: int, start: datetime, end: datetime) -> Iterator[_Request]:
    """What agents would have sent from start to end, oldest first."""
    stretch = _stretch_of(start)
    while stretch < end:
        stop = stretch + _STRETCH
        told = [
            one
            for one in happenings(company, seed, stretch, stop, works_per_hour=30, stories_per_hour=1.2)
            if start <= one.at and _arrival(one) <= end
        ]
        quiet = [document for one in told if not _fires(one) for document in one.documents]
        loud = [_Request(_arrival(one), one.story, list(one.documents)) for one in told if _fires(one)]
        yield from sorted([*loud, _Request(min(stop, end), None, quiet)], key=lambda request: request.at)
        stretch = stop


def _stretch_of(at: datetime) -> datetime:
    """The start of the stretch this instant is in: a fixed grid, so that a repeat tells and judges the same."""
    return _EPOCH + (at - _EPOCH) // _STRETCH * _STRETCH


def _fires(happening: Happening) -> bool:
    return happening.story is not None and happening.story.fires


def _arrival(happening: Happening) -> datetime:
    """When the agent sends it: two seconds after the last of it happened."""
    last = max(datetime.fromisoformat(str(document["@timestamp"])) for document in happening.documents)
    return last + timedelta(seconds=2)


def _send(key: ApiKey, request: _Request, worker: uuid.UUID, report: BackfillReport) -> list[int]:
    """Store and judge; gives the numbers of the alerts it raised."""
    if not request.documents:
        return []
    sent = ingest(
        key=key,
        body=b"\n".join(orjson.dumps(document) for document in request.documents),
        content_type="application/x-ndjson",
        content_encoding="",
        idempotency_key=None,
        now=request.at,
        metered=False,
    )
    created = sum(item.status == "created" for item in sent.items)
    if not created or sent.batch_id is None:
        return []
    judged = evaluate_pending(now=request.at, worker=worker, only=sent.batch_id).alerts
    judged += _settle(key, request.at + _SETTLED_AFTER, worker)
    report.events, report.alerts = report.events + created, report.alerts + judged
    times = (request.at, request.at + _SETTLED_AFTER)
    raised = Alert.objects.filter(team_id=key.team_id, created_at__in=times).order_by("-id")
    return list(raised.values_list("id", flat=True)[:judged])


def _settle(key: ApiKey, at: datetime, worker: uuid.UUID) -> int:
    """Settle the rules that look at several events, as a worker would have at that time; how many alerts it raised.

    What it raises is written back as events, which are judged at once too. That a rule was settled after that time,
    because the past is laid once more, must not keep it waiting.
    """
    Settling.objects.filter(waiting_since__lte=at, due_at__gt=at, lease_by=None).update(due_at=at)
    alerts = 0
    while (settled := settle_due(now=at, worker=worker)).rules:
        alerts += settled.alerts
    if alerts:
        written = Batch.objects.filter(
            team_id=key.team_id, state=Batch.State.PENDING, ingested_at__range=(at, at + timedelta(microseconds=1))
        )
        for number in list(written.values_list("pk", flat=True)):
            alerts += evaluate_pending(now=at, worker=worker, only=number).alerts
    return alerts


@dataclass(frozen=True, slots=True)
class _Verdict:
    reason: Reason
    note: str
    at: datetime


def _verdict(seed: int, request: _Request) -> _Verdict:
    """What it was, found out after a time that people would take. Ordinary work alerts only while it is new."""
    rng = random.Random(f"verdict {seed} {request.at.isoformat()}")
    at = request.at + timedelta(minutes=rng.uniform(4, 300))
    if request.story is None:
        return _Verdict(Reason.BENIGN_POSITIVE, "Demo verdict: ordinary work, met for the first time.", at)
    reasons, weights = zip(*_VERDICTS[request.story.outcome], strict=True)
    return _Verdict(rng.choices(reasons, weights)[0], f"Demo verdict: {request.story.name}.", at)


def _close(raised: list[int], key: ApiKey, analyst: User, verdict: _Verdict) -> int:
    set_status(
        alert_ids=raised,
        status=Status.CLOSED,
        reason=verdict.reason,
        note=verdict.note,
        versions=None,
        actor=analyst,
        now=verdict.at,
        team_ids=[key.team_id],
        door=Change.Door.COMMAND,
    )
    return len(raised)
