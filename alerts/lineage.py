"""Which rules an alert descends from: what keeps rules that read alerts from feeding on themselves.

Alerts are written back as events (alerts/as_events.py), each with its ancestors. Only events of our own index are
believed: an agent that sends such fields changes nothing, or it could keep rules from firing.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from alerts.hits import Hit, Judged
from alerts.kept import INDICATOR
from engine import Document
from events.store import EventRef

INDEX = ".alerts-security.alerts-default"
MAX_DEPTH = 5
"""An alert on events has depth 1, one on such alerts 2, and so on; deeper ones are not raised."""
MAX_ANCESTORS = 500
MOST_ALERTS_BEFORE = 1_000
"""Of a group so many of the alerts among its earlier events are asked what they descend from."""


def sources_of(hit: Hit) -> list[Judged]:
    """The events that the alert of a hit rests on: for joined events all of them, else the one; indicators are none."""
    members = [member.judged for member in hit.joined.members if member.role != INDICATOR] if hit.joined else []
    return members or [Judged(hit.event, hit.document, hit.demo)]


def depth_of(sources: Iterable[Judged]) -> int:
    """How many levels of alerts an alert on these stands on, itself included."""
    return 1 + max((_depth(source.document) for source in sources if is_alert(source)), default=0)


def goes_round(hit: Hit, sources: Iterable[Judged]) -> bool:
    """Whether an alert would descend from its own rule, or from too many alerts in a row."""
    return any(is_round(hit.rule.id, source) for source in sources)


def is_round(rule_id: str, source: Judged) -> bool:
    """Whether an alert of this rule on the event would go round: then the rule leaves the event out when it comes, so
    that it takes no alert along that other events complete. Costs nothing for an event that is no alert."""
    return is_alert(source) and (_depth(source.document) >= MAX_DEPTH or rule_id in _rules(source.document))


def ancestors_of(sources: Iterable[Judged]) -> list[dict[str, Any]]:
    """Kibana's list of what an alert descends from: its events, and for alerts among them their ancestors too.

    At most MAX_ANCESTORS; one alert of each rule comes first, since it is by their rules that circles are found, then
    the other alerts.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for source in sources:
        for one in _line_of(source):
            found.setdefault((one["type"], one["id"]), one)
    firsts = {id(one) for one in {str(one.get("rule")): one for one in reversed(found.values())}.values()}
    ordered = sorted(found.values(), key=lambda one: (one["type"] != "signal", id(one) not in firsts))
    return ordered[:MAX_ANCESTORS]


def is_alert(source: Judged) -> bool:
    """Whether the event is an alert that was written back."""
    return is_of_alert(source.event.ref)


def is_of_alert(ref: EventRef) -> bool:
    """Whether this is the name of an alert that was written back."""
    return ref.index == INDEX


def _line_of(source: Judged) -> Iterator[dict[str, Any]]:
    event = source.event
    if not is_alert(source):
        yield {"id": event.uid.hex(), "index": event.index, "type": "event", "depth": 0}
        return
    alert = _alert(source.document)
    yield from (one for one in alert.get("ancestors", ()) if isinstance(one, dict) and {"id", "type"} <= one.keys())
    rule = alert.get("rule", {}).get("uuid", "")
    yield {
        "id": event.uid.hex(),
        "index": event.index,
        "type": "signal",
        "depth": _depth(source.document),
        "rule": rule,
    }


def _rules(document: Document) -> set[str]:
    """The rules that made the alert and the alerts that it rests on."""
    named = ("kibana.alert.rule.uuid", "kibana.alert.rule.rule_id", "kibana.alert.ancestors.rule")
    return {value for name in named for value in document.values(name) if isinstance(value, str)}


def _depth(document: Document) -> int:
    return max((value for value in document.values("kibana.alert.depth") if isinstance(value, int)), default=1)


def _alert(document: Document) -> dict[str, Any]:
    """`kibana.alert` as we wrote it."""
    alert: dict[str, Any] = document.raw.get("kibana", {}).get("alert", {})
    return alert
