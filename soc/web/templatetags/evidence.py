"""Loaded everywhere: text of events on a page."""

from django import template
from django.utils.safestring import SafeString

from soc.web import evidence as drawing
from soc.web import markdown as markdown_kit

register = template.Library()


@register.filter
def evidence(value: object, fold_at: int = drawing.FOLD_AT) -> SafeString:
    """`{{ value|evidence }}`: isolated, with invisible characters drawn, folded beyond 2,000 (or `:200`) characters."""
    return SafeString("") if value is None else drawing.show(value, fold_at)


@register.filter
def plain(value: object) -> str:
    """`{{ value|plain }}`: the same drawing as plain text, for `title` and `aria-label`."""
    return "" if value is None else drawing.plain(value)


@register.filter
def markdown(value: str | None) -> SafeString:
    """`{{ guide.response|markdown }}`: markdown made safe."""
    return markdown_kit.render(value or "")
