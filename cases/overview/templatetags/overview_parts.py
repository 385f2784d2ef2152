"""Small words of the overview's templates."""

from datetime import datetime, timedelta

from django import template
from django.forms import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from alerts.models import Severity
from cases.overview.words import span_text
from soc.web import when

register = template.Library()
_A_WEEK = timedelta(days=7)


@register.filter
def took(seconds: float | None) -> str:
    """`{{ figures.detect.median|took }}`: "3 h 14 min"."""
    return span_text(seconds)


@register.filter
def severity_name(severity: int) -> str:
    """`{{ case.severity|severity_name }}`: "high"."""
    return str(Severity(severity).label)


@register.filter
def chosen_label(field: BoundField) -> str:
    """What is chosen in a select."""
    choices = dict(field.field.choices)  # type: ignore[attr-defined]
    return str(choices.get(field.value(), ""))


@register.filter
def local_input(moment: datetime) -> str:
    """As <input type=datetime-local> wants it, in the person's zone."""
    return f"{localtime(moment):%Y-%m-%dT%H:%M}"


@register.simple_tag
def overdue_by(due: datetime, at: datetime) -> SafeString:
    """How long a due time has gone by: "5 h"."""
    return when.element(due, when.short_span(at - due))


@register.simple_tag
def due_in(due: datetime, at: datetime) -> SafeString:
    """When something is due, seen from the instant: "16:00", "tomorrow", "Mon", "3 Dec"."""
    days = (localtime(due).date() - localtime(at).date()).days
    if days == 0:
        return when.element(due, _("today %(time)s") % {"time": f"{localtime(due):%H:%M}"})
    if days == 1:
        return when.element(due, _("tomorrow"))
    soon = due - at < _A_WEEK
    return when.element(due, f"{localtime(due):%a}" if soon else f"{localtime(due):%-d %b}")


@register.simple_tag
def targets_link() -> SafeString:
    """Where targets are set, for who may."""
    try:
        return format_html('<a class="link" href="{}">{}</a>', reverse("alerts:targets"), _("Set the targets"))
    except NoReverseMatch:
        return SafeString("")
