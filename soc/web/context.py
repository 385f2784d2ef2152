"""What every page needs of its surroundings: where in the product it is, and who looks at it."""

from dataclasses import dataclass
from functools import lru_cache
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
    going: bool  # whether the page is that which leads anywhere by name
    reading: bool  # whether it is that of the person's notices
    csrf_cookie: str
    request_id: str


def links_for(path: str) -> tuple[Link, ...]:
    """The rail's links. A place whose page is not installed is left out rather than leading nowhere."""
    return _links(next((place.prefix for place in PLACES if path.startswith(place.prefix)), ""))


@lru_cache(maxsize=len(PLACES) + 1)
def _links(current: str) -> tuple[Link, ...]:
    """The same, by the prefix of where one is. Addresses stay the same while the process lives."""
    found = []
    for place in PLACES:
        try:
            url = reverse(place.url_name)
        except NoReverseMatch:
            continue
        found.append(Link(place.label, place.icon, url, place.key, place.prefix == current, place.foot))
    return tuple(found)


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Costs no query."""
    return {
        "shell": Shell(
            links=links_for(request.path),
            going=request.path == "/go/",
            reading=request.path == "/notices/",
            csrf_cookie=settings.CSRF_COOKIE_NAME,
            request_id=getattr(request, "request_id", ""),
        )
    }
