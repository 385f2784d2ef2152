"""What to ask first: examples for who comes without a query."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from events.pages.asked import Asked
from events.pages.clauses import clause_of
from events.pages.results import Row

_OF = ("event.category", "process.name", "user.name", "host.name", "kibana.alert.severity")
_MOST = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A query and where it leads; `title` says what it answers."""

    text: str
    url: str
    title: str = ""


def _eql(title: str, text: str) -> Example:
    return Example(text, Asked(text, "now-24h", "now", None, None, language="eql").url("/search/"), title)


EQL_EXAMPLES = [
    _eql(
        "A shell, and a connection out of it within a minute",
        "sequence by host.name, process.entity_id with maxspan=1m\n"
        '  [process where event.type == "start" and process.name in ("bash", "sh", "zsh", "powershell.exe")]\n'
        "  [network where destination.ip != null]",
    ),
    _eql(
        "Five failed sign-ins of one user, then one that worked",
        "sequence by user.name with maxspan=10m\n"
        '  [authentication where event.outcome == "failure"] with runs=5\n'
        '  [authentication where event.outcome == "success"]',
    ),
    _eql(
        "A program that looks around without a shell above it",
        'process where process.name in ("whoami", "id", "hostname", "net.exe", "ipconfig.exe") and\n'
        '  not process.parent.name in ("bash", "sh", "zsh", "cmd.exe", "powershell.exe")',
    ),
]
"""Queries in EQL: what they answer, and their texts."""


def try_these(rows: Sequence[Row], asked: Asked) -> list[Example]:
    """Queries made of what is there: the most frequent values of telling fields on the page."""
    found: list[Example] = []
    documents = [row.event.document() for row in rows]
    for field in _OF:
        counted = Counter(value for document in documents for value in document.values(field)[:1])
        clause = clause_of(field, counted.most_common(1)[0][0]) if len(counted) > 1 else None
        if clause:
            found.append(Example(clause, asked.url(reverse("events:search"), q=clause)))
    return found[:_MOST]
