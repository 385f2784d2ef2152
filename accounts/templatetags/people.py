"""`{% load people %}`: what the person at the page may do."""

from django import template
from django.contrib.auth.models import AnonymousUser

from accounts import access
from accounts.models import User
from accounts.roles import Permission

register = template.Library()


@register.filter
def may(user: User | AnonymousUser, permission: str) -> bool:
    """`{% if user|may:"manage_keys" %}`: whether the role allows it. An unknown permission is an error, not a no."""
    return access.may(user, Permission(permission))


@register.simple_tag
def reason_against(permission: str) -> str:
    """`{% reason_against "except" %}`: the sentence for a control that the role lacks."""
    return access.reason_against(Permission(permission))
