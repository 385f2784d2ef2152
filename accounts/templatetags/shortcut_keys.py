"""`{% load shortcut_keys %}`: the keys of the person at the page."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from accounts import shortcuts
from accounts.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def key(context: dict[str, Any], usual: str) -> SafeString:
    """`{% key "j" %}`: the key that does this for the person, or for who has replaced those in `pairs` (key_pairs)."""
    pairs, request = context.get("pairs"), context.get("request")
    own = shortcuts.own_key(getattr(request, "user", None), usual) if pairs is None else shortcuts.own_of(pairs, usual)
    return format_html("<kbd>{}</kbd>", own)


@register.filter
def key_pairs(user: User | AnonymousUser) -> str:
    """`{{ user|key_pairs }}`: the keys that were replaced, as the page's script reads them."""
    return shortcuts.pairs_of(user)


@register.simple_tag(takes_context=True)
def with_key(context: dict[str, Any], words: object, usual: str) -> str:
    """`title="{% with_key _('Open') 'o' %}"`: "Open (o)", by the person's own key; "Open" while keys are off."""
    user = getattr(context.get("request"), "user", None)
    own = shortcuts.hint_of(user, usual)
    return escape(f"{words} ({own})" if own else str(words))
