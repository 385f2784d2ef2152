"""What only the queue draws: folds, what was found before, and its histogram, whose bars lead to their time."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django import template
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone, localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from alerts.models import Reason
from alerts.queue_form import GROUPINGS, QueueForm
from alerts.selectors.shapes import Histogram
from alerts.views.frame import groups_url, queue_address, queue_url
from soc.web import charts
from soc.web.controls import control
from soc.web.markup import NOTHING, format_html, format_html_join

register = template.Library()

TICKS = 8
_GRAVEST_FIRST = ("critical", "high", "medium", "low")


@register.filter
def by_reason_words(numbers: Counter[str]) -> str:
    """ "30 benign positive, 2 true positive", the most first."""
    words = {one.value: str(one.label).lower() for one in Reason}
    return ", ".join(f"{number:,} {words.get(reason, reason)}" for reason, number in numbers.most_common())


@register.filter
def time_box(form: QueueForm) -> SafeString:
    """The choice of a span that ends now; a stretch with a start and an end is its first line while one is chosen."""
    field = form["time"]
    stretch = not form["time"].value() and (form["since"].value() or form["until"].value())
    drawn = control(field, {"class": "select", "data-brush-span": True})
    if not stretch:
        return drawn
    return mark_safe(str(drawn).replace(str(_("Any time")), _("As marked"), 1))  # noqa: S308  (words of ours)


@register.simple_tag(takes_context=True)
def listed(context: dict[str, Any], query: str = "") -> str:
    """`{% listed view.query %}`: what a query string of ours lists, as it is looked at: alerts, or `by` in groups."""
    by = context.get("by")
    return groups_url(by, query) if by else queue_url(query)


@register.simple_tag
def groupings(query: str) -> list[tuple[str, str, str]]:
    """`{% groupings query as ways %}`: what the list may be grouped by, as an address has it and as people read it, and
    the way there."""
    return [(name, str(title), groups_url(name, query)) for name, title in GROUPINGS]


@register.simple_tag(takes_context=True)
def filter_fields(context: dict[str, Any], form: QueueForm) -> SafeString:
    """The filters but the KQL text, kept with the form (queue_form.form_over): they are drawn from nothing else but
    what alerts are grouped `by`, if they are."""
    drawn_for = get_language(), context.get("by") or ""
    if drawn_for not in form.drawn:
        told = {"form": form, "by": drawn_for[1]}
        form.drawn[drawn_for] = mark_safe(render_to_string("alerts/_filter_fields.html", told))  # noqa: S308
    return form.drawn[drawn_for]


@register.simple_tag
def queue_histogram(histogram: Histogram | None, query: str) -> SafeString:
    """Alerts over time by severity. Each bar leads to its time; the whole can be brushed (data-brush names the form);
    the same numbers stand in a table behind it.
    """
    if histogram is None or not histogram.counts:
        return SafeString("")
    bars = _bars(histogram)
    rest = queue_address(QueryDict(query), "time", "since", "until")
    leading = f"{reverse('alerts:queue')}?{rest}{'&' if rest else ''}"
    columns = [
        charts.Column(bar.counts, bar.label, f"{leading}since={bar.start}&until={bar.end}" if bar.label else "")
        for bar in bars
    ]
    step = timedelta(seconds=histogram.seconds)
    summary = _summary(histogram, step)
    drawn = charts.histogram(columns, summary=summary, ticks=_ticks(histogram, step))
    told = (
        f'<svg data-brush="filters" data-brush-from="{bars[0].start}" data-brush-to="{bars[-1].end}" '
        f'data-brush-bars="{len(bars)}"'
    )
    marked = mark_safe(drawn.replace("<svg", told, 1))  # noqa: S308  (times of ours, before what is escaped already)
    said = format_html(
        '<p class="xs faint{}" aria-hidden="true">{}</p>', NOTHING if histogram.judged else " without", summary
    )
    return format_html("{}{}{}{}", said, marked, charts.ranges(len(bars)), _table(bars))


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar: its ends as an address has them, when it begins as people read it, and what it says; of an empty one only
    its ends."""

    start: str
    end: str
    counts: tuple[int, ...]
    begins: str = ""
    label: str = ""


def _bars(histogram: Histogram) -> list[_Bar]:
    step, zone, language = timedelta(seconds=histogram.seconds), get_current_timezone(), get_language()
    return [
        _bar(histogram.start + number * step, step, counts, zone, language)
        for number, counts in enumerate(histogram.counts)
    ]


@lru_cache(maxsize=2_048)
def _bar(start: datetime, step: timedelta, counts: tuple[int, ...], zone: tzinfo, _language: str | None) -> _Bar:
    """A bar. Kept: there are a hundred, of which all but the last few stay as they are from list to list."""
    end = start + step
    if not any(counts):
        return _Bar(_iso(start), _iso(end), counts)
    begins = f"{start.astimezone(zone):%-d %b %H:%M}"
    label = f"{begins} – {end.astimezone(zone):%H:%M}: {_alerts(sum(counts))}"
    return _Bar(_iso(start), _iso(end), counts, begins, label)


def _table(bars: list[_Bar]) -> SafeString:
    rows = [(bar.begins, *reversed(bar.counts), sum(bar.counts)) for bar in bars if bar.begins]
    heads = format_html_join("", '<th scope="col">{}</th>', ((_(name),) for name in _GRAVEST_FIRST))
    body = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td>'
        '<td class="num">{}</td><td class="num">{}</td></tr>',
        rows,
    )
    return format_html(
        '<details class="astable"><summary class="xs faint">{}</summary><div class="astable-box" tabindex="0" '
        'role="region" aria-label="{}"><table class="table"><thead><tr><th scope="col">{}</th>{}<th scope="col">{}</th>'
        "</tr></thead><tbody>{}</tbody></table></div></details>",
        _("As table"), _("Alerts over time"), _("From"), heads, _("all"), body,
    )  # fmt: skip


def _alerts(number: int) -> str:
    return ngettext("%(n)s alert", "%(n)s alerts", number) % {"n": f"{number:,}"}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _summary(histogram: Histogram, step: timedelta) -> str:
    total = sum(map(sum, histogram.counts))
    hours = round((step * len(histogram.counts)).total_seconds() / 3_600)
    span = (
        ngettext("1 hour", "%(n)s hours", max(hours, 1)) % {"n": max(hours, 1)}
        if hours < 48
        else _("%(n)s days") % {"n": hours // 24}
    )
    said = ngettext("%(n)s alert over %(span)s.", "%(n)s alerts over %(span)s.", total)
    told = said % {"n": f"{total:,}", "span": span}
    return told if histogram.judged else f"{told} {_('Without the query.')}"


def _ticks(histogram: Histogram, step: timedelta) -> list[tuple[int, str]]:
    count = len(histogram.counts)
    pattern = "%-d %b" if step * count > timedelta(days=3) else "%H:%M %a"
    at = range(0, count, max(count // TICKS, 1))[:TICKS]
    labels = [(number, f"{localtime(histogram.start + number * step):{pattern}}") for number in at]
    return [*labels, (count, _("now"))] if histogram.to_now else labels
