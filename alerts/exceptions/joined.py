"""Alerts of several events before an exception: it takes out events, and the alert with them where too few are left."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from alerts.kept import unpack
from alerts.models import Alert, AlertEvent, Kind
from engine import Document, Tree, matches

JOINED = (Kind.SEQUENCE, Kind.SAMPLE, Kind.THRESHOLD)
_CHUNK = 50  # alerts of up to a hundred events each


def held_entries(trees: Sequence[Tree], document: Document) -> int:
    """How many entries hold, from the first on, until one does not."""
    for at, tree in enumerate(trees):
        if not matches(tree, document):
            return at
    return len(trees)


def judge_joined(alerts: Sequence[Alert], trees: Sequence[Tree]) -> Iterator[tuple[Alert, Document, int]]:
    """Each alert, its event that the entries come closest to, and how many entries hold for the alert as a whole.

    A query for every fifty alerts.
    """
    for start in range(0, len(alerts), _CHUNK):
        chunk = alerts[start : start + _CHUNK]
        documents = documents_of(chunk)
        for alert in chunk:
            found = documents.get(alert.pk) or [Document({})]
            held = [held_entries(trees, document) for document in found]
            best = max(range(len(found)), key=held.__getitem__)
            yield alert, found[best], _as_a_whole(alert, found, held, len(trees))


def documents_of(alerts: Sequence[Alert]) -> dict[int, list[Document]]:
    """The events of the alerts, each once."""
    kept: dict[int, dict[bytes, Document]] = defaultdict(dict)
    rows = AlertEvent.objects.filter(alert__in=alerts).order_by("alert_id", "position")
    for alert_id, uid, document in rows.values_list("alert_id", "uid", "document"):
        kept[alert_id].setdefault(bytes(uid), Document.of(unpack(document)))
    return {alert_id: list(found.values()) for alert_id, found in kept.items()}


def _as_a_whole(alert: Alert, documents: Sequence[Document], held: Sequence[int], entries: int) -> int:
    """How many entries, from the first on, would have kept the alert from being raised."""
    if alert.kind != Kind.THRESHOLD:
        return max(held)
    facts = alert.facts or {}
    for number in range(entries, 0, -1):
        left = [document for document, most in zip(documents, held, strict=True) if most < number]
        if _too_few(facts, left, len(documents)):
            return number
    return 0


def _too_few(facts: dict[str, Any], left: Sequence[Document], kept: int) -> bool:
    """Whether the events that are left miss the threshold. Those that were not kept count as left, unless none is."""
    count = int(facts.get("count", kept))
    remaining = count - (kept - len(left)) if left else 0
    return remaining < int(facts.get("value", 1)) or (count <= kept and _too_alike(facts.get("cardinality"), left))


def _too_alike(told: dict[str, Any] | None, left: Sequence[Document]) -> bool:
    """Whether the events that are left have too few different values."""
    if not told:
        return False
    return len({value for document in left for value in document.values(told["field"])}) < int(told["needed"])
