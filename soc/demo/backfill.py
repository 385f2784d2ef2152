"""Past telemetry for the demo: the same doors as live events, with the time handed in.

Each story that fires is its own request, judged at once as a worker would have; all else of a stretch of hours goes in
as one request at its end. Past alerts get labelled verdicts, so that the queue has a history to compare with.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from accounts.models import ApiKey, Change
from alerts.evaluation import evaluate_pending
from alerts.models import Alert, Reason, Status
from alerts.triage import set_status
from events.ingest import ingest
from soc.demo.company import Company
from soc.demo.ecs import Document
from soc.demo.stories import Outcome, Story
from soc.demo.team import demo_analyst
from soc.demo.timeline import Happening, happenings

_STRETCH = timedelta(hours=3)
_OPEN_FOR = timedelta(hours=20)  # alerts younger than this stay open for the newcomer
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
    told: list[tuple[Story, list[int]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Request:
    at: datetime
    story: Story | None
    documents: list[Document]


def backfill(
    *, company: Company, key: ApiKey, seed: int, days: int, now: datetime, progress: Callable[[float], None]
) -> BackfillReport:
    """Lay `days` of telemetry before `now`, judge it, and give the older alerts their verdicts.

    Some tens of thousands of events for sixteen days. Sending the same days again stores nothing twice.
    """
    report, worker = BackfillReport(), uuid.uuid4()
    start = now - timedelta(days=days)
    for request in _requests(company, seed, start, now - timedelta(minutes=2)):
        _send(key, request, worker, report)
        progress((request.at - start) / (now - start))
    _judge_past(report, key, seed, now)
    return report


def _requests(company: Company, seed: int, start: datetime, end: datetime) -> Iterator[_Request]:
    """What agents would have sent, oldest first."""
    while start < end:
        stop = min(start + _STRETCH, end)
        told = list(happenings(company, seed, start, stop, works_per_hour=30, stories_per_hour=1.2))
        quiet = [document for one in told if not _fires(one) for document in one.documents]
        loud = [
            _Request(_last(one) + timedelta(seconds=2), one.story, list(one.documents)) for one in told if _fires(one)
        ]
        yield from sorted([*loud, _Request(stop, None, quiet)], key=lambda request: request.at)
        start = stop


def _fires(happening: Happening) -> bool:
    return happening.story is not None and happening.story.fires


def _last(happening: Happening) -> datetime:
    return max(datetime.fromisoformat(str(document["@timestamp"])) for document in happening.documents)


def _send(key: ApiKey, request: _Request, worker: uuid.UUID, report: BackfillReport) -> None:
    if not request.documents:
        return
    body = b"\n".join(orjson.dumps(document) for document in request.documents)
    sent = ingest(
        key=key,
        body=body,
        content_type="application/x-ndjson",
        content_encoding="",
        idempotency_key=None,
        now=request.at,
    )
    report.events += sum(item.status == "created" for item in sent.items)
    judged = evaluate_pending(now=request.at, worker=worker)
    report.alerts += judged.alerts
    if request.story and judged.alerts:
        report.told.append((request.story, _newest_alerts(judged.alerts)))


def _newest_alerts(count: int) -> list[int]:
    """What the last pass raised: nobody else writes alerts of the past meanwhile."""
    return list(Alert.objects.filter(demo=True).order_by("-id").values_list("id", flat=True)[:count])


def _judge_past(report: BackfillReport, key: ApiKey, seed: int, now: datetime) -> None:
    """Close what is old enough, as the story says it was, after a time that people would take."""
    rng, analyst = random.Random(f"verdicts {seed}"), demo_analyst()
    for story, raised in report.told:
        created = Alert.objects.filter(id__in=raised).values_list("created_at", flat=True)[0]
        closed = created + timedelta(minutes=rng.uniform(4, 300))
        if created < now - _OPEN_FOR:
            reasons, weights = zip(*_VERDICTS[story.outcome], strict=True)
            set_status(
                alert_ids=raised,
                status=Status.CLOSED,
                reason=rng.choices(reasons, weights)[0],
                note=f"Demo verdict: {story.name}.",
                versions=None,
                actor=analyst,
                now=closed,
                team_ids=[key.team_id],
                door=Change.Door.COMMAND,
            )
            report.verdicts += len(raised)
