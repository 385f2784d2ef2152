"""`{% load people %}`: what the person at the page may do, and has not read."""

from django import template
from django.contrib.auth.models import AnonymousUser

from accounts import access, access_requests, inbox
from accounts.models import User
from accounts.roles import Permission
from soc.web.counts import Count

register = template.Library()
_UNREAD = "unread_notices_while_answering"


@register.filter
def may(user: User | AnonymousUser, permission: str) -> bool:
    """`{% if user|may:"manage_keys" %}`: whether the role allows it. An unknown permission is an error, not a no."""
    return access.may(user, Permission(permission))


@register.simple_tag
def unread_notices(user: User | AnonymousUser) -> Count:
    """`{% unread_notices user as unread %}`: up to 99, counted once a request however many bells a page has."""
    if not isinstance(user, User):
        return Count(0)
    if not hasattr(user, _UNREAD):
        setattr(user, _UNREAD, inbox.unread(user))
    found: Count = getattr(user, _UNREAD)
    return found


@register.simple_tag
def access_waiting(user: User | AnonymousUser) -> int:
    """`{% access_waiting user as waiting %}`: requests for access that this person can decide. One query, or none."""
    return access_requests.count_waiting(user) if isinstance(user, User) else 0
