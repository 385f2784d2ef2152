"""What every page needs of its surroundings: where in the product it is, and who looks at it."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Place:
    """A link of the rail. `prefix` is the part of the path under which the link counts as where one is."""

    label: str
    icon: str
    url_name: str
    prefix: str
    key: str
    foot: bool = False


PLACES = (
    Place("Alerts", "alerts", "alerts:queue", "/alerts/", "a"),
    Place("Cases", "cases", "cases:list", "/cases/", "c"),
    Place("Search", "search", "events:search", "/search/", "s"),
    Place("Rules", "rules", "rules:list", "/rules/", "r"),
    Place("Overview", "overview", "overview:page", "/overview/", "o"),
    Place("Health", "health", "health:page", "/health/", "h", foot=True),
    Place("Settings", "settings", "accounts:settings", "/settings/", "i", foot=True),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place as this request sees it."""

    label: str
    icon: str
    url: str
    key: str
    current: bool
    foot: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame around a page, as `shell` in every template."""

    links: tuple[Link, ...]
    csrf_cookie: str
    request_id: str


def links_for(path: str) -> tuple[Link, ...]:
    """The rail's links. A place whose page is not installed is left out rather than leading nowhere."""
    found = []
    for place in PLACES:
        try:
            url = reverse(place.url_name)
        except NoReverseMatch:
            continue
        found.append(Link(place.label, place.icon, url, place.key, path.startswith(place.prefix), place.foot))
    return tuple(found)


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Costs no query."""
    return {
        "shell": Shell(
            links=links_for(request.path),
            csrf_cookie=settings.CSRF_COOKIE_NAME,
            request_id=getattr(request, "request_id", ""),
        )
    }
