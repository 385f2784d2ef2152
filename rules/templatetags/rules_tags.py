"""`{% load rules_tags %}`: small drawings of the rule pages."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from django import template
from django.forms import BoundField, ChoiceField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from accounts.models import Change
from rules.models import RuleRun
from soc.web import charts
from soc.web import evidence as drawing

register = template.Library()
_DEEDS = {
    "load": "loaded it",
    "change": "loaded revision {revision}",
    "enable": "switched it on",
    "disable": "switched it off",
    "quarantine": "set it aside: {reason}",
    "release": "had it tried again",
    "override": "changed what is set here beside its file",
    "supersede": "noted which upstream rule takes its place",
}
_LINK_SHOWN = 48
_HEIGHT = 20.0
_STEP = 10.0
_EMPTY = 1.5


@register.simple_tag
def day_bars(days: Sequence[int]) -> SafeString:
    """`{% day_bars row.days %}`: alerts a day, oldest first; the number beside it says the sum."""
    tallest = max(days, default=0) or 1
    bars = (_bar(index, count, tallest) for index, count in enumerate(days))
    drawn = format_html_join("", '<rect class="f-{}" x="{}" y="{}" width="8" height="{}"/>', bars)
    return format_html('<svg class="daybars" viewBox="0 0 {} 20" aria-hidden="true">{}</svg>', len(days) * 10, drawn)


def _bar(index: int, count: int, tallest: int) -> tuple[str, str, str, str]:
    height = max(count / tallest * (_HEIGHT - 2), _EMPTY) if count else _EMPTY
    return "accent" if count else "line", f"{index * _STEP:.1f}", f"{_HEIGHT - height:.1f}", f"{height:.1f}"


@register.filter
def window(run: RuleRun) -> str:
    """`{{ run|window }}`: the time that a run covered, in the person's zone; a date only where it is another day."""
    start, end = localtime(run.start), localtime(run.end)
    day = "" if start.date() == localtime(run.at).date() else f"{start:%Y-%m-%d} "
    if end - start < timedelta(seconds=1):
        return f"{day}{start:%H:%M:%S}"
    other = "" if start.date() == end.date() else f"{end:%Y-%m-%d} "
    return f"{day}{start:%H:%M:%S} – {other}{end:%H:%M:%S}"


@register.inclusion_tag("rules/_local_row.html")
def local_row(field: BoundField, upstream: Any, set: str = "", overrides: Mapping[str, Any] | None = None) -> Any:  # noqa: A002
    """`{% local_row form.severity page.file.severity set="severity" overrides=rule.overrides %}`: a setting beside the
    file's; `set` is its key among what is set here."""
    control = field.as_widget(attrs={"class": "select" if isinstance(field.field, ChoiceField) else "input"})
    return {"field": field, "control": control, "upstream": upstream, "is_set": bool(set) and set in (overrides or {})}


@register.filter
def several(number: int, word: str) -> str:
    """`{{ run.alerts|several:"alert" }}`: "1 alert", "2 alerts"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


@register.filter
def deed(change: Change) -> str:
    """`{{ change|deed }}`: an entry of a rule's record as what its actor did."""
    words = _DEEDS.get(change.verb, change.verb)
    return words.format(**{"revision": "", "reason": "", **change.before, **change.after})


@register.filter
def reference_link(url: str) -> SafeString:
    """`{{ reference|reference_link }}`: a link that shows its site; anything but a web address stays text."""
    parts = urlsplit(url) if url.isprintable() else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return drawing.show(url)
    shown = f"{parts.hostname}{parts.path.rstrip('/')}"
    return format_html(
        '<a class="link" href="{}" rel="noopener noreferrer nofollow" title="{}">{}</a>', url, url, _short(shown)
    )


def _short(text: str) -> str:
    return text if len(text) <= _LINK_SHOWN else f"{text[: _LINK_SHOWN - 1]}…"


class Judged(Protocol):
    """How a rule's closed alerts were judged, in numbers."""

    true_positive: int
    benign_positive: int
    false_positive: int
    duplicate: int

    @property
    def judged(self) -> int:
        """The verdicts that count: duplicates do not."""

    @property
    def few(self) -> bool:
        """Whether there are too few to say anything."""


@register.simple_tag
def precision_bar(verdicts: Judged, width: int = 110) -> SafeString:
    """`{% precision_bar counts.verdicts %}`: true, benign, false and duplicate closes as one bar, faded while few."""
    drawn = charts.verdict_bar(
        true_positive=verdicts.true_positive,
        benign=verdicts.benign_positive,
        false_positive=verdicts.false_positive,
        duplicate=verdicts.duplicate,
        width=width,
    )
    return format_html('<div class="few">{}</div>', drawn) if verdicts.few and verdicts.judged else drawn


@register.filter
def share_true(verdicts: Judged) -> str:
    """`{{ verdicts|share_true }}`: "5 %", of what was judged."""
    return f"{round(100 * verdicts.true_positive / verdicts.judged)} %" if verdicts.judged else ""
