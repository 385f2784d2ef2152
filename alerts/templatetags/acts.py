"""What templates need to offer acts on alerts."""

from datetime import datetime

from django import template

from alerts.act_forms import SNOOZES
from alerts.models import Alert
from alerts.snoozing import is_asleep

register = template.Library()


@register.simple_tag
def snooze_choices() -> list[dict[str, str]]:
    """Until when an alert may sleep."""
    return [{"value": value, "label": str(label)} for value, label in SNOOZES]


@register.simple_tag
def rule_of(alert_id: int) -> str:
    """The id of an alert's rule, where only the alert's number is known. One query."""
    return Alert.objects.filter(pk=alert_id).values_list("rule_id", flat=True).first() or ""


@register.filter
def asleep(alert: Alert, now: datetime | None) -> bool:
    """Whether the alert is snoozed."""
    return bool(now) and isinstance(now, datetime) and is_asleep(alert, now)
