"""Hits made by hand: real rules and stored events, joined as settling would join them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import Team
from alerts.hits import Hit, Joined, Judged, Member
from alerts.models import Alert, Kind
from alerts.raising import Raised, raise_alerts
from engine.rule_types.new_terms import terms_hash
from events.models import Batch
from events.store import read_batches
from rules.ruleset import ActiveRule, current
from tests.alerts.world import NOW, event, load, post

INDEX_OF_ALERTS = ".alerts-security.alerts-default"


def rule(folder: Path, *, kind: str = "query", more: dict[str, Any] | None = None, **given: Any) -> ActiveRule:
    """A rule in force, its definition changed as `more` says."""
    loaded = load(folder, **given)
    active = current().rules[loaded.pk]
    return replace(active, definition=replace(active.definition, type=kind, **(more or {})))


def suppressing(*fields: str, minutes: int | None = None, strategy: str = "suppress") -> dict[str, Any]:
    """An `alert_suppression` by these fields."""
    asked: dict[str, Any] = {"group_by": list(fields), "missing_fields_strategy": strategy}
    if minutes:
        asked["duration"] = {"value": minutes, "unit": "m"}
    return {"alert_suppression": asked}


def stored(events: Iterable[dict[str, Any]], *, now: datetime = NOW, team: Team | None = None) -> list[Judged]:
    """Events that were posted together, as judging reads them."""
    post(events, now=now, team=team)
    batch = Batch.objects.latest("pk")
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE)
    return [Judged(one, one.document(), demo=False) for one in read_batches([batch])[batch.pk]]


def at(seconds: float, **fields: Any) -> Judged:
    """One event that arrived so many seconds after NOW."""
    moment = NOW + timedelta(seconds=seconds)
    (judged,) = stored([event(moment, **fields)], now=moment)
    return judged


def hit(active: ActiveRule, judged: Judged, **more: Any) -> Hit:
    """The hit of an event."""
    return Hit(active, judged.event, judged.document, judged.demo, **more)


def new_terms(active: ActiveRule, judged: Judged, *values: str, learning: bool = False) -> Hit:
    """The hit of a combination that is new."""
    start = judged.event.time - timedelta(days=7)
    return hit(active, judged, terms=values, terms_hash=terms_hash(values), history_start=start, learning=learning)


def sequence(active: ActiveRule, *judged: Judged, kind: Kind = Kind.SEQUENCE, identity: bytes = b"one") -> Hit:
    """The hit of events in order."""
    steps = [
        {"step": step, "event": one.event.uid.hex(), "missing": False, "at": one.event.time.isoformat()}
        for step, one in enumerate(judged, 1)
    ]
    facts = {"by": [{"field": "host.name", "value": "web-1"}], "maxspan_ms": 60_000, "steps": steps}
    members = tuple(Member(f"step {step}", one) for step, one in enumerate(judged, 1))
    last = judged[-1]
    return hit(active, last, joined=Joined(kind, identity, facts, members))


def counted(active: ActiveRule, judged: Sequence[Judged], *, of: int | None = None, **terms: str) -> Hit:
    """The hit of a group that reached its threshold."""
    facts = {
        "terms": [{"field": name.replace("__", "."), "value": value} for name, value in terms.items()],
        "count": of or len(judged),
        "value": 2,
        "cardinality": None,
        "from": judged[0].event.time.isoformat(),
        "to": judged[-1].event.time.isoformat(),
    }
    members = tuple(Member("event", one) for one in judged)
    group = "|".join(terms.values()).encode()[:16]
    return hit(active, judged[-1], joined=Joined(Kind.THRESHOLD, group, facts, members))


def met(active: ActiveRule, judged: Judged, *indicators: Judged) -> Hit:
    """The hit of an event that indicators name."""
    facts = {
        "matches": [
            {
                "field": "destination.ip",
                "value": "198.51.100.7",
                "indicator_field": "threat.indicator.ip",
                "indicator": {"ip": "198.51.100.7", "provider": "feed"},
            }
        ]
    }
    members = tuple(Member("indicator", one) for one in indicators)
    return hit(active, judged, joined=Joined(Kind.INDICATOR, judged.event.uid, facts, members))


def raising(*hits: Hit, now: datetime = NOW) -> Raised:
    """What a pass makes of hits."""
    with transaction.atomic():
        return raise_alerts(hits=hits, now=now)


def alerts(**wanted: Any) -> list[Alert]:
    """The alerts there are, without building blocks."""
    return list(Alert.objects.filter(shell=None, **wanted).order_by("pk"))


def counts() -> list[tuple[str | None, int]]:
    """Host and number of suppressed hits of each alert."""
    return [(alert.host_name, alert.suppressed) for alert in alerts()]


def written() -> list[dict[str, Any]]:
    """The alerts that were written back as events, in stored order."""
    batches = [batch for batch in Batch.objects.order_by("pk") if batch.state == Batch.State.PENDING]
    read = read_batches(batches) if batches else {}
    return [dict(one.document().raw) for batch in batches for one in read[batch.pk] if one.index == INDEX_OF_ALERTS]


def as_judged() -> list[Judged]:
    """The alerts that were written back, as a rule that reads alerts judges them; they are taken off the queue."""
    batches = list(Batch.objects.filter(state=Batch.State.PENDING).order_by("pk"))
    events = [one for batch in batches for one in read_batches(batches)[batch.pk]]
    Batch.objects.filter(state=Batch.State.PENDING).update(state=Batch.State.DONE)
    return [Judged(one, one.document(), demo=False) for one in events]
