"""The first query of a rule that would find an event: what kind of event it is, and what tells most of what happened.

Who and where is left out: a rule about one host or one person finds nothing else. It is a beginning, to be changed by
hand before it is loaded.
"""

from collections.abc import Iterator

from engine import Document
from events.pages.clauses import clause_of
from events.stored import StoredEvent

_KIND = ("event.category", "event.type", "host.os.type")
# The first of these that an event has, in the order in which they tell the most.
_TELLING = (
    "process.name", "process.parent.name", "registry.path", "dns.question.name", "url.domain", "file.name",
    "destination.port", "event.action", "event.outcome", "event.code", "rule.name", "user_agent.original",
)  # fmt: skip
_ELSE = ("event.dataset", "event.kind", "event.provider", "message")
_MOST_TELLING = 3
_MOST_VALUES = 3


def query_of(event: StoredEvent) -> str:
    """In KQL; true of the event. Empty where it has nothing that a query could ask for."""
    document = event.document()
    kind = [clause for name in _KIND for clause in _clauses(document, name)]
    telling = [found for name in _TELLING if (found := _clauses(document, name))][:_MOST_TELLING]
    clauses = [*kind, *(clause for found in telling for clause in found)]
    return " and ".join(clauses or _first_else(document))


def index_of(event: StoredEvent) -> str:
    """Where such events are: its data stream, in every namespace."""
    stream, dash, _namespace = event.index.rpartition("-")
    return f"{stream}-*" if dash and stream and not event.index.startswith(".") else event.index


def _clauses(document: Document, name: str) -> list[str]:
    """A clause for each of the first values; none where a value fits into no query."""
    return [clause for value in document.values(name)[:_MOST_VALUES] if (clause := clause_of(name, value))]


def _first_else(document: Document) -> Iterator[str]:
    yield from next((found for name in _ELSE if (found := _clauses(document, name))), [])
