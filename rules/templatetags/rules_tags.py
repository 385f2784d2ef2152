"""`{% load rules_tags %}`: small drawings of the rule pages."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
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
def several(number: int, word: str) -> str:
    """`{{ run.alerts|several:"alert" }}`: "1 alert", "2 alerts"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
