"""Where a person can go, by what is typed: an alert or a case by its number, places, views that were saved, rules.

What the person may not open, or must not know of, is not among them: rights are those of the pages, and what is of
another team is as absent as what never was. Eight queries at most.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import saved
from accounts.access import may
from accounts.models import SavedQuery, User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.models import Alert, SavedView
from cases.models import Case
from events.models import SavedSearch
from rules.selectors import visible_rules

MOST = 8
"""Of a kind that is looked for by name."""
_ALERT = re.compile(r"(?:al-?)?([0-9]{1,18})", re.IGNORECASE)
_CASE = re.compile(r"(?:case-?)?([0-9]{1,18})", re.IGNORECASE)
_LEAST = 2  # characters of a rule's name


@dataclass(frozen=True, slots=True)
class Destination:
    """One thing to go to: what it is called, a word about it, where it is, and the keys that lead there, too."""

    label: str
    url: str
    icon: str
    note: str = ""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Destinations of a kind."""

    name: str
    title: str
    found: list[Destination]


@dataclass(frozen=True, slots=True)
class _Place:
    """A page: other words for it help to find it."""

    label: str | Promise
    url_name: str
    icon: str
    words: str = ""
    keys: str = ""
    permission: Permission = Permission.VIEW
    query: str = ""


_PLACES = (
    _Place(gettext_lazy("Alerts"), "alerts:queue", "alerts", "queue triage", "g a"),
    _Place(gettext_lazy("Alerts closed lately"), "alerts:queue", "check", "queue verdicts", query="view=closed"),
    _Place(gettext_lazy("Alerts in groups"), "alerts:groups", "alerts", "queue grouped by rule host user"),
    _Place(gettext_lazy("Cases"), "cases:list", "cases", "incidents", "g c"),
    _Place(gettext_lazy("New case"), "cases:new", "plus", "open incident", permission=Permission.WORK_CASES),
    _Place(gettext_lazy("Search"), "events:search", "search", "events hunt kql", "g s"),
    _Place(gettext_lazy("Search in EQL"), "events:search", "search", "sequences", query="lang=eql"),
    _Place(gettext_lazy("Search in ES|QL"), "events:search", "search", "pipeline esql", query="lang=esql"),
    _Place(gettext_lazy("Search alerts"), "events:search", "search", "", query="in=alerts"),
    _Place(gettext_lazy("Rules"), "rules:list", "rules", "detections", "g r"),
    _Place(gettext_lazy("Exceptions"), "alerts:exceptions", "mute", "silence ledger reviews"),
    _Place(gettext_lazy("Lists"), "lists:list", "note", "value lists tables shared exceptions settings"),
    _Place(gettext_lazy("Overview"), "overview:page", "overview", "manager figures", "g o"),
    _Place(gettext_lazy("Health"), "health:page", "health", "agents ingest workers", "g h"),
    _Place(gettext_lazy("Notices"), "accounts:notices", "bell", "inbox mentions", "g n"),
    _Place(gettext_lazy("Your settings"), "accounts:you", "user", "time zone name mail", "g i"),
    _Place(gettext_lazy("Keyboard shortcuts"), "accounts:you", "key", "keys remap settings", query="#shortcuts"),
    _Place(gettext_lazy("Password"), "account_change_password", "key", "settings"),
    _Place(gettext_lazy("Security"), "accounts:security", "shield", "sessions second factor passkey settings"),
    _Place(gettext_lazy("API keys"), "accounts:keys", "key", "agents settings", permission=Permission.MANAGE_KEYS),
    _Place(gettext_lazy("Refused events"), "events:dead_letters", "fail", "dead letters",
           permission=Permission.MANAGE_KEYS),
    _Place(gettext_lazy("Users"), "accounts:users", "user", "people settings", permission=Permission.MANAGE_USERS),
    _Place(gettext_lazy("Teams"), "accounts:teams", "user", "settings", permission=Permission.MANAGE_USERS),
    _Place(gettext_lazy("Roles"), "accounts:roles", "user", "permissions settings"),
    _Place(gettext_lazy("Targets"), "alerts:targets", "time", "sla settings", permission=Permission.SET_TARGETS),
    _Place(gettext_lazy("Audit"), "accounts:audit", "file", "record changes settings", permission=Permission.AUDIT),
)  # fmt: skip


