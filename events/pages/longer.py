"""Longer times to ask the same of, for an answer that found nothing where counting would cost as much as asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from events.pages.asked import Asked
from events.pages.rows_asked import RowsAsked

SPANS = (("24 h", timedelta(days=1)), ("7 d", timedelta(days=7)), ("30 d", timedelta(days=30)))
"""As the usual times are named (events.pages.asked.PRESETS)."""


@dataclass(frozen=True, slots=True)
class Longer:
    """A time up to now that reaches further back, and the same search in it."""

    name: str
    url: str


def longer(asked: Asked | RowsAsked, now: datetime) -> list[Longer]:
    """The times that begin before the one that was asked, up to all days that events are kept for; none looked at."""
    if asked.window is None:
        return []
    kept = timedelta(days=settings.RETENTION_DAYS)
    spans = [one for one in SPANS if one[1] < kept] + [(f"all {kept.days} d", kept)]
    start = asked.window.start
    return [Longer(name, _url(asked, back)) for name, back in spans if now - back < start]


def _url(asked: Asked | RowsAsked, back: timedelta) -> str:
    start = "now-24h" if back == timedelta(days=1) else f"now-{back.days}d"
    return asked.url(reverse("events:search"), **{"from": start, "to": ""})
