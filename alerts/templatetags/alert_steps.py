"""The steps of a guide and their searches as markup, drawn here and not in templates: a guide has dozens of them."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from alerts.guides import ShownStep
from alerts.guides.pivoting import ShownPivot
from engine.pivots import Table
from soc.web import evidence
from soc.web.markup import NOTHING, format_html, joined
from soc.web.templatetags.ui import icon

register = template.Library()
_LONGEST_TITLE, _LONGEST_LABEL, _LONGEST_PROBLEM, _LONGEST_TOLD, _LONGEST_QUERY = 100, 60, 120, 200, 300
_TICK = (
    '<form method="post" action="{0}" hx-post="{0}" hx-swap="outerHTML"><input type="hidden" '
    'name="csrfmiddlewaretoken" value="{1}"><input type="hidden" name="from" value="{2}"><input type="hidden" '
    'name="kind" value="{3}"><input type="hidden" name="key" value="{4}"><button type="submit" class="tick" '
    'name="done" value="{5}" id="tick-{4}" role="checkbox" aria-checked="{6}" aria-label="{7}"{8}><span class="box">'
    "{9}</span></button></form>"
)
_NO_TICK = '<span class="tick" role="img" aria-label="{}" title="{}"><span class="box">{}</span></span>'
_OFF = '<span class="pivot off">{}{} <span class="n">{}</span></span>'
_NOTE = (
    '<details class="pivotbox"><summary class="pivot">{} <span class="n">osquery</span></summary>'
    '<div class="pivot-found"><p class="xs muted">{}</p><pre class="snippet">{}</pre></div></details>'
)
_PIVOT = (
    '<details class="pivotbox" hx-get="{}" hx-trigger="toggle once" hx-target="find .pivot-found" '
    'hx-swap="innerHTML"><summary class="pivot"{} title="{} · {}">{}{}<span class="n" id="pn-{}"></span></summary>'
    '<div class="pivot-found"><p class="pivot-foot"><a class="link" href="{}">{}</a> <code class="faint">{}</code></p>'
    "</div></details>"
)


@register.simple_tag(takes_context=True)
def step_tick(context: dict[str, Any], step: ShownStep, changed: bool = False) -> SafeString:
    """`{% step_tick step %}`: the box that is ticked, or for who may not tick it a picture of it. Context: alert,
    may_triage, needs, query."""
    box = icon("check")
    if not context.get("may_triage"):
        words = _("Done") if step.tick else _("Not done")
        return format_html(_NO_TICK, words, context["needs"]["triage"], box if step.tick else NOTHING)
    title = evidence.plain(step.title)
    return format_html(
        _TICK,
        reverse("alerts:set_step", args=[context["alert"].pk]),
        str(context.get("csrf_token", "")),
        context.get("query", ""),
        step.kind,
        step.key,
        "0" if step.tick else "1",
        "true" if step.tick else "false",
        _("Step %(number)s done: %(title)s") % {"number": step.number, "title": _cut(title, _LONGEST_TITLE)},
        SafeString(" data-focus") if changed else NOTHING,
        box,
    )


@register.simple_tag(takes_context=True)
def pivot_buttons(context: dict[str, Any], pivots: Sequence[ShownPivot]) -> SafeString:
    """`{% pivot_buttons step.pivots %}`: searches as buttons; each opens what it finds below. Context: alert."""
    if not pivots:
        return NOTHING
    return format_html('<div class="pivots">{}</div>', joined([_pivot(context["alert"].pk, one) for one in pivots]))


def _pivot(alert_id: int, shown: ShownPivot) -> SafeString:
    pivot = shown.pivot
    label = evidence.show(pivot.label, _LONGEST_LABEL)
    glass = icon("search", small=True)
    if pivot.problem:
        return format_html(_OFF, glass, label, evidence.show(pivot.problem, _LONGEST_PROBLEM))
    if pivot.note:
        return format_html(_NOTE, label, _("To be asked of the host itself:"), evidence.plain(pivot.note))
    return format_html(
        _PIVOT,
        reverse("alerts:pivot", args=[alert_id, shown.number]),
        format_html(' data-key="{}"', shown.key) if shown.key else NOTHING,
        _cut(evidence.plain(pivot.query), _LONGEST_QUERY),
        str(pivot.span),
        glass,
        label,
        shown.number,
        shown.url,
        _("Open in the queue") if pivot.table is Table.ALERTS else _("Open in search"),
        evidence.show(pivot.query, _LONGEST_TOLD),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
