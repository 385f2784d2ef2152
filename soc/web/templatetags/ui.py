"""Loaded everywhere: icons, severities, techniques and the like; the bricks of every page."""

import re
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BooleanField, BoundField, ChoiceField
from django.templatetags.static import static
from django.utils.safestring import SafeString

from soc.web.counts import Count
from soc.web.markup import format_html

register = template.Library()
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?\Z")
_TACTIC = re.compile(r"TA\d{4}\Z")


@register.simple_tag
def icon(name: str, classes: str = "", small: bool = False) -> SafeString:
    """`{% icon "check" small=True %}`: a drawing of static/icons.svg, hidden from screen readers."""
    return _icon(name, classes, small)


@lru_cache(maxsize=1_024)
def _icon(name: str, classes: str, small: bool) -> SafeString:
    """Pages have dozens, of some twenty kinds; the file of drawings stays the same while the process lives."""
    all_classes = " ".join(filter(None, ("icon", "icon-s" if small else "", classes)))
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', all_classes, static("icons.svg"), name
    )


@register.inclusion_tag("components/_badge_severity.html")
def severity(word: str) -> dict[str, str]:
    """`{% severity alert.get_severity_display %}`: shape, word and colour, never colour alone."""
    return {"severity": str(word).lower()}


@register.inclusion_tag("components/_status.html")
def status(value: str, reason: str = "", fault: str = "") -> dict[str, str]:
    """`{% status alert.status alert.reason alert.fault %}`: a chip; a closed alert shows its reason, and its
    fault."""
    shown = reason if value == "closed" and reason else value
    told = f"{shown}, {fault}" if fault else shown
    return {"status": shown, "words": told.replace("_", " ").capitalize()}


@register.simple_tag
def technique(identifier: str, name: str = "") -> SafeString:
    """`{% technique "T1059.006" %}`: a link to ATT&CK; anything that is no id of a tactic or technique stays text."""
    words = format_html("<b>{}</b>{}{}", identifier, " " if name else "", name)
    if _TECHNIQUE.match(identifier):
        path = f"techniques/{identifier.replace('.', '/')}"
    elif _TACTIC.match(identifier):
        path = f"tactics/{identifier}"
    else:
        return format_html('<span class="chip outline">{}</span>', words)
    return format_html(
        '<a class="chip outline" href="https://attack.mitre.org/{}/" rel="noopener noreferrer">{}</a>', path, words
    )


@register.inclusion_tag("components/_avatar.html")
def avatar(person: Any, me: Any = None) -> dict[str, Any]:
    """`{% avatar alert.assignee user %}`: initials, set apart for oneself; a dashed ring for nobody."""
    if not person:
        return {"initials": "", "name": "Nobody", "mine": False}
    return {"initials": initials(person), "name": str(person), "mine": person == me}


@register.filter
def initials(person: Any) -> str:
    """`{{ user|initials }}`: two letters for a person."""
    words = str(person).replace(".", " ").replace("-", " ").split()
    letters = [word[0] for word in words if word[:1].isalnum()]
    return ("".join(letters[:2]) if len(letters) > 1 else str(person)[:2]).upper()


@register.filter
def control(field: BoundField, tall: object = None) -> SafeString:
    """`{{ field|control }}`: a form's control in our looks, tied to its hint and its errors."""
    box = isinstance(field.field, BooleanField)
    base = "check" if box else "select" if isinstance(field.field, ChoiceField) else "input"
    classes = [base, "tall" if tall else "", "bad-in" if field.errors else ""]
    attributes: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if field.errors:
        attributes |= {"aria-invalid": "true", "aria-describedby": f"{field.id_for_label}_error"}
    return field.as_widget(attrs=attributes)


@register.simple_tag(takes_context=True)
def keep_query(context: dict[str, Any], **changes: object) -> str:
    """`{% keep_query after=page.next_key %}`: this address's query with changes; an empty value drops its key."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return "?" + str(query.urlencode())


@register.filter
def amount(value: int | Count) -> str:
    """`{{ count|amount }}`: 12,345 or 10,000+."""
    return str(value) if isinstance(value, Count) else f"{value:,}"
