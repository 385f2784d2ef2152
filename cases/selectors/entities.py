"""What a case is about: the hosts and users of its alerts, and the addresses and hashes in their kept events.

Hosts and users stand in the alerts' columns. An odd alert's event names more of them than the columns hold; those, and
the addresses and hashes, are read from the kept events, of the first alerts only where there are very many.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from django.db.models import Count as CountOf
from django.db.models import Max, Min

from alerts.kept import iterate_sources
from alerts.models import Alert
from cases.models import Case
from cases.selectors.shapes import Entities, Entity
from engine import Document

MOST_READ = 200  # alerts whose events are read for one page
MOST_SHOWN = 100
MOST_PER_EVENT = 50
ADDRESS_FIELDS = ("source.ip", "destination.ip", "client.ip", "server.ip", "dns.resolved_ip")
HASHED = ("process", "process.parent", "file", "dll")
_HASHES = ("sha256", "sha1", "md5")  # the first that there is
_HEX = re.compile(r"[0-9a-fA-F]{32,128}")
_LONGEST = 255


def entities(case: Case, *, read: int = MOST_READ) -> Entities:
    """What the case's alerts name, the most frequent first. Four queries; unpacks up to `read` kept events."""
    mine = Alert.objects.filter(in_case__case=case, team_id=case.team_id).order_by()
    first = list(mine.order_by("pk").values_list("pk", "team_id", "odd", "host_name", "user_name", "event_time")[:read])
    hosts, users = _column(mine, "host_name"), _column(mine, "user_name")
    addresses, hashes = _Seen(), _Seen()
    by_number = {row[0]: row for row in first}
    for number, event in iterate_sources({row[0]: row[1] for row in first}):
        _, _, odd, host, user, at = by_number[number]
        document = event.document()
        addresses.see(_addresses(document), at)
        hashes.see(_hashes(document), at)
        if odd:
            hosts.see(_texts(document, "host.name") - {host}, at)
            users.see(_texts(document, "user.name") - {user}, at)
    total = len(first) if len(first) < read else mine.count()
    return Entities(hosts.ranked(), users.ranked(), addresses.ranked(), hashes.ranked(), total=total, read=len(first))


@dataclass(slots=True)
class _Seen:
    """Values with the number of alerts they stand in and their first and last time."""

    found: dict[str, tuple[int, datetime, datetime]] = field(default_factory=dict)

    def see(self, values: Iterable[str | None], at: datetime) -> None:
        """Count one alert for each of these values."""
        for value in values:
            if value:
                number, first, last = self.found.get(value, (0, at, at))
                self.found[value] = (number + 1, min(first, at), max(last, at))

    def ranked(self) -> list[Entity]:
        """The most frequent first."""
        entities = [Entity(value, *seen) for value, seen in self.found.items()]
        return sorted(entities, key=lambda one: (-one.alerts, one.first, one.value))[:MOST_SHOWN]


def _column(alerts: "object", name: str) -> _Seen:
    rows = (
        alerts.exclude(**{name: None})  # type: ignore[attr-defined]
        .values_list(name)
        .annotate(number=CountOf("pk"), first=Min("event_time"), last=Max("event_time"))
        .order_by("-number", name)
    )
    return _Seen({value: (number, first, last) for value, number, first, last in rows[: MOST_SHOWN * 5] if value})


def _texts(document: Document, name: str) -> set[str]:
    return {str(value)[:_LONGEST] for value in document.values(name)[:MOST_PER_EVENT] if str(value).strip()}


def _addresses(document: Document) -> set[str]:
    """Addresses that the event's connections went to or came from; those of the machine itself say nothing."""
    return {address for name in ADDRESS_FIELDS for text in _texts(document, name) for address in _address(text)}


def _address(text: str) -> Iterator[str]:
    try:
        address = ip_address(text)
    except ValueError:
        return
    if not (address.is_loopback or address.is_unspecified):
        yield str(address)


def _hashes(document: Document) -> set[str]:
    return {value for name in HASHED for value in _hash(document, name)}


def _hash(document: Document, name: str) -> set[str]:
    for kind in _HASHES:
        values = _texts(document, f"{name}.hash.{kind}")
        if found := {value.lower() for value in values if _HEX.fullmatch(value)}:
            return found
    return set()
