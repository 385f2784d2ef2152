"""Telling whether two events are the same deed done again: everything that an event says counts, but for a short list.

The list holds what is another each time although who did what to whom is the same: times, numbers that senders and
kernels give out anew, and ports that a client draws. What is not on it counts, known to us or not, so that a field
nobody thought of keeps two events apart instead of hiding one behind the other. That costs folds where a sender puts a
time or a number into a text (`message`, `event.original`): such events stay apart.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from engine import Document
from engine.document import parts_of_array
from engine.tree import Scalar

_PROCESSES = (
    "process", "process.parent", "process.parent.group_leader", "process.group_leader", "process.session_leader",
    "process.session_leader.parent", "process.session_leader.parent.session_leader", "process.entry_leader",
    "process.entry_leader.parent", "process.entry_leader.parent.session_leader", "process.previous",
    "Effective_process", "Target.process", "winlog.process",
)  # fmt: skip
_OF_PROCESS = ("pid", "vpid", "ppid", "pgid", "entity_id", "start", "end", "uptime", "thread.id", "Ext.ancestry")
_OF_EVENT = ("id", "ingested", "created", "start", "end", "duration", "sequence", "hash")
_INDICATORS = ("threat.indicator", "threat.enrichments.indicator")

DIFFERING = frozenset(
    (
        "@timestamp", "timestamp", "ecs.version", "agent.version", "agent.ephemeral_id", "agent.build.original",
        "elastic_agent.version", "elastic_agent.snapshot", "log.offset", "log.file.inode", "log.file.fingerprint",
        "host.uptime", "file.inode", "file.accessed", "file.created", "file.ctime", "file.mtime", "dns.id",
        "dns.answers.ttl", "trace.id", "span.id", "transaction.id", "http.request.id", "zeek.session_id",
        "suricata.eve.flow_id", "winlog.record_id", "winlog.time_created", "winlog.activity_id",
        "winlog.related_activity_id", "winlog.logon.id", "aws.cloudtrail.request_id", "okta.uuid",
        "okta.transaction.id", "okta.authentication_context.external_session_id", "azure.correlation_id",
        "azure.signinlogs.properties.id", "azure.signinlogs.properties.correlation_id",
        "azure.signinlogs.properties.created_at", "azure.signinlogs.properties.original_request_id",
        "azure.signinlogs.properties.unique_token_identifier", "kubernetes.audit.auditID",
        "kubernetes.audit.requestReceivedTimestamp", "kubernetes.audit.stageTimestamp",
        *(f"event.{name}" for name in _OF_EVENT),
        *(f"{process}.{name}" for process in _PROCESSES for name in _OF_PROCESS),
        *(f"{one}.{name}" for one in _INDICATORS for name in ("first_seen", "last_seen", "modified_at")),
        *(
            f"winlog.event_data.{name}"
            for name in (
                "SubjectLogonId", "TargetLogonId", "LogonId", "LogonGuid", "UtcTime", "ProcessId", "NewProcessId",
                "ProcessGuid", "ParentProcessId", "ParentProcessGuid", "CallerProcessId", "SourceProcessId",
                "SourceProcessGUID", "SourceThreadId", "TargetProcessId", "TargetProcessGUID", "NewThreadId",
                "HandleId",
            )
        ),
        # Alerts that other rules rest on.
        "kibana.alert.uuid", "kibana.alert.url", "kibana.alert.start", "kibana.alert.last_detected",
        "kibana.alert.original_time", "kibana.alert.ancestors.id", "kibana.alert.group.id",
        "kibana.alert.rule.execution.uuid", "kibana.alert.rule.execution.timestamp",
        *(f"kibana.alert.original_event.{name}" for name in _OF_EVENT),
    )
)  # fmt: skip
"""Names in full, never what only begins alike: `process.pid` says nothing, `process.pid_file` does."""
_PORTS = frozenset(("source.port", "client.port"))
_FIRST_DRAWN_PORT = 32_768
"""From here on systems draw the ports of clients; one below was chosen by somebody."""
_VOLUMES = frozenset(
    f"{side}.{name}"
    for side in ("source", "destination", "client", "server", "network")
    for name in ("bytes", "packets")
)
_HASHED_ENDS = "network.community_id"
_ENDS = ("source.ip", "destination.ip", "destination.port")


def deed_of(document: Document) -> bytes:
    """What the event says of its deed, as bytes that are equal for the same deed alone. Some twenty microseconds."""
    return written((*_told(document), *sorted(_objects_in_arrays(document.raw))))


def written(told: Iterable[object]) -> bytes:
    """Values as bytes from which they could be read again, so that none runs into the next."""
    values = list(told)
    try:
        return orjson.dumps(values)
    except (TypeError, ValueError):  # a pipeline can make numbers and texts that JSON cannot say
        return repr(values).encode("ascii", "backslashreplace")


def _told(document: Document) -> Iterator[tuple[str, tuple[object, ...]]]:
    flat = document.flat
    for name in sorted(flat.keys() - DIFFERING):
        values = flat[name]
        if name in _PORTS:
            values = tuple(value for value in values if not _is_drawn(value))
        elif name in _VOLUMES:
            yield name, tuple(map(_magnitude, values))
            continue
        elif name == _HASHED_ENDS and all(end in flat for end in _ENDS):
            continue
        yield name, values


def _objects_in_arrays(raw: dict[str, Any]) -> Iterator[str]:
    """Which object of an array has which fields, and how many values in each: as fields alone say it, the values of all
    objects stand together, and a member of one group would read like a member of another."""
    waiting = [raw]
    for node in waiting:
        for name, value in node.items():
            if isinstance(value, dict):
                waiting.append(value)
            elif isinstance(value, list) and (objects := parts_of_array(value)[0]):
                waiting += objects
                yield f"{name} {[sorted((key, _number_of(one[key])) for key in one) for one in objects]}"


def _number_of(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0 if value is None else 1


def _is_drawn(port: Scalar) -> bool:
    return isinstance(port, int) and port >= _FIRST_DRAWN_PORT


def _magnitude(volume: Scalar) -> object:
    """How many digits a volume has: a hundred times as much is another deed, a few bytes more are not."""
    return len(str(volume)) if type(volume) is int else volume
