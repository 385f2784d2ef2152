"""What templates need to offer acts on alerts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import template

from alerts import bulk
from alerts.act_forms import SNOOZES
from alerts.models import Alert, BulkAct
from alerts.snoozing import is_asleep
from soc.web import clock

register = template.Library()


@register.simple_tag
def snooze_choices() -> list[dict[str, str]]:
    """Until when an alert may sleep."""
    return [{"value": value, "label": str(label)} for value, label in SNOOZES]


@register.simple_tag
def rule_of(alert_id: int) -> str:
    """The id of an alert's rule, where only the alert's number is known. One query."""
    return Alert.objects.filter(pk=alert_id).values_list("rule_id", flat=True).first() or ""


@register.inclusion_tag("alerts/_act.html", takes_context=True)
def act_toast(context: dict[str, Any], act_id: UUID) -> dict[str, Any]:
    """`{% act_toast spoken.act %}`: how far an act has come that a worker does, if there is such an act. One query."""
    from alerts.views.act_words import act_words

    now = clock.now()
    act = BulkAct.objects.select_related("actor").filter(pk=act_id).first()
    state = bulk.progress_of(act, now) if act else None
    words = act_words(state) if state else ""
    return {"act": act, "progress": state, "words": words, "csrf_token": context.get("csrf_token")}


@register.filter
def asleep(alert: Alert, now: datetime | None) -> bool:
    """Whether the alert is snoozed."""
    return bool(now) and isinstance(now, datetime) and is_asleep(alert, now)
