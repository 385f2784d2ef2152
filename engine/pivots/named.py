"""Searches from the fields that a step names: each with the alert's own value.

A field that stands in a column of events is asked by itself. Any other is asked within the alert's host or, for what
has none (clouds, identity services), within its data set: the question a step means is nearly always "here", and an
answer over everything that was ever stored would take too long.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

from engine.fields import KNOWN_FIELDS, FieldType, field_type
from engine.pivots.phrases import (
    ALERTS_OF_HASH,
    ALERTS_OF_HOST,
    CHILDREN,
    CONNECTIONS,
    HASH_HERE,
    HOSTS_OF_HASH,
    HOSTS_OF_USER,
    LOOKUPS,
    PARENT,
)
from engine.pivots.template import DAY, Search, Span
from engine.prefilter import COLUMNS

MOST_FIELDS = 6
_LONGEST = 4_000
_CODE = re.compile(r"`[^`\n]{0,300}`")
_MARKED = re.compile(r"`([A-Za-z_@][A-Za-z0-9_@]*(?:\.[A-Za-z0-9_@]+)+)`")
_BARE = re.compile(r"(?<![\w.@/\\-])([a-z_@][a-z0-9_]*(?:\.[a-z0-9_]+)+)(?![\w/\\-])")
_HOUR = Span(timedelta(hours=1), timedelta(hours=1))

# Fields that say nothing by themselves: true of half of all events, or different in each.
_DULL = frozenset(
    {
        "event.action", "event.category", "event.code", "event.created", "event.dataset", "event.id", "event.ingested",
        "event.kind", "event.module", "event.outcome", "event.provider", "event.reason", "event.type", "host.id",
        "host.os.family", "host.os.name", "host.os.platform", "host.os.type", "message", "process.pid",
        "process.parent.pid", "data_stream.dataset", "data_stream.type", "data_stream.namespace", "agent.id",
        "agent.type", "cloud.provider", "cloud.region", "network.protocol", "network.transport", "network.type",
        "network.direction", "process.interactive", "winlog.event_id", "event.original",
    }
)  # fmt: skip
_SPECIAL: Mapping[str, tuple[Search, ...]] = MappingProxyType(
    {
        "process.parent.entity_id": (PARENT,),
        "process.entity_id": (CHILDREN, CONNECTIONS),
        "process.parent.name": (PARENT,),
        "process.parent.executable": (PARENT,),
        "process.parent.command_line": (PARENT,),
        "process.parent.args": (PARENT,),
        "process.hash.sha256": (HOSTS_OF_HASH, HASH_HERE, ALERTS_OF_HASH),
        "user.name": (Search("All of {user.name}", "user.name: {user.name}", DAY), HOSTS_OF_USER),
        "host.name": (Search("All of {host.name}", "host.name: {host.name}", _HOUR), ALERTS_OF_HOST),
        "dns.question.name": (LOOKUPS,),
        "source.ip": (Search("From {source.ip}", "source.ip: {source.ip}", DAY),),
        "destination.ip": (
            Search("To {destination.ip}", "destination.ip: {destination.ip}", DAY),
            Search("Hosts that reached {destination.ip}", "destination.ip: {destination.ip}", DAY, by="host.name"),
        ),
    }
)
HasField = Callable[[str], bool]


def without_fields(text: str) -> str:
    """The words of a text alone: no names of fields, and nothing that stands as code."""
    return _BARE.sub(" ", _CODE.sub(" ", text[:_LONGEST]))


def fields_in(text: str) -> tuple[str, ...]:
    """The fields a step names: in backticks what begins as fields do, else what the Elastic Common Schema knows."""
    text = text[:_LONGEST]
    marked = [found[1] for found in _MARKED.finditer(text) if found[1].partition(".")[0] in _ROOTS]
    bare = [found[1].rstrip(".") for found in _BARE.finditer(text)]
    known = [name for name in bare if name in KNOWN_FIELDS or name.startswith(_VENDORS)]
    return tuple(dict.fromkeys([*marked, *known]))[:MOST_FIELDS]


_VENDORS = ("aws.", "azure.", "gcp.", "okta.", "o365.", "kubernetes.", "github.", "google_workspace.")
_ROOTS = frozenset(name.partition(".")[0] for name in (*KNOWN_FIELDS, *_VENDORS, "winlog.", "Esql.", "labels."))
# Ends of vendors' names that say the same of half of all events, or hold a whole document.
_DULL_ENDS = (".type", ".request_parameters", ".response_elements", ".event_type")


def searches_of_fields(text: str, has: HasField | None = None) -> Iterable[Search]:
    """A search for each field that the step names; `has` says which fields the alert has, where one is at hand.

    A second search of a field, and fields that the alert lacks, come last.
    """
    named = [field for field in fields_in(text) if not _is_dull(field)]
    found = [_SPECIAL.get(field) or (_of_field(field, has),) for field in named]
    return [searches[0] for searches in found] + [one for searches in found for one in searches[1:]]


def _is_dull(field: str) -> bool:
    return field in _DULL or field.endswith(_DULL_ENDS) or field_type(field) is FieldType.DATE


def _of_field(field: str, has: HasField | None) -> Search:
    asked = f"{field}: {{{field}}}"
    together = field.endswith(".args")
    label = "Same arguments" if together else f"{{{field}}}"
    if field in COLUMNS:
        return Search(label, asked, DAY)
    if has("host.name") if has else not field.startswith(_VENDORS):
        return Search(f"{label} on {{host.name}}", f"host.name: {{host.name}} and {asked}", DAY, together=together)
    if has is None or has("event.dataset"):
        return Search(label, f"event.dataset: {{event.dataset}} and {asked}", DAY, together=together)
    return Search(label, asked, DAY, together=together)
