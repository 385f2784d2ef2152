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

from alerts.selectors.shapes import FieldRow
from alerts.templatetags.alert_parts import as_kql, short_in
from soc.web import evidence
from soc.web.markup import NOTHING, format_html, joined
from soc.web.templatetags.ui import icon

register = template.Library()
LONGEST_COPIED = 4_000
LONGEST_SHOWN = 300
_FIELD = (
    '<div class="f{}"><dt class="truncate" title="{}">{}</dt><dd><span class="truncate">{}</span>\n  {}{}</dd></div>\n'
)
_LINK = '<a href="{}?q={}" aria-label="{}" title="{}">{}</a>'
_COPY = '<button type="button" data-copy="{}" aria-label="{}" title="{}">{}</button>'
_NEW = '<a href="?side=exception&amp;add={}" aria-label="{}" title="{}">{}</a>'
_USE = (
    '<button type="submit" form="exception-form" name="add_field" value="{0}" formaction="{1}" formnovalidate '
    'hx-post="{1}" hx-trigger="click" hx-target="#side" hx-swap="outerHTML" hx-include="#exception-form" class="{2}" '
    'aria-label="{3}" title="{4}">{5}</button>'
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


@register.simple_tag(takes_context=True)
def field_rows(context: dict[str, Any], fields: Sequence[FieldRow], title: str = "") -> SafeString:
    """`{% field_rows group.fields group.title %}`: each field with its values and what can be done with it, under the
    title of its group or by its whole name. Context: composer, may_except."""
    composer = context.get("composer")
    used = frozenset(field.name for field in fields if composer.uses(field.name)) if composer else frozenset[str]()
    return joined([_row(context, field, title, field.name in used) for field in fields])


def _row(context: dict[str, Any], field: FieldRow, title: str, used: bool) -> SafeString:
    words = _("used in the exception")
    tick = format_html('{}<span class="visually-hidden">{}</span>', icon("check", "tick"), words) if used else NOTHING
    return format_html(
        _FIELD,
        " used" if used else "",
        evidence.plain(field.name),
        evidence.show(short_in(field.name, title) if title else field.name),
        SafeString(", ".join([evidence.show(_cut(value)) for value in field.values])),
        field_acts(context, field, as_kql(field), used),
        tick,
    )


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST_SHOWN else f"{value[: LONGEST_SHOWN - 1]}…"


@register.simple_tag(takes_context=True)
def field_acts(
    context: dict[str, Any], field: FieldRow, clause: str, used: bool, searchable: bool = True
) -> SafeString:
    """`{% field_acts field clause used %}`: `clause` is its value as KQL, empty where it has none; `searchable`:
    whether events have the field. Context: composer, may_except."""
    kit = _kit(get_language() or "", get_script_prefix(), static("icons.svg"))
    name = evidence.plain(field.name)
    drawn = _links(kit, name, clause, searchable) if clause else []
    if field.values and len(field.values[0]) < LONGEST_COPIED:
        drawn.append(format_html(_COPY, field.values[0], *_said(kit.copy, name)))
    if context.get("may_except"):
        drawn.append(_exception(kit, field.name, name, context.get("composer"), used))
    return format_html('<span class="acts">{}</span>', joined(drawn))


def _links(kit: _Kit, name: str, clause: str, searchable: bool) -> list[SafeString]:
    asked = quote(clause, safe="")
    drawn = [
        format_html(_LINK, kit.queue, asked, *_said(kit.like, name)),
        format_html(_LINK, kit.queue, quote(f"not {clause}", safe=""), *_said(kit.unlike, name)),
    ]
    return [*drawn, format_html(_LINK, kit.search, asked, *_said(kit.events, name))] if searchable else drawn


def _exception(kit: _Kit, field: str, name: str, composer: Any, used: bool) -> SafeString:
    """A button in the panel's form where an exception is being written, else the way to a new one."""
    if not composer:
        return format_html(_NEW, quote(field, safe=""), *_said(kit.new, name))
    return format_html(_USE, field, composer.preview_url, "on" if used else "", *_said(kit.use, name))


def _said(one: tuple[str, str, SafeString], name: str) -> tuple[str, str, SafeString]:
    label, title, drawing = one
    return label % {"name": name}, title, drawing


@lru_cache(maxsize=16)
def _kit(_language: str, _prefix: str, icons: str) -> _Kit:
    def icon(name: str) -> SafeString:
        return format_html('<svg class="icon" aria-hidden="true"><use href="{}#i-{}"/></svg>', icons, name)

    return _Kit(
        reverse("alerts:queue"),
        reverse("events:search"),
        (_("Alerts with this %(name)s"), _("Alerts with this value"), icon("plus")),
        (_("Alerts without this %(name)s"), _("Alerts without this value"), icon("minus")),
        (_("Search events by %(name)s"), _("Search events"), icon("pivot")),
        (_("Copy %(name)s"), _("Copy"), icon("copy")),
        (_("Use %(name)s in the exception"), _("Use in the exception"), icon("mute")),
        (_("New exception on %(name)s"), _("New exception on this field"), icon("mute")),
    )
