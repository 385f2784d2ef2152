"""What can be done with a value of an alert: find alike, leave out, search, copy, write an exception on it.

Drawn here and not in a template, since a page has these beside every field that it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django import template
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from alerts.selectors.row_shapes import RowCell
from alerts.selectors.shapes import FieldRow
from alerts.templatetags.alert_parts import as_kql, short_in
from alerts.views.frame import alert_address
from events.pages.clauses import address
from soc.web import evidence
from soc.web.markup import NOTHING, format_html, joined
from soc.web.templatetags.ui import icon

register = template.Library()
LONGEST_COPIED = 4_000
LONGEST_SHOWN = 300
LONGEST_NAMED = 60
MOST_APART = 12
"""Of so many values of a field each can be used in an exception by itself; of more only all of them."""
_FIELD = '<div class="f{}"><dt class="truncate" title="{}">{}</dt><dd>{}\n  {}{}</dd></div>\n'
_VALUES, _APART = '<span class="truncate">{}</span>', '<span class="vals">{}</span>'
_ONE = '<span class="val"><span class="truncate">{}</span>{}</span>'
_LINK = '<a href="{}?q={}" aria-label="{}" title="{}">{}</a>'
_COPY = '<button type="button" data-copy="{}" aria-label="{}" title="{}">{}</button>'
_NEW = '<a href="{}" class="{}" aria-label="{}" title="{}">{}</a>'
_USE = (
    '<button type="submit" form="exception-form" name="add_field" value="{0}" formaction="{1}" formnovalidate '
    'hx-post="{1}" hx-trigger="click" hx-target="#side" hx-swap="outerHTML" hx-include="#exception-form" '
    'hx-sync="#exception-form:replace" class="{2}" aria-label="{3}" title="{4}">{5}</button>'
)


@dataclass(frozen=True, slots=True)
class _Kit:
    """Words, ways and drawings that are the same beside every field."""

    queue: str
    search: str
    like: tuple[str, str, SafeString]
    unlike: tuple[str, str, SafeString]
    events: tuple[str, str, SafeString]
    copy: tuple[str, str, SafeString]
    use: tuple[str, str, SafeString]
    new: tuple[str, str, SafeString]
    use_one: tuple[str, str, SafeString]
    new_one: tuple[str, str, SafeString]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where values stand: at which field, of which of an alert's several events, and the how-maniest of several."""

    field: str
    event: str = ""
    nth: str = ""

    @property
    def told(self) -> dict[str, str]:
        """As an address says it, but for the field."""
        return {"event": self.event, "nth": self.nth}


@register.simple_tag(takes_context=True)
def field_rows(context: dict[str, Any], fields: Sequence[FieldRow], title: str = "", event: str = "") -> SafeString:
    """`{% field_rows group.fields group.title group.event %}`: each field with its values and what can be done with it,
    under the title of its group or by its whole name. Context: alert, query, facts, composer, may_except."""
    return joined([_row(context, field, title, event) for field in fields])


def _row(context: dict[str, Any], field: FieldRow, title: str, event: str) -> SafeString:
    composer = context.get("composer")
    used = bool(composer and composer.uses(field.name, field.values))
    words = _("used in the exception")
    tick = format_html('{}<span class="visually-hidden">{}</span>', icon("check", "tick"), words) if used else NOTHING
    return format_html(
        _FIELD,
        " used" if used else "",
        evidence.plain(field.name),
        evidence.show(short_in(field.name, title) if title else field.name),
        _values(context, field, event),
        field_acts(context, field, as_kql(field), used, event=event),
        tick,
    )


def _values(context: dict[str, Any], field: FieldRow, event: str) -> SafeString:
    shown = [evidence.show(_cut(value)) for value in field.values]
    apart = value_acts(context, field, event)
    if not apart:
        return format_html(_VALUES, SafeString(", ".join(shown)))
    return format_html(_APART, joined([format_html(_ONE, *one) for one in zip(shown, apart, strict=True)]))


def _cut(value: str, most: int = LONGEST_SHOWN) -> str:
    return value if len(value) <= most else f"{value[: most - 1]}…"


