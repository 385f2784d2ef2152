"""Which fields an exception's entries are held against beside an alert, to say which of them it misses."""

from collections.abc import Sequence

from alerts.exceptions.joined import JOINED
from alerts.exceptions.rows import KINDS, fields_of_alert
from alerts.kept import SOURCE, events_of
from alerts.models import Alert
from engine import Document, Tree, matches


def closest_fields(alert: Alert, trees: Sequence[Tree]) -> Document:
    """The event of an alert for which most of the entries hold, of those that they leave in; or its row's fields."""
    kept = events_of(alert)
    events = [one.event for one in kept if alert.kind in JOINED or one.role == SOURCE]
    documents = [event.document() for event in events]
    if alert.kind in KINDS:
        documents = [*(one.event.document() for one in kept), fields_of_alert(alert, kept)]
    held = [sum(matches(tree, document) for tree in trees) for document in documents]
    left = [at for at, most in enumerate(held) if most < len(trees)] or range(len(held))
    return documents[max(left, key=held.__getitem__)] if documents else Document({})
