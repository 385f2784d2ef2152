"""The figures of now as one would first write them: querysets, a loop over what they yield, `statistics`.

Beside the product's own, so that what narrow indexes and one pass a window gain is visible. It cannot tell the past:
that would need the record, alert by alert.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from alerts.models import Alert, Reason, Severity, Target
from cases.models import Case
from cases.overview.period import Period
from rules.models import Rule

Spans = Iterable[tuple[datetime, datetime]]


def plain_figures(team_ids: Sequence[int], period: Period) -> dict[str, Any]:
    """Everything on the page of the present, under the page's definitions."""
    seen = Alert.objects.filter(team_id__in=team_ids, building_block=False, created_at__lte=period.at)
    waiting = seen.exclude(status="closed")
    closed = seen.filter(closed_at__gt=period.start, closed_at__lte=period.at)
    return {
        **_waiting(waiting, period),
        "backlog": [_open_at(seen, instant) for instant in period.instants],
        "opened": seen.filter(created_at__gt=period.start).count(),
        "closed": closed.count(),
        "reasons": dict(closed.values_list("reason").annotate(Count("pk"))),
        **_times(seen, period.start, period.at),
        "weeks": [_week(seen, start, start + timedelta(days=7)) for start in period.week_edges[:-1]],
        "opened per day": dict(_per_day(seen, "created_at", period)),
        "closed per day": dict(_per_day(seen, "closed_at", period)),
        "rules": _rules(seen, period),
        "cases": _cases(team_ids, period.at),
        "quarantined": list(Rule.objects.filter(quarantined_at__isnull=False).values_list("name", flat=True)),
    }


def _waiting(waiting: QuerySet[Alert], period: Period) -> dict[str, Any]:
    targets = dict(Target.objects.values_list("severity", "within"))
    late, by_age = 0, Counter[tuple[int, int]]()
    for alert in waiting:
        late += alert.created_at + targets[alert.severity] < period.at
        hours = (period.at - alert.created_at) / timedelta(hours=1)
        by_age[alert.severity, sum(hours > step for step in (1, 4, 24, 72))] += 1
    unowned = waiting.filter(severity=Severity.CRITICAL, assignee=None).count()
    return {"open": waiting.count(), "past_target": late, "by_age": by_age, "unowned": unowned}


def _open_at(seen: QuerySet[Alert], instant: datetime) -> int:
    then = seen.filter(created_at__lte=instant)
    return then.filter(closed_at=None).count() + then.filter(closed_at__gt=instant).count()


def _times(seen: QuerySet[Alert], start: datetime, end: datetime) -> dict[str, Any]:
    detect = seen.filter(created_at__gt=start, created_at__lte=end).values_list("event_time", "created_at")
    return {"detect": _median(detect), **_week(seen, start, end)}


def _week(seen: QuerySet[Alert], start: datetime, end: datetime) -> dict[str, Any]:
    acted = seen.filter(acknowledged_at__gt=start, acknowledged_at__lte=end)
    closed = seen.filter(closed_at__gt=start, closed_at__lte=end, closed_by_exception=None)
    by_hand = (
        (alert.created_at, alert.acknowledged_at)
        for alert in acted
        if alert.acknowledged_at and not (alert.closed_by_exception_id and alert.acknowledged_at == alert.closed_at)
    )
    resolved = closed.exclude(reason=Reason.DUPLICATE)
    return {
        "acknowledge": _median(by_hand),
        "resolve": _median((alert.created_at, alert.closed_at) for alert in resolved if alert.closed_at),
        "reasons": dict(closed.values_list("reason").annotate(Count("pk"))),
    }


def _median(spans: Spans) -> float | None:
    seconds = [(end - start).total_seconds() for start, end in spans]
    return statistics.median(seconds) if seconds else None


def _per_day(seen: QuerySet[Alert], column: str, period: Period) -> Iterable[tuple[Any, int]]:
    lately = seen.filter(**{f"{column}__gt": period.column_edges[0]})
    return lately.annotate(day=TruncDate(column)).values_list("day").annotate(Count("pk"))


def _rules(seen: QuerySet[Alert], period: Period) -> dict[str, Any]:
    opened = dict(seen.filter(created_at__gt=period.start).values_list("rule_id").annotate(Count("pk")))
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    judged = seen.filter(closed_at__gt=period.at - timedelta(days=30), closed_by_exception=None)
    for rule_id, reason in judged.values_list("rule_id", "reason"):
        verdicts[rule_id][reason] += 1
    return {rule_id: (number, verdicts[rule_id]) for rule_id, number in opened.items()}


def _cases(team_ids: Sequence[int], at: datetime) -> list[Any]:
    going = Case.objects.filter(team_id__in=team_ids).exclude(status="closed").select_related("owner")
    rows = [(case, case.joined.count(), bool(case.due_at and case.due_at < at)) for case in going]
    return sorted(rows, key=lambda row: not row[2])[:6]
