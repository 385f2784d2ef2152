"""Loaded everywhere: points in time as people read them."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from soc.web import clock, when

register = template.Library()
_NOW = "soc.web.now"


def _now(context: dict[str, Any]) -> datetime:
    """One reading of the clock for a whole page: the view's `now`, else the database's, once."""
    given = context.get("now")
    if isinstance(given, datetime):
        return given
    shared = context.render_context  # type: ignore[attr-defined]
    if _NOW not in shared:
        shared[_NOW] = clock.now()
    return shared[_NOW]  # type: ignore[no-any-return]


@register.simple_tag(takes_context=True, name="when")
def when_tag(context: dict[str, Any], moment: datetime | None, otherwise: str = "never") -> SafeString | str:
    """`{% when alert.created_at %}`: "4 m ago", "19 Nov"; UTC in the title. Pass `now` in the context of lists."""
    return otherwise if moment is None else when.element(moment, when.spoken(moment, _now(context)))


@register.simple_tag(takes_context=True)
def age(context: dict[str, Any], moment: datetime | None, otherwise: str = "") -> SafeString | str:
    """`{% age alert.created_at %}`: "4 m", "3 h", "9 d", for narrow columns."""
    return otherwise if moment is None else when.element(moment, when.short_span(_now(context) - moment))


@register.simple_tag
def at(moment: datetime | None, otherwise: str = "") -> SafeString | str:
    """`{% at run.at %}`: date and time of day in the person's zone, for tables and activity."""
    return otherwise if moment is None else when.element(moment, f"{localtime(moment):%Y-%m-%d %H:%M:%S}")


@register.filter
def span(duration: timedelta | None) -> str:
    """`{{ duration|span }}`: "3 h"."""
    return "" if duration is None else when.short_span(duration)
