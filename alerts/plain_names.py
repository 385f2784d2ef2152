"""What fields and columns are called in sentences: "6 different command lines" instead of a column's name and a 6.

Columns of ES|QL are read as the rules of Elastic name them: `Esql.<field with underscores>_count_distinct` and so on.
What has no words of its own keeps its name, without the underscores where it is a name that a query made.
"""

from typing import NamedTuple

_PLURALS = {
    "user.name": "users", "user.id": "users", "user.email": "users", "user.target.name": "target users",
    "host.name": "hosts", "host.id": "hosts", "source.ip": "source addresses", "client.ip": "client addresses",
    "destination.ip": "destinations", "destination.address": "destinations", "destination.port": "ports",
    "destination.domain": "domains", "dns.question.name": "looked up names", "url.domain": "domains",
    "process.name": "programs", "process.executable": "programs", "process.command_line": "command lines",
    "process.parent.name": "parent programs", "process.entity_id": "processes", "process.pid": "processes",
    "file.path": "files", "file.name": "files", "registry.path": "registry keys", "event.action": "actions",
    "event.code": "event codes", "cloud.region": "regions", "source.geo.country_name": "countries",
    "source.geo.country_iso_code": "countries", "user_agent.original": "user agents",
}  # fmt: skip
_COLUMNS = {field.replace(".", "_"): words for field, words in _PLURALS.items()}
_PLACES = {
    "host.name": "on", "host.hostname": "on", "user.name": "by", "user.email": "by", "source.ip": "from",
    "client.ip": "from", "destination.ip": "to", "destination.domain": "to", "process.name": "of",
}  # fmt: skip
DULL = 2
"""The rank of names that tell people little."""
_TELLING = (".name", ".email", ".ip", ".domain", "executable", "path", "url", ".arn")
_DULL = ("entity_id", ".id", "_id", "bucket", "trunc", "window", "@timestamp")
_NUMBERS = ("_count_distinct", "_distinct", "_values")
_COUNTS = ("count", "event_count", "events", "hits", "total")


class Told(NamedTuple):
    """A number or value between words: "came to **6** different command lines"."""

    before: str
    value: str
    after: str


def different(field: str) -> str:
    """What there are different ones of: "users"; of a field without words "values of user.domain"."""
    return _PLURALS.get(field, f"values of {field}")


def came_to(column: str, value: str) -> Told:
    """What a column that a query made came to."""
    name = column.removeprefix("Esql.").removeprefix("Esql_priv.")
    for ending in _NUMBERS:
        if name.endswith(ending):
            base = name.removesuffix(ending)
            return Told("", value.removesuffix(" values"), f" different {_COLUMNS.get(base, base.replace('_', ' '))}")
    if name in _COUNTS:
        return Told("", value, " event" if value == "1" else " events")
    return Told(f"{name.replace('_', ' ') if name != column else name} ", value, "")


def rank_of_name(name: str) -> int:
    """Names before other columns of a group; ids and times, which tell people little, last."""
    if name.endswith(_TELLING):
        return 0
    return DULL if any(part in name for part in _DULL) else 1


def place(field: str) -> str:
    """The word before the value of a field that names a group: "on", "by"; else its name."""
    return _PLACES.get(field, f"with {field}")


def place_of(field: str) -> int:
    """Where the field stands among those that name a group: host, then who, then from where."""
    return list(_PLACES).index(field) if field in _PLACES else len(_PLACES)
