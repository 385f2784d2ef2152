"""The rows of the queue: an alert each, or the first of those that fold into it; its tick then means all of them.

They are built here and not by a template: a page has fifty of them with forty values each, and what they share
(addresses, words, marks of severity, avatars) is drawn once for all. Values and names are hostile, so every piece goes
through format_html.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, gettext, ngettext

from alerts.models import Alert, Kind, Severity, Status
from alerts.selectors.shapes import Folded, Prior, QueueRow
from alerts.templatetags.alert_parts import evidence_line, main_technique, verdict_bar
from alerts.templatetags.alert_rows import row_kind
from soc.web import when
from soc.web.counts import Count
from soc.web.evidence import plain, show
from soc.web.markup import NOTHING, format_html, joined
from soc.web.templatetags import ui

register = template.Library()

Words = Callable[[str], str]
_SEVERITIES = {one.value: str(one.label) for one in Severity}


@dataclass(slots=True)
class _Frame:
    """What the rows of a page have in common, and what was drawn for one and serves the next."""

    detail: str  # addresses of alert 0
    peek: str
    query: str
    from_: str
    unfolding: str  # the queue's address, up to the name of the fold
    inside: str
    at: int | None
    user: Any
    disabled: SafeString
    now: datetime
    zone: tzinfo
    cases: Mapping[int, SafeString]
    words: Words
    language: str
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
    return joined([_row(row, frame) for row in rows])


def _frame(context: dict[str, Any], cases: Mapping[int, SafeString]) -> _Frame:
    query, unfolding, language = context["query"], context["unfolding"], get_language() or ""
    return _Frame(
        detail=reverse("alerts:detail", args=[0]),
        peek=reverse("alerts:peek", args=[0]),
        query=query,
        from_=f"?from={quote(query, safe='')}" if query else "",
        unfolding=f"{reverse('alerts:queue')}?{unfolding}{'&' if unfolding else ''}fold=",
        inside=context.get("inside") or "",
        at=context.get("at"),
        user=context["request"].user,
        disabled=NOTHING if context["may_triage"] else SafeString(" disabled"),
        now=context["now"],
        zone=get_current_timezone(),
        cases=cases,
        words=partial(_word, language),
        language=language,
    )


@lru_cache(maxsize=256)
def _word(_language: str, text: str) -> str:
    """A text of ours in the language of the page. Looking one up costs some microseconds, and a page has hundreds."""
    return gettext(text)


def _row(row: QueueRow, frame: _Frame) -> SafeString:
    alert, fold = row.alert, row.fold
    peek = f"{_of(frame.peek, alert)}?{frame.query}"
    peek += f"&folded={fold.key}&behind={fold.count.number}{'%2B' if fold.count.capped else ''}" if fold else ""
    peek += f"&fresh={row.hidden.number}" if row.hidden else ""
    return format_html(
        '<tr id="alert-{}" class="{}" data-row data-id="{}" data-rule="{}" data-peek="{}"{}{}><td>{}</td><td>{}</td>'
        '<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class="num">{}</td></tr>',
        alert.pk, _classes(row, frame), alert.pk, alert.rule_id, peek,
        format_html(' data-fold="{}"', fold.key) if fold else NOTHING,
        format_html(' data-fold-of="{}"', frame.inside) if frame.inside else NOTHING,
        _tick(row, frame), _severity(alert), _said(row, frame), _about(alert),
        _past(frame.language, row.prior), _owner(alert, frame), _age(row, frame),
    )  # fmt: skip


def _of(address: str, alert: Alert) -> str:
    return address.replace("/0/", f"/{alert.pk}/", 1)


def _classes(row: QueueRow, frame: _Frame) -> str:
    alert = row.alert
    seen = not row.waits and row.hidden is None
    names = (
        ("cursor", alert.pk == frame.at), ("seen", seen), ("asleep", row.snoozed), ("inside", bool(frame.inside)),
    )  # fmt: skip
    return " ".join([name for name, on in names if on])


def _tick(row: QueueRow, frame: _Frame) -> SafeString:
    """What selects the row, and its number for what is asked about the rows on screen."""
    alert, fold = row.alert, row.fold
    value = ("fold", fold.key) if fold else ("alert", f"{alert.pk}:{alert.version}")
    count = format_html(' data-count="{}"', fold.count.number) if fold else NOTHING
    return format_html(
        '<input type="checkbox" class="check" name="{}" value="{}"{} aria-label="{}"{}>'
        '<input type="hidden" name="shown" value="{}" form="shown">',
        *value, count, _tick_label(row, frame.words), frame.disabled, alert.pk,
    )  # fmt: skip


def _tick_label(row: QueueRow, _: Words) -> str:
    """What ticking a row selects, for who cannot see it."""
    alert = row.alert
    named = {"name": plain(alert.name), "host": plain(alert.host_name or "")}
    if row.fold is None:
        return _("Select: %(name)s %(host)s") % named
    return _("Select %(n)s alike: %(name)s %(host)s") % (named | {"n": row.fold.count})


def _severity(alert: Alert) -> SafeString:
    return format_html('{}<div class="tech">{}</div>', badge(_SEVERITIES[alert.severity]), main_technique(alert))


@lru_cache(maxsize=8)
def badge(word: str) -> SafeString:
    """The mark of a severity."""
    return _template("components/_badge_severity.html", ui.severity(word))


def _template(name: str, context: dict[str, Any]) -> SafeString:
    return mark_safe(render_to_string(name, context).strip())  # noqa: S308  (a template escapes)


def _said(row: QueueRow, frame: _Frame) -> SafeString:
    """The alert's name with what is to be known of it, and its evidence."""
    alert = row.alert
    return format_html(
        '<div class="name"><a class="truncate" href="{}{}">{}</a>{}{}</div>'
        '<div class="ev truncate">{}</div><div class="rownote truncate" id="note-{}"></div>',
        _of(frame.detail, alert), frame.from_, alert.name, _chips(row, frame), frame.cases.get(alert.pk, NOTHING),
        evidence_line(alert.evidence), alert.pk,
    )  # fmt: skip