def destinations(user: User, text: str) -> list[Group]:
    """What fits, the likeliest kind first; without a text every place and view."""
    kinds: tuple[tuple[str, str, Callable[[User, str], Iterable[Destination]]], ...] = (
        ("numbers", _("By number"), _by_number),
        ("places", _("Places"), _places),
        ("views", _("Saved views and searches"), _views),
        ("rules", _("Rules"), _rules),
        ("search", _("Search"), _searches),
    )
    groups = [Group(name, title, list(find(user, text))) for name, title, find in kinds]
    return [group for group in groups if group.found]


def _by_number(user: User, text: str) -> Iterator[Destination]:
    """An alert and a case: `12` may be either. What the person does not see has no number here."""
    teams = teams_of(user)
    if found := _ALERT.fullmatch(text):
        alert = Alert.objects.filter(pk=int(found[1]), team__in=teams).only("name", "host_name").first()
        if alert is not None:
            yield Destination(str(alert), reverse("alerts:detail", args=[alert.pk]), "alerts", _about(alert))
    if found := _CASE.fullmatch(text):
        case = Case.objects.filter(pk=int(found[1]), team__in=teams).only("title").first()
        if case is not None:
            yield Destination(str(case), reverse("cases:detail", args=[case.pk]), "cases", case.title)


def _about(alert: Alert) -> str:
    return " · ".join(filter(None, (alert.name, alert.host_name)))


def _places(user: User, text: str) -> list[Destination]:
    """Those whose name begins so before those that are only about it."""
    ranked = [(rank, number, place) for number, place in enumerate(_PLACES)
              if may(user, place.permission) and (rank := _rank(place, text)) is not None]  # fmt: skip
    return [_destination(place) for _rank_, _number, place in sorted(ranked, key=lambda one: one[:2])]


def _rank(place: _Place, text: str) -> int | None:
    label, wanted = str(place.label).lower(), text.lower()
    if label.startswith(wanted):
        return 0
    words = f"{label} {place.words}".split()
    if all(any(word.startswith(one) for word in words) for one in wanted.split()):
        return 1
    return 2 if wanted in label else None


def _destination(place: _Place) -> Destination:
    glue = "" if place.query.startswith("#") or not place.query else "?"
    return Destination(str(place.label), f"{reverse(place.url_name)}{glue}{place.query}", place.icon, keys=place.keys)


def _views(user: User, text: str) -> list[Destination]:
    """Views of the queue, and searches."""
    kept: tuple[tuple[type[SavedQuery], str, str], ...] = (
        (SavedView, "alerts:queue", "alerts"),
        (SavedSearch, "events:search", "search"),
    )
    wanted, teams = text.casefold(), teams_of(user)
    return [
        Destination(one.name, f"{reverse(url_name)}?{one.address}", icon, _whose(one.owner, user))
        for kind, url_name, icon in kept
        for one in [one for one in saved.seen(kind, user, teams) if wanted in one.name.casefold()][
            : MOST if text else None
        ]
    ]


def _whose(owner: User, user: User) -> str:
    return "" if owner.pk == user.pk else _("shared by %(name)s") % {"name": owner}


def _rules(user: User, text: str) -> Iterator[Destination]:
    """By the words of the name in any order, or by the whole id; those that are on first."""
    if len(text) < _LEAST:
        return
    named = Q()
    for word in text.split():
        named &= Q(name__icontains=word)
    rules = visible_rules(user).filter(named | Q(pk=text), revision__isnull=False)
    for rule in rules.order_by("-enabled", "name").only("name", "enabled")[:MOST]:
        yield Destination(rule.name, reverse("rules:detail", args=[rule.pk]), "rules", "" if rule.enabled else _("off"))


def _searches(_user: User, text: str) -> list[Destination]:
    if not text:
        return []
    asked = urlencode({"q": text})
    return [
        Destination(_("Events with “%(text)s”") % {"text": text}, f"{reverse('events:search')}?{asked}", "search"),
        Destination(
            _("Alerts with “%(text)s”") % {"text": text}, f"{reverse('alerts:queue')}?view=all&{asked}", "alerts"
        ),
    ]
