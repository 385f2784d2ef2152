"""What only the queue draws: folds, what was found before, and its histogram, whose bars lead to their time."""

from collections import Counter
from datetime import datetime, timedelta

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alerts.models import Reason
from alerts.queue_form import QueueForm
from alerts.selectors.shapes import Folded, Histogram, Prior, QueueRow
from alerts.views.frame import queue_address
from soc.web import charts
from soc.web.evidence import plain

register = template.Library()

TICKS = 8
_GRAVEST_FIRST = ("critical", "high", "medium", "low")
_OF_WHAT = {
    "host": gettext_lazy("What was found in alerts of this rule on this host"),
    "user": gettext_lazy("What was found in alerts of this rule about this user"),
    "rule": gettext_lazy("Nothing was judged here yet; what was found in alerts of this rule anywhere"),
}


@register.simple_tag
def fold_chip(fold: Folded, unfolding: str, alert_id: int) -> SafeString:
    """ "×14", which leads to the fourteen; with scripts they are listed under the row."""
    address = f"{reverse('alerts:queue')}?{unfolding}{'&' if unfolding else ''}fold={fold.key}"
    said = ngettext("%(n)s alert that says the same", "%(n)s alerts that say the same", fold.count.number)
    return format_html(
        '<a class="stackn" href="{}" hx-get="{}" hx-target="closest tr" hx-swap="afterend" data-unfold="{}" '
        'aria-expanded="false" title="{}">×{}<span class="visually-hidden"> {}</span></a>',
        address, f"{address}&inside={alert_id}", fold.key, said % {"n": fold.count}, fold.count, _("alike: show each"),
    )  # fmt: skip


@register.filter
def prior_words(prior: Prior) -> str:
    """ "2 true of 44"; "rule: 2 of 60" where nothing was found on this host yet; "0 of 3, too few" while that says
    nothing. Duplicates are left out."""
    verdicts = prior.verdicts
    if not verdicts.judged:
        return ""
    shown = {"true": verdicts.true_positive, "all": f"{verdicts.judged:,}{'+' if prior.more else ''}"}
    if verdicts.few:
        return (
            _("rule: %(true)s/%(all)s, too few") if prior.of == "rule" else _("%(true)s of %(all)s, too few")
        ) % shown
    return (_("rule: %(true)s of %(all)s") if prior.of == "rule" else _("%(true)s true of %(all)s")) % shown


@register.filter
def prior_title(prior: Prior) -> str:
    """Of what alerts the verdicts are."""
    return str(_OF_WHAT[prior.of]) if prior.verdicts.judged else ""


@register.filter
def tick_label(row: QueueRow) -> str:
    """What ticking a row selects, for who cannot see it."""
    alert = row.alert
    named = {"name": plain(alert.name), "host": plain(alert.host_name or "")}
    if row.fold is None:
        return _("Select: %(name)s %(host)s") % named
    return _("Select %(n)s alike: %(name)s %(host)s") % (named | {"n": row.fold.count})


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
    drawn = field.as_widget(attrs={"class": "select", "data-brush-span": True})
    if not stretch:
        return drawn
    return mark_safe(str(drawn).replace(str(_("Any time")), _("As marked"), 1))  # noqa: S308  (words of ours)


@register.simple_tag
def queue_histogram(histogram: Histogram | None, query: str) -> SafeString:
    """Alerts over time by severity. Each bar leads to its time; the whole can be brushed (data-brush names the form);
    the same numbers stand in a table behind it.
    """
    if histogram is None or not histogram.counts:
        return SafeString("")
    step = timedelta(seconds=histogram.seconds)
    starts = [histogram.start + number * step for number in range(len(histogram.counts))]
    rest = queue_address(QueryDict(query), "time", "since", "until")
    leading = f"{reverse('alerts:queue')}?{rest}{'&' if rest else ''}"
    columns = [
        charts.Column(
            tuple(counts), _label(start, step, sum(counts)), f"{leading}since={_iso(start)}&until={_iso(start + step)}"
        )
        for start, counts in zip(starts, histogram.counts, strict=True)
    ]
    drawn = charts.histogram(columns, summary=_summary(histogram, step), ticks=_ticks(starts, step, histogram.to_now))
    told = (
        f'<svg data-brush="filters" data-brush-from="{_iso(starts[0])}" data-brush-to="{_iso(starts[-1] + step)}" '
        f'data-brush-bars="{len(starts)}"'
    )
    marked = mark_safe(drawn.replace("<svg", told, 1))  # noqa: S308  (times of ours, before what is escaped already)
    return format_html("{}{}{}", marked, _ranges(len(starts)), _table(histogram, starts))


def _ranges(bars: int) -> SafeString:
    """The brush for the keyboard; shown by the script that it needs."""
    return format_html(
        '<span class="ranges" data-brush-ranges hidden><label><span class="visually-hidden">{}</span>'
        '<input type="range" min="0" max="{}" value="0" step="1" data-brush-range="from"></label>'
        '<label><span class="visually-hidden">{}</span>'
        '<input type="range" min="0" max="{}" value="{}" step="1" data-brush-range="to"></label></span>',
        _("First bar"), bars, _("Last bar"), bars, bars,
    )  # fmt: skip


def _table(histogram: Histogram, starts: list[datetime]) -> SafeString:
    rows = [
        (f"{localtime(start):%-d %b %H:%M}", *reversed(counts), sum(counts))
        for start, counts in zip(starts, histogram.counts, strict=True)
        if any(counts)
    ]
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


def _label(start: datetime, step: timedelta, number: int) -> str:
    said = ngettext("%(n)s alert", "%(n)s alerts", number) % {"n": f"{number:,}"}
    return f"{localtime(start):%-d %b %H:%M} – {localtime(start + step):%H:%M}: {said}"


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
    return said % {"n": f"{total:,}", "span": span}


def _ticks(starts: list[datetime], step: timedelta, to_now: bool) -> list[tuple[int, str]]:
    count = len(starts)
    pattern = "%-d %b" if step * count > timedelta(days=3) else "%H:%M %a"
    labels = [(at, f"{localtime(starts[at]):{pattern}}") for at in range(0, count, max(count // TICKS, 1))][:TICKS]
    return [*labels, (count, _("now"))] if to_now else labels
