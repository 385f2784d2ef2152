"""Which fields an exception's entries are held against beside an alert, to say which of them it misses."""

from collections.abc import Sequence

from alerts.exceptions.groups import Groups
from alerts.exceptions.joined import JOINED
from alerts.exceptions.rows import KINDS, fields_of_alert
from alerts.kept import SOURCE, events_of
from alerts.models import Alert
from engine import Document, Tree, matches


def documents_of(alert: Alert) -> list[Document]:
    """What is asked about an alert: its event, each of those that were joined, or the fields of its row."""
    kept = events_of(alert)
    if alert.kind in KINDS:
        return [*(one.event.document() for one in kept), fields_of_alert(alert, kept)]
    return [one.event.document() for one in kept if alert.kind in JOINED or one.role == SOURCE]


def closest_group(documents: Sequence[Document], groups: Groups) -> int:
    """The group of which the largest share of entries holds for one of the documents."""
    return max(range(len(groups)), key=lambda at: max((_share(groups[at], one) for one in documents), default=0.0))


def closest_fields(documents: Sequence[Document], trees: Sequence[Tree]) -> Document:
    """The document for which most of the entries hold, of those that they leave in."""
    held = [sum(matches(tree, document) for tree in trees) for document in documents]
    left = [at for at, most in enumerate(held) if most < len(trees)] or range(len(held))
    return documents[max(left, key=held.__getitem__)] if documents else Document({})


def _share(trees: Sequence[Tree], document: Document) -> float:
    return sum(matches(tree, document) for tree in trees) / len(trees)
