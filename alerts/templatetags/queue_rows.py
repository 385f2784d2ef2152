"""The rows of the queue: an alert each, or the first of those that fold into it; its tick then means all of them.

They are built here and not by a template: a page has fifty of them with forty values each, and what they share
(addresses, marks of severity, avatars) is drawn once for all. Values and names are hostile, so every piece goes through
format_html.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from alerts.models import Alert, Kind, Status
from alerts.selectors.shapes import Prior, QueueRow
from alerts.templatetags.alert_parts import evidence_line, main_technique, verdict_bar
from alerts.templatetags.alert_rows import row_kind
from alerts.templatetags.queue_parts import fold_chip, prior_title, prior_words, tick_label
from soc.web import when
from soc.web.evidence import show
from soc.web.templatetags import ui

register = template.Library()

NOTHING = SafeString("")


@dataclass(slots=True)
class _Frame:
    """What the rows of a page have in common, and what was drawn for one and serves the next."""

    detail: str  # addresses of alert 0
    peek: str
    query: str
    from_: str
    unfolding: str
    inside: str
    at: int | None
    user: Any
    disabled: SafeString
    now: datetime
    cases: Mapping[int, SafeString]
    asleep: str
    drawn: dict[Any, SafeString] = field(default_factory=dict)

    def once(self, key: Any, draw: Callable[[], SafeString]) -> SafeString:
        """What stands under the key, drawn if it is the first of its kind."""
        if key not in self.drawn:
            self.drawn[key] = draw()
        return self.drawn[key]


@register.simple_tag(takes_context=True)
def queue_rows(context: dict[str, Any], rows: Iterable[QueueRow], cases: Mapping[int, SafeString]) -> SafeString:
    """`{% queue_rows page.rows chips %}`: the rows of a table; `cases` are the chips of alerts that are in one."""
    frame = _frame(context, cases)
    return format_html_join("", "{}", ((_row(row, frame),) for row in rows))


def _frame(context: dict[str, Any], cases: Mapping[int, SafeString]) -> _Frame:
    query = context["query"]
    return _Frame(
        detail=reverse("alerts:detail", args=[0]),
        peek=reverse("alerts:peek", args=[0]),
        query=query,
        from_=f"?from={quote(query, safe='')}" if query else "",
        unfolding=context["unfolding"],
        inside=context.get("inside") or "",
        at=context.get("at"),
        user=context["request"].user,
        disabled=NOTHING if context["may_triage"] else SafeString(" disabled"),
        now=context["now"],
        cases=cases,
        asleep=_("asleep until"),
    )


def _row(row: QueueRow, frame: _Frame) -> SafeString:
    alert, fold = row.alert, row.fold
    peek = f"{_of(frame.peek, alert)}?{frame.query}{f'&folded={fold.key}' if fold else ''}"
    return format_html(
        '<tr id="alert-{}" class="{}" data-row data-id="{}" data-peek="{}"{}{}><td>{}</td><td>{}</td><td>{}</td>'
        '<td>{}</td><td>{}</td><td>{}</td><td class="num">{}</td></tr>',
        alert.pk, _classes(row, frame), alert.pk, peek,
        format_html(' data-fold="{}"', fold.key) if fold else "",
        format_html(' data-fold-of="{}"', frame.inside) if frame.inside else "",
        _tick(row, frame), _severity(alert, frame), _said(row, frame), _about(alert),
        frame.once(row.prior, lambda: _past(row.prior)), _owner(alert, frame), _age(row, frame),
    )  # fmt: skip


def _of(address: str, alert: Alert) -> str:
    return address.replace("/0/", f"/{alert.pk}/", 1)


def _classes(row: QueueRow, frame: _Frame) -> str:
    alert = row.alert
    seen = alert.assignee_id is not None or alert.status != Status.OPEN
    names = (
        ("cursor", alert.pk == frame.at), ("seen", seen), ("asleep", row.snoozed), ("inside", bool(frame.inside)),
    )  # fmt: skip
    return " ".join(name for name, on in names if on)


def _tick(row: QueueRow, frame: _Frame) -> SafeString:
    """What selects the row, and its number for what is asked about the rows on screen."""
    alert, fold = row.alert, row.fold
    value = ("fold", fold.key) if fold else ("alert", f"{alert.pk}:{alert.version}")
    count = format_html(' data-count="{}"', fold.count.number) if fold else NOTHING
    return format_html(
        '<input type="checkbox" class="check" name="{}" value="{}"{} aria-label="{}"{}>'
        '<input type="hidden" name="shown" value="{}" form="shown">',
        *value, count, tick_label(row), frame.disabled, alert.pk,
    )  # fmt: skip


def _severity(alert: Alert, frame: _Frame) -> SafeString:
    word = str(alert.get_severity_display())
    badge = frame.once(("severity", word), lambda: _template("components/_badge_severity.html", ui.severity(word)))
    return format_html('{}<div class="tech">{}</div>', badge, main_technique(alert))


def _template(name: str, context: dict[str, Any]) -> SafeString:
    return mark_safe(render_to_string(name, context).strip())  # noqa: S308  (a template escapes)


def _said(row: QueueRow, frame: _Frame) -> SafeString:
    """The alert's name with what is to be known of it, and its evidence."""
    alert = row.alert
    return format_html(
        '<div class="name"><a class="truncate" href="{}{}">{}</a>{}{}<span class="rownote" id="note-{}"></span></div>'
        '<div class="ev truncate">{}</div>',
        _of(frame.detail, alert), frame.from_, alert.name, _chips(row, frame), frame.cases.get(alert.pk, NOTHING),
        alert.pk, evidence_line(alert.evidence),
    )  # fmt: skip


