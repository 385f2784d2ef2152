"""Alerts of several events before an exception: it takes out events, and the alert with them where too few are left."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from alerts.exceptions.groups import Groups, held_by_all
from alerts.kept import unpack
from alerts.models import Alert, AlertEvent, Kind
from engine import Document
from events.store import EventRef

JOINED = (Kind.SEQUENCE, Kind.SAMPLE, Kind.THRESHOLD)
_CHUNK = 50  # alerts of up to a hundred events each


class KeptEvent(NamedTuple):
    """An event that is kept with an alert: where it lay, and what it says."""

    ref: EventRef
    document: Document


class Judged(NamedTuple):
    """An alert, the fields that the entries come closest to, and how many of each group's entries hold for it, from the
    first on. `by` is the first group that covers it, together with those before it.

    `of_kept`: they hold for all of its events that were kept, but there were more, of which nobody knows.
    """

    alert: Alert
    document: Document
    held: tuple[int, ...]
    by: int | None
    of_kept: bool = False


def judge_joined(alerts: Sequence[Alert], groups: Groups) -> Iterator[Judged]:
    """Each alert, with its event that the entries come closest to.

    A query for every fifty alerts.
    """
    for start in range(0, len(alerts), _CHUNK):
        chunk = alerts[start : start + _CHUNK]
        kept = events_of(chunk)
        for alert in chunk:
            yield _judged(alert, [one.document for one in kept.get(alert.pk, ())] or [Document({})], groups)


def _judged(alert: Alert, documents: Sequence[Document], groups: Groups) -> Judged:
    each = [held_by_all(groups, document) for document in documents]
    best = max(range(len(documents)), key=lambda at: closeness(each[at], groups))
    held = tuple(
        _as_a_whole(alert, documents, [one[at] for one in each], len(trees)) for at, trees in enumerate(groups)
    )
    return Judged(alert, documents[best], held, _covered_by(alert, documents, each, groups))


def closeness(held: Sequence[int], groups: Groups) -> float:
    """How near the entries of the nearest group come to hold all: 1 when they do."""
    return max(most / len(trees) for most, trees in zip(held, groups, strict=True))


def _covered_by(
    alert: Alert, documents: Sequence[Document], each: Sequence[tuple[int, ...]], groups: Groups
) -> int | None:
    """The first group that, with those before it, takes out so many events that the alert is not raised."""
    taken = [False] * len(documents)
    for at, trees in enumerate(groups):
        taken = [was or one[at] == len(trees) for was, one in zip(taken, each, strict=True)]
        if _is_raised_no_more(alert, documents, taken):
            return at
    return None


def _is_raised_no_more(alert: Alert, documents: Sequence[Document], taken: Sequence[bool]) -> bool:
    if not any(taken) or alert.kind != Kind.THRESHOLD:
        return any(taken)
    left = [document for document, gone in zip(documents, taken, strict=True) if not gone]
    return _too_few(alert.facts or {}, left, len(documents))


def events_of(alerts: Sequence[Alert]) -> dict[int, list[KeptEvent]]:
    """The events of the alerts, each once, in order."""
    teams = {alert.pk: alert.team_id for alert in alerts}
    kept: dict[int, dict[EventRef, KeptEvent]] = defaultdict(dict)
    rows = AlertEvent.objects.filter(alert__in=alerts).order_by("alert_id", "position")
    for alert_id, uid, day, index, document in rows.values_list("alert_id", "uid", "day", "index", "document"):
        ref = EventRef(teams[alert_id], day, index, bytes(uid))
        if ref not in kept[alert_id]:
            kept[alert_id][ref] = KeptEvent(ref, Document.of(unpack(document)))
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
