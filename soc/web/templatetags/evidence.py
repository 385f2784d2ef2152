"""Loaded everywhere: text of events on a page."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from soc.web import evidence as drawing
from soc.web import markdown as markdown_kit

register = template.Library()
_CODED = re.compile(r"`([^`]+)`")


@register.filter
def evidence(value: object, fold_at: int = drawing.FOLD_AT) -> SafeString:
    """`{{ value|evidence }}`: isolated, with invisible characters drawn, folded beyond 2,000 (or `:200`) characters."""
    return SafeString("") if value is None else drawing.show(value, fold_at)


@register.filter
def plain(value: object) -> str:
    """`{{ value|plain }}`: the same drawing as plain text, for `title` and `aria-label`."""
    return "" if value is None else drawing.plain(value)


@register.filter
def coded(text: str) -> SafeString:
    """`{{ mistake.message|coded }}`: what parsers put between back-ticks as code; the rest as it is, escaped."""
    return SafeString(_CODED.sub(r"<code>\1</code>", escape(text)))


@register.filter
def markdown(value: str | None) -> SafeString:
    """`{{ guide.response|markdown }}`: markdown made safe."""
    return markdown_kit.render(value or "")
