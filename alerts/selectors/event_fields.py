"""The fields of an alert's source event, the telling ones first and in groups, then all of them."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from alerts.selectors.joined_shapes import KeptEvent
from alerts.selectors.shapes import FieldGroup, FieldRow
from engine import Document, RuleDefinition

SHOWN = 16
_MOST_OF_A_GROUP = 6
MAX_VALUES = 100
_Group: TypeAlias = tuple[str, str, tuple[str, ...]]
_GROUPS: tuple[_Group, ...] = (
    (
        "Process",
        "process.",
        ("name", "executable", "command_line", "args", "working_directory", "hash.sha256", "pid"),
    ),
    ("Parent", "process.parent.", ("name", "executable", "command_line", "args", "pid")),
    ("File", "", ("file.path", "file.name", "file.hash.sha256", "registry.path", "registry.data.strings", "dll.path")),
    ("User", "user.", ("name", "email", "id", "domain")),
    ("Host", "host.", ("name", "ip", "os.name", "os.type")),
    ("Source", "source.", ("ip", "port", "geo.country_name")),
    ("Destination", "", ("destination.ip", "destination.port", "destination.domain", "dns.question.name")),
    ("Client", "", ("user_agent.original", "network.direction", "cloud.account.id")),
    ("Event", "event.", ("category", "action", "outcome", "dataset", "ingested")),
)
_FIRST = (
    ("network", ("Destination", "Source", "Process")),
    ("authentication", ("User", "Source", "Client", "Event")),
    ("iam", ("User", "Source", "Event", "Client")),
    ("configuration", ("Event", "User", "Client", "Source")),
    ("web", ("Source", "Client", "User")),
    ("file", ("File", "Process", "User")),
    ("registry", ("File", "Process", "User")),
    ("process", ("Process", "Parent", "User")),
)
HIGHLIGHTED = "Highlighted by the rule"
ALIKE = "The same in all of them"
SHOWN_EACH = 12


def all_fields(document: Document, definition: RuleDefinition) -> list[FieldRow]:
    """Every field, by name."""
    highlighted = frozenset(definition.investigation_fields)
    return [_row(document, name, highlighted) for name in document.field_names()]


def grouped_fields(document: Document, definition: RuleDefinition) -> list[FieldGroup]:
    """The fields worth a look: those that the rule highlights, then what tells most of an event of its kind, in groups;
    a field once."""
    highlighted = frozenset(definition.investigation_fields)
    groups = [FieldGroup(HIGHLIGHTED, _rows(document, definition.investigation_fields, highlighted))]
    room = max(SHOWN - len(groups[0].fields), SHOWN // 2)
    for title, prefix, names in _in_order(document):
        full = (prefix + name for name in names)
        rows = _rows(document, (name for name in full if name not in highlighted), highlighted)
        rows = rows[: min(room, _MOST_OF_A_GROUP)]
        room -= len(rows)
        groups.append(FieldGroup(title, rows))
    return [group for group in groups if group.fields]


def _in_order(document: Document) -> list[_Group]:
    """The groups, first those that tell of what the event is about: a connection, a sign-in, a file, else a process."""
    categories = set(map(str, document.values("event.category")))
    first = next((titles for category, titles in _FIRST if category in categories), ())
    return sorted(_GROUPS, key=lambda group: first.index(group[0]) if group[0] in first else len(first))


def fields_of_several(events: Sequence[tuple[str, KeptEvent]], definition: RuleDefinition) -> list[FieldGroup]:
    """Of several events: what all of them have alike, then what each has besides, under its title."""
    groups = [grouped_fields(event.document, definition) for _, event in events]
    told = [{row.name: row for group in found for row in group.fields} for found in groups]
    alike = [name for name, row in told[0].items() if all(other.get(name) == row for other in told[1:])]
    shared = FieldGroup(ALIKE, [told[0][name] for name in alike])
    own = [
        FieldGroup(title, [row for name, row in rows.items() if name not in alike][:SHOWN_EACH], event.hex)
        for (title, event), rows in zip(events, told, strict=True)
    ]
    return [group for group in (shared, *own) if group.fields]


def all_fields_of_several(documents: Sequence[Document], definition: RuleDefinition) -> list[FieldRow]:
    """Every field of several events by name, with the values of all of them, each once."""
    values: dict[str, dict[str, None]] = {}
    for document in documents:
        for row in all_fields(document, definition):
            values.setdefault(row.name, {}).update(dict.fromkeys(row.values))
    highlighted = frozenset(definition.investigation_fields)
    return [FieldRow(name, tuple(found), name in highlighted) for name, found in sorted(values.items())]


def _rows(document: Document, names: Iterable[str], highlighted: frozenset[str]) -> list[FieldRow]:
    return [_row(document, name, highlighted) for name in dict.fromkeys(names) if document.values(name)]


def _row(document: Document, name: str, highlighted: frozenset[str]) -> FieldRow:
    values = document.values(name)
    shown = [_text(value) for value in values[:MAX_VALUES]]
    if len(values) > MAX_VALUES:
        shown.append(f"… {len(values) - MAX_VALUES:,} more")
    return FieldRow(name, tuple(shown), name in highlighted)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