@register.simple_tag(takes_context=True)
def value_acts(context: dict[str, Any], field: FieldRow | RowCell, event: str = "") -> list[SafeString]:
    """`{% value_acts cell as acts %}`: what puts each of several values into an exception; none of one, nor of many.
    Context: as of `field_rows`."""
    if not context.get("may_except") or not 1 < len(field.values) <= MOST_APART:
        return []
    kit, composer = _kit(get_language() or "", get_script_prefix(), static("icons.svg")), context.get("composer")
    name, drawn = evidence.plain(field.name), list[SafeString]()
    for nth, value in enumerate(field.values):
        said = _("%(value)s of %(name)s") % {"value": evidence.plain(_cut(value, LONGEST_NAMED)), "name": name}
        used = bool(composer and composer.uses(field.name, [value]))
        words = _said(kit.use_one if composer else kit.new_one, said)
        drawn.append(_exception(context, _Place(field.name, event, str(nth)), words, "rm on" if used else "rm"))
    return drawn


@register.simple_tag(takes_context=True)
def field_acts(
    context: dict[str, Any],
    field: FieldRow | RowCell,
    clause: str,
    used: bool,
    searchable: bool = True,
    event: str = "",
) -> SafeString:
    """`{% field_acts field clause used %}`: `clause` is its value as KQL, empty where it has none; `searchable`:
    whether events have the field; `event`: of which of several it is. Context: as of `field_rows`."""
    kit = _kit(get_language() or "", get_script_prefix(), static("icons.svg"))
    name = evidence.plain(field.name)
    drawn = _links(kit, name, clause, searchable) if clause else []
    if field.values and len(field.values[0]) < LONGEST_COPIED:
        drawn.append(format_html(_COPY, field.values[0], *_said(kit.copy, name)))
    if context.get("may_except") and not 1 < len(field.values) <= MOST_APART:
        words = _said(kit.use if context.get("composer") else kit.new, name)
        drawn.append(_exception(context, _Place(field.name, event), words, "on" if used else ""))
    return format_html('<span class="acts">{}</span>', joined(drawn))


def _links(kit: _Kit, name: str, clause: str, searchable: bool) -> list[SafeString]:
    asked = quote(clause, safe="")
    drawn = [
        format_html(_LINK, kit.queue, asked, *_said(kit.like, name)),
        format_html(_LINK, kit.queue, quote(f"not {clause}", safe=""), *_said(kit.unlike, name)),
    ]
    return [*drawn, format_html(_LINK, kit.search, asked, *_said(kit.events, name))] if searchable else drawn


def _exception(context: dict[str, Any], at: _Place, words: tuple[str, str, SafeString], look: str) -> SafeString:
    """A button in the panel's form where an exception is being written, else the way to a new one."""
    if composer := context.get("composer"):
        return format_html(_USE, at.field, address(composer.preview_url, **at.told), look, *words)
    told = {"side": "exception", "add": at.field, **at.told, "facts": context.get("facts", "")}
    return format_html(_NEW, alert_address(context["alert"].pk, context.get("query", ""), **told), look, *words)


def _said(one: tuple[str, str, SafeString], name: str) -> tuple[str, str, SafeString]:
    label, title, drawing = one
    return label % {"name": name}, title, drawing


@register.filter
def other_facts(facts: str) -> list[tuple[str, str]]:
    """The ways to read an alert's event beside the one that is open, "" for the useful fields: name and title."""
    ways = (("useful", _("Useful fields")), ("all", _("All fields")), ("raw", _("Raw event")))
    return [(name, title) for name, title in ways if name != (facts or "useful")]


@lru_cache(maxsize=16)
def _kit(_language: str, _prefix: str, icons: str) -> _Kit:
    def icon(name: str, small: str = "") -> SafeString:
        return format_html('<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', small, icons, name)

    return _Kit(
        reverse("alerts:queue"),
        reverse("events:search"),
        (_("Alerts with this %(name)s"), _("Alerts with this value"), icon("plus")),
        (_("Alerts without this %(name)s"), _("Alerts without this value"), icon("minus")),
        (_("Search events by %(name)s"), _("Search events"), icon("pivot")),
        (_("Copy %(name)s"), _("Copy"), icon("copy")),
        (_("Use %(name)s in the exception"), _("Use in the exception"), icon("mute")),
        (_("New exception on %(name)s"), _("New exception on this field"), icon("mute")),
        (_("Use %(name)s in the exception"), _("Use this value in the exception"), icon("mute", " icon-s")),
        (_("New exception on %(name)s"), _("New exception on this value"), icon("mute", " icon-s")),
    )