def _chips(row: QueueRow, frame: _Frame) -> SafeString:
    alert, chips, _ = row.alert, list[SafeString](), frame.words
    if row.fold:
        chips.append(_fold_chip(row.fold, frame, alert.pk))
    if row.fold and row.hidden:
        chips.append(_fresh_chip(row.hidden, row.fold, _))
    if alert.status != Status.OPEN:
        state = (alert.status, alert.reason)
        chips.append(frame.once(state, lambda: _template("components/_status.html", ui.status(*state))))
    if row.snoozed and alert.snoozed_until:
        until = when.element(alert.snoozed_until, when.spoken(alert.snoozed_until, frame.now))
        chips.append(format_html('<span class="chip outline snoozed">{} {}</span>', _("asleep until"), until))
    chips += [format_html('<span class="chip outline">{}</span>', told) for told in _told(alert, _)]
    if alert.suppressed and not alert.learning:
        chips.append(_more_like_it(alert.suppressed, _))
    return joined(chips)


def _fold_chip(fold: Folded, frame: _Frame, alert_id: int) -> SafeString:
    """ "×14", which leads to the fourteen; with scripts they are listed under the row."""
    address, _ = frame.unfolding + fold.key, frame.words
    said = ngettext("%(n)s alert that says the same", "%(n)s alerts that say the same", fold.count.number)
    return format_html(
        '<a class="stackn" href="{}" hx-get="{}" hx-target="closest tr" hx-swap="afterend" data-unfold="{}" '
        'aria-expanded="false" title="{}">×{}<span class="visually-hidden"> {}</span></a>',
        address, f"{address}&inside={alert_id}", fold.key, said % {"n": fold.count}, str(fold.count),
        _("alike: show each"),
    )  # fmt: skip


def _fresh_chip(fresh: Count, fold: Folded, _: Words) -> SafeString:
    """ "1 new of 3": what stands behind a row that somebody works on and is nobody's yet."""
    return format_html(
        '<span class="chip open" title="{}">{}</span>',
        _("Open, and nobody owns them"), _("%(new)s new of %(all)s") % {"new": fresh, "all": fold.count},
    )  # fmt: skip


def _told(alert: Alert, _: Words) -> list[str]:
    """What the alert is, where it is not about one event."""
    block = [_("building block")] if alert.building_block and alert.kind != Kind.BLOCK else []
    return [*block, *filter(None, [row_kind(alert)])]


def _more_like_it(number: int, _: Words) -> SafeString:
    return format_html(
        '<span class="chip outline more-like" title="{}">+{}<span class="visually-hidden"> {}</span></span>',
        _("More like it were counted here"), f"{number:,}", _("more like it, counted here"),
    )  # fmt: skip


def _about(alert: Alert) -> SafeString:
    host, user = (show(name) if name else NOTHING for name in (alert.host_name, alert.user_name))
    return format_html('<div class="truncate">{}</div><div class="truncate xs faint">{}</div>', host, user)


@lru_cache(maxsize=4_096)
def _past(language: str, prior: Prior) -> SafeString:
    """What was found in alerts like it: the same numbers stand in row after row, and on page after page."""
    _ = partial(_word, language)
    return format_html(
        '{}{}<div class="xs faint num truncate" title="{}">{}</div>',
        _of_rule(prior, _), verdict_bar(prior.verdicts, 88), _prior_title(prior, _), _prior_words(prior, _),
    )  # fmt: skip


def _prior_words(prior: Prior, _: Words) -> str:
    """ "2 true of 44", however few, which the bar shows by being faded. Duplicates are left out."""
    verdicts = prior.verdicts
    if not verdicts.judged:
        return ""
    shown = {"true": verdicts.true_positive, "all": f"{verdicts.judged:,}{'+' if verdicts.newest else ''}"}
    return _("%(true)s true of %(all)s") % shown


def _of_rule(prior: Prior, _: Words) -> SafeString:
    """A mark where nothing was found on this host yet, so that the numbers are the rule's."""
    if prior.of != "rule" or not prior.verdicts.judged:
        return NOTHING
    return format_html('<span class="ofrule">{}</span>', _("rule"))


def _prior_title(prior: Prior, _: Words) -> str:
    """Of what alerts the verdicts are."""
    if not prior.verdicts.judged:
        return ""
    few = " " + _("Too few to say what is usual.") if prior.verdicts.few else ""
    return _of_what(prior, _) + "." + few


def _of_what(prior: Prior, _: Words) -> str:
    if prior.of == "host":
        return _("What was found in alerts of this rule on this host")
    if prior.of == "user":
        return _("What was found in alerts of this rule about this user")
    return _("Nothing was judged here yet; what was found in alerts of this rule anywhere")


def _owner(alert: Alert, frame: _Frame) -> SafeString:
    return frame.once(
        ("owner", alert.assignee_id),
        lambda: _template("components/_avatar.html", ui.avatar(alert.assignee, frame.user)),
    )


def _age(row: QueueRow, frame: _Frame) -> SafeString:
    at, _ = row.alert.created_at, frame.words
    drawn = when.element(at, when.short_span(frame.now - at), frame.zone)
    if not row.past_target:
        return drawn
    return format_html(
        '<span class="past" title="{}">{}<span class="visually-hidden">, {}</span></span>',
        _("Past its target"), drawn, _("past its target"),
    )  # fmt: skip
