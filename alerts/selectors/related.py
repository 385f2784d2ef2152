"""Other alerts that may belong to the same story."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from alerts.models import Alert, Kind
from alerts.selectors.briefs import briefs
from alerts.selectors.shapes import AlertBrief, Related

HOST_SPAN = timedelta(hours=24)
WIDE_SPAN = timedelta(days=7)
SHOWN = 20


def related_to(alert: Alert, team_ids: Sequence[int]) -> Related:
    """Alerts near this one in time, on the same host, by the same user, about the same file. Up to three queries.

    An alert stands in the first group it belongs to only.
    """
    same_host = _near(alert, team_ids, HOST_SPAN, "host_name", set())
    shown = {brief.id for brief in same_host}
    same_user = _near(alert, team_ids, WIDE_SPAN, "user_name", shown)
    shown |= {brief.id for brief in same_user}
    return Related(same_host, same_user, _near(alert, team_ids, WIDE_SPAN, "process_hash", shown))


def recent_of_rule(*, rule_id: str, team_ids: Sequence[int], limit: int = 10) -> list[AlertBrief]:
    """The newest alerts of a rule. One query."""
    return briefs(Alert.objects.filter(rule_id=rule_id, team_id__in=team_ids).order_by("-pk")[:limit])


def _near(alert: Alert, team_ids: Sequence[int], span: timedelta, column: str, shown: set[int]) -> list[AlertBrief]:
    value = getattr(alert, column)
    if value is None:
        return []
    near: QuerySet[Alert] = Alert.objects.filter(**{column: value}, team_id__in=team_ids).exclude(
        pk__in={alert.pk, *shown}
    )
    if alert.shell_id:
        near = near.exclude(pk=alert.shell_id)  # named above the clauses
    near = near.exclude(kind=Kind.BLOCK).filter(event_time__range=(alert.event_time - span, alert.event_time + span))
    return briefs(near.select_related("revision").defer("revision__source_text").order_by("-event_time", "-pk")[:SHOWN])
