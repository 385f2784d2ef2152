"""What people wrote, as HTML: Markdown made safe, with the alerts, cases and people it names as links.

Only what the reader may see becomes a link; a number of another team's stays text, like one that never was.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.mentions import names_in
from accounts.models import User
from accounts.selectors import people_of_teams, teams_of
from alerts.models import Alert
from cases.models import Case
from soc.web import markdown

# A tag of nh3's output: attribute values stand in double quotes and may hold ">".
_TAG = re.compile(r'(<[^>"]*(?:"[^"]*"[^>"]*)*>)')
_NAMED = re.compile(
    r"(?<![\w-])(?:(?P<kind>AL|CASE)-(?P<number>[1-9][0-9]{0,17})(?![\w-])|@(?P<name>[A-Za-z0-9_.+-]{1,150}))"
)
_QUIET = ("a", "code", "pre")
MOST = 500  # things of each kind that the texts of one page may name


@dataclass(slots=True)
class Links:
    """What the texts of a page may link to."""

    alerts: set[int] = field(default_factory=set)
    cases: set[int] = field(default_factory=set)
    people: dict[str, str] = field(default_factory=dict)  # full name by the name that calls


def links_in(texts: Iterable[str], *, user: User, team_ids: list[int]) -> Links:
    """What the texts name and the reader may see. At most three queries, whatever the number of texts."""
    joined = "\n".join(texts)
    found: dict[str, set[int]] = {"AL": set(), "CASE": set()}
    for match in _NAMED.finditer(joined):
        if match["kind"] and len(found[match["kind"]]) < MOST:
            found[match["kind"]].add(int(match["number"]))
    seen = teams_of(user)
    return Links(
        alerts=_existing(Alert.objects.filter(pk__in=found["AL"], team_id__in=seen), found["AL"]),
        cases=_existing(Case.objects.filter(pk__in=found["CASE"], team_id__in=seen), found["CASE"]),
        people=_people(joined, team_ids),
    )


def _existing(rows: QuerySet[Any], wanted: set[int]) -> set[int]:
    return set(rows.values_list("pk", flat=True)) if wanted else set()


def _people(text: str, team_ids: list[int]) -> dict[str, str]:
    if not names_in(text):
        return {}
    return {person.username.lower(): str(person) for person in people_of_teams(team_ids)[:MOST]}


def as_html(text: str, links: Links) -> SafeString:
    """The text as a page shows it. What stands in code or in a link of its own is left as it is."""
    pieces, quiet = [], 0
    for piece in _TAG.split(markdown.render(text)):
        if piece.startswith("<"):
            name = piece.strip("</>").split(" ", 1)[0].lower()
            quiet += (-1 if piece.startswith("</") else 1) if name in _QUIET else 0
            pieces.append(piece)
        else:
            pieces.append(piece if quiet else _NAMED.sub(lambda match: _linked(match, links), piece))
    return mark_safe("".join(pieces))  # noqa: S308  (made of nh3's output and of what format_html has escaped)


def _linked(match: "re.Match[str]", links: Links) -> str:
    if match["name"]:
        called = match["name"].rstrip(".")
        person = links.people.get(called.lower())
        if person is None:
            return match[0]
        rest = match[0][len(called) + 1 :]
        return format_html('<b class="mention" title="{}">@{}</b>', person, called) + escape(rest)
    number, is_alert = int(match["number"]), match["kind"] == "AL"
    if number not in (links.alerts if is_alert else links.cases):
        return match[0]
    address = reverse("alerts:detail" if is_alert else "cases:detail", args=[number])
    return format_html('<a class="link mono" href="{}">{}</a>', address, match[0])