def _chips(row: QueueRow, frame: _Frame) -> SafeString:
    alert, chips = row.alert, list[SafeString]()
    if row.fold:
        chips.append(fold_chip(row.fold, frame.unfolding, alert.pk))
    if alert.status != Status.OPEN:
        state = (alert.status, alert.reason)
        chips.append(frame.once(state, lambda: _template("components/_status.html", ui.status(*state))))
    if row.snoozed and alert.snoozed_until:
        until = when.element(alert.snoozed_until, when.spoken(alert.snoozed_until, frame.now))
        chips.append(format_html('<span class="chip outline snoozed">{} {}</span>', frame.asleep, until))
    chips += [format_html('<span class="chip outline">{}</span>', told) for told in _told(alert)]
    if alert.suppressed and not alert.learning:
        chips.append(_more_like_it(alert.suppressed))
    return format_html_join("", "{}", ((chip,) for chip in chips))


def _told(alert: Alert) -> list[str]:
    """What the alert is, where it is not about one event."""
    block = [_("building block")] if alert.building_block and alert.kind != Kind.BLOCK else []
    return [*block, *filter(None, [row_kind(alert)])]


def _more_like_it(number: int) -> SafeString:
    return format_html(
        '<span class="chip outline more-like" title="{}">+{}<span class="visually-hidden"> {}</span></span>',
        _("More like it were counted here"), f"{number:,}", _("more like it, counted here"),
    )  # fmt: skip


def _about(alert: Alert) -> SafeString:
    host, user = (show(name) if name else NOTHING for name in (alert.host_name, alert.user_name))
    return format_html('<div class="truncate">{}</div><div class="truncate xs faint">{}</div>', host, user)


def _past(prior: Prior) -> SafeString:
    """What was found in alerts like it."""
    return format_html(
        '{}<div class="xs faint num truncate" title="{}">{}</div>',
        verdict_bar(prior.verdicts, 88), prior_title(prior), prior_words(prior),
    )  # fmt: skip


def _owner(alert: Alert, frame: _Frame) -> SafeString:
    return frame.once(
        ("owner", alert.assignee_id),
        lambda: _template("components/_avatar.html", ui.avatar(alert.assignee, frame.user)),
    )


def _age(row: QueueRow, frame: _Frame) -> SafeString:
    at = row.alert.created_at
    drawn = when.element(at, when.short_span(frame.now - at))
    if not row.past_target:
        return drawn
    return format_html(
        '<span class="past" title="{}">{}<span class="visually-hidden">, {}</span></span>',
        _("Past its target"), drawn, _("past its target"),
    )  # fmt: skip
