"""Exception entries as this package handles them: plain tables in Kibana's schema, told and looked at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine import Document

Entry = dict[str, Any]
Entries = Sequence[Mapping[str, Any]]

_SHOWN_VALUES = 3


def match_entry(field: str, value: object) -> Entry:
    """The entry "this field is this value"."""
    return {"field": field, "type": "match", "operator": "included", "value": str(value)}


def field_of(entry: Mapping[str, Any]) -> str:
    """The field an entry asks for."""
    return str(entry.get("field", ""))


def values_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The values an entry asks for, as text; none for `exists` and `list`."""
    value = entry.get("value")
    if value is None:
        return ()
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else (str(value),)


def is_excluded(entry: Mapping[str, Any]) -> bool:
    """Whether the entry is negated: "is not", "is not one of", "does not exist"."""
    return entry.get("operator") == "excluded"


def flat(entries: Entries) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every plain entry with the place of its condition; the parts of a nested one with their full field names."""
    for at, entry in enumerate(entries):
        if entry.get("type") == "nested":
            for inner in entry.get("entries", ()):
                yield at, {**inner, "field": f"{field_of(entry)}.{field_of(inner)}"}
        else:
            yield at, entry


def told(entry: Mapping[str, Any]) -> str:
    """The condition in words, without its field: "is /usr/bin/perl", "is not one of a, b"."""
    kind, no = entry.get("type"), " not" if is_excluded(entry) else ""
    if kind == "exists":
        return "does not exist" if is_excluded(entry) else "exists"
    if kind == "nested":
        inner = "; ".join(f"{field_of(part)} {told(part)}" for part in entry.get("entries", ()))
        return f"has an element where {inner}"
    if kind == "list":
        return f"is{no} in the list {entry.get('list', {}).get('id', '')}"
    verb = {"match_any": f"is{no} one of", "wildcard": "does not match" if no else "matches"}.get(str(kind), f"is{no}")
    shown = values_of(entry)
    more = f" and {len(shown) - _SHOWN_VALUES} more" if len(shown) > _SHOWN_VALUES else ""
    return f"{verb} {', '.join(shown[:_SHOWN_VALUES])}{more}"


def found_in(document: Document, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What the event has in the entry's field."""
    return tuple(str(value) for value in document.values(field_of(entry)))
