"""How the pages of alerts show what a pipeline made: values by their type, long lists folded, ways to the events.

Values and the names of columns are hostile: everything is escaped, and what cannot be seen is drawn.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alerts.models import Alert, Kind
from alerts.plain_names import came_to
from alerts.selectors.row_shapes import Made, MadeRow, Pivot, RowCell, deciding, text_of_json
from engine.pipelines.writing import text_of_double
from events.pages.clauses import address, clause_of
from soc.web import when
from soc.web.evidence import show
from soc.web.markup import format_html, format_html_join, joined

register = template.Library()

FOLD_AT = 400
SHOWN_VALUES = 8
SHOWN_MET = 3
_DATES = frozenset({"date", "date_nanos"})
_NULL = SafeString('<span class="null">null</span>')
_TITLES = {
    Made.GROUP: gettext_lazy("What names the group"),
    Made.QUERY: gettext_lazy("Made by the query"),
    Made.EVENT: gettext_lazy("As the event has it"),
}


@register.filter
def made_title(made: Made) -> str:
    """Over columns of one origin."""
    return str(_TITLES[made])


@register.simple_tag
def cell_value(cell: RowCell, acts: Sequence[SafeString] = ()) -> SafeString:
    """A column's values: one, or a list of which what is beyond the first few is folded away; `acts` are what can be
    done with each."""
    marked = cell.made is Made.GROUP
    one = len(cell.held) == 1
    drawn = _one(cell.held[0], cell.type, marked) if one else _several(_items(cell, marked, acts))
    if not cell.left_out:
        return drawn
    words = (
        ngettext("and %(n)s more character that was not kept", "and %(n)s more characters not kept", cell.left_out)
        if one
        else ngettext("and %(n)s more value that was not kept", "and %(n)s more values not kept", cell.left_out)
    )
    return format_html('{} <span class="faint xs">{}</span>', drawn, words % {"n": f"{cell.left_out:,}"})


def _several(items: Sequence[SafeString]) -> SafeString:
    shown, rest = items[:SHOWN_VALUES], items[SHOWN_VALUES:]
    first = format_html('<ul class="several">{}</ul>', joined(shown))
    if not rest:
        return first
    more = ngettext("%(n)s more value", "%(n)s more values", len(rest)) % {"n": f"{len(rest):,}"}
    return format_html(
        '{}<details class="folded"><summary>{}</summary><ul class="several">{}</ul></details>',
        first,
        more,
        joined(rest),
    )


def _items(cell: RowCell, marked: bool, acts: Sequence[SafeString]) -> list[SafeString]:
    values = [_one(value, cell.type, marked) for value in cell.held]
    if not acts:
        return [format_html("<li>{}</li>", value) for value in values]
    return [format_html('<li class="val"><span>{}</span>{}</li>', *pair) for pair in zip(values, acts, strict=True)]


def _one(value: Any, kind: str, marked: bool = False) -> SafeString:
    drawn = _scalar(value, kind)
    return format_html("<mark>{}</mark>", drawn) if marked and value not in (None, "") else drawn


def _scalar(value: Any, kind: str) -> SafeString:
    if value is None:
        return _NULL
    if value == "":
        return format_html('<span class="null">{}</span>', _("empty"))
    if isinstance(value, str):
        moment = _moment(value) if kind in _DATES else None
        return _clock(moment) if moment else show(value, FOLD_AT)
    if isinstance(value, float):
        return format_html("{}", text_of_double(value))
    return format_html("{}", text_of_json(value))


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _clock(moment: datetime) -> SafeString:
    """A time in the person's zone, without a fraction that says nothing."""
    local = localtime(moment)
    fraction = f".{local.microsecond // 1_000:03}" if local.microsecond else ""
    return when.element(moment, f"{local:%Y-%m-%d %H:%M:%S}{fraction}")


@register.simple_tag
def met_values(values: Sequence[tuple[str, Any]]) -> SafeString:
    """What met a condition: the values marked, with their columns' names where it asks for several."""
    named = len(values) > 1
    drawn = (
        format_html('{}<span class="met">{}</span>', _named(name) if named else "", _met(value))
        for name, value in values
    )
    return format_html_join(" ", "{}", ((one,) for one in drawn))


def _named(name: str) -> SafeString:
    return format_html('<span class="faint">{}</span> ', show(name, FOLD_AT))


def _met(value: Any) -> SafeString:
    listed = value if isinstance(value, list) else [value]
    marks = format_html_join(" ", "{}", ((_one(one, "", True),) for one in listed[:SHOWN_MET]))
    left = len(listed) - SHOWN_MET
    return format_html('{} <span class="faint">+{}</span>', marks, f"{left:,}") if left > 0 else marks


@register.filter
def cell_kql(cell: RowCell) -> str:
    """The column's first value as a KQL clause; empty for a name or a value that no query can hold."""
    return (clause_of(cell.name, cell.values[0]) or "") if cell.values else ""


@register.filter
def decided(row: MadeRow) -> list[tuple[str, str, str]]:
    """What decided over a row: the column, what it tells in the words of the alert's sentence, and what it came to."""
    told = [(name, came_to(name, value)) for name, value in deciding(row)]
    return [(name, f"{one.before}{one.after}".strip(), one.value) for name, one in told]


@register.filter
def pivot_url(pivot: Pivot) -> str:
    """The search that leads to a row's events."""
    asked = {"lang": pivot.language, "q": pivot.query, "from_": pivot.start, "to": pivot.end, "values": pivot.values}
    return address(reverse("events:search"), **asked)


def row_kind(alert: Alert) -> str:
    """What a row of the queue says of an alert that is not about one event; empty for one that is."""
    told = alert.facts or {}
    if alert.kind in (Kind.SEQUENCE, Kind.SAMPLE):
        number = sum(not step.get("missing") for step in told.get("steps", ()))
        return ngettext("%(n)s event joined", "%(n)s events joined", number) % {"n": number}
    if alert.kind in (Kind.THRESHOLD, Kind.GROUP):
        number = int(told.get("count", 0))
        return ngettext("%(n)s event", "%(n)s events", number) % {"n": f"{number:,}"}
    if alert.learning:
        number = int((told.get("learning") or {}).get("combinations", 0))
        return _("learning, %(n)s new") % {"n": f"{number:,}"}
    if alert.kind == Kind.BLOCK:
        return _("one of several")
    return _("indicator") if alert.kind == Kind.INDICATOR else ""
