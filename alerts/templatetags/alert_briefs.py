"""An alert in one line, drawn here and not in a template, since lists beside an alert have a hundred of them."""

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from alerts.models import Severity
from alerts.selectors.shapes import AlertBrief
from alerts.templatetags.alert_parts import state_word
from alerts.views.frame import alert_address
from soc.web import evidence
from soc.web.markup import NOTHING, format_html
from soc.web.templatetags.times import when_tag
from soc.web.templatetags.ui import icon

register = template.Library()
LONGEST = 60
MOST_EVIDENCE = 160
_LINE = (
    '<span class="sev sev-{}">{}{}</span><a class="truncate" href="{}">{}</a>'
    '<span class="faint xs truncate">{} {}</span><span class="xs faint">{}</span><span class="xs faint num">{}</span>'
)
_EVIDENCE = '<code class="rests-on truncate">{}</code>'


@register.simple_tag(takes_context=True)
def brief_line(context: dict[str, Any], brief: AlertBrief, *, evidence_too: bool = False) -> SafeString:
    """`{% brief_line brief %}`: how grave, what, where and who, how it stands and when. With `evidence_too=True` what
    it rests on as well, which tells alerts of one rule apart. Context: now, query (the queue that the page was opened
    from, if from one).
    """
    line = _line(context, brief)
    told = brief.evidence if len(brief.evidence) <= MOST_EVIDENCE else f"{brief.evidence[:MOST_EVIDENCE]}…"
    return line + format_html(_EVIDENCE, evidence.show(told)) if evidence_too and told else line


def _line(context: dict[str, Any], brief: AlertBrief) -> SafeString:
    word = str(Severity(brief.severity).label)
    return format_html(
        _LINE,
        word.lower(),
        icon(word.lower()),
        capfirst(word.lower()),
        alert_address(brief.id, context.get("query", "")),
        brief.name,
        _named(brief.host_name),
        _named(brief.user_name),
        state_word(brief),
        when_tag(context, brief.event_time),
    )


def _named(name: str | None) -> SafeString:
    if not name:
        return NOTHING
    return evidence.show(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
