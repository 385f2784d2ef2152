"""Where a value of an event leads: into the search that it was found by, out of it, or to a search of its own."""

from dataclasses import dataclass

from django.urls import reverse

from engine.tree import Scalar
from events.pages.asked import Asked
from events.pages.clauses import address, clause_of, eql_clause_of, narrowed, narrowed_eql


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses, empty where no query could hold the value or the search cannot be narrowed by adding to it."""

    with_it: str = ""
    without_it: str = ""
    alone: str = ""


def links_of(asked: Asked, field: str, value: Scalar) -> Links:
    """The links of a value."""
    clause = clause_of(field, value)
    if clause is None:
        return Links()
    search = reverse("events:search")
    alone = address(search, q=clause, from_=asked.start, to=asked.end, in_="alerts" if asked.of_alerts else "")
    queries = [_narrowed(asked, field, value, clause, without=without) for without in (False, True)]
    with_it, without_it = [asked.url(search, q=query) if query else "" for query in queries]
    return Links(with_it, without_it, alone)


def _narrowed(asked: Asked, field: str, value: Scalar, clause: str, *, without: bool) -> str | None:
    if asked.language == "kql":
        return narrowed(asked.text, clause, without=without)
    if asked.language != "eql" or asked.joins:
        return None
    eql = eql_clause_of(field, value)
    return narrowed_eql(asked.text, eql, without=without) if eql else None
