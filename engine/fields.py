"""What kind of value each known field holds, which decides how a query compares it.

The table is engine/data/fields.toml: names and types of the Elastic Common Schema. A field not in it is UNKNOWN:
it keeps the type that its JSON value has, and the literal of the query picks the comparison (see leaves.py).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any


class FieldType(StrEnum):
    """The kinds of field, named as Elasticsearch names them."""

    KEYWORD = "keyword"
    WILDCARD = "wildcard"
    CONSTANT_KEYWORD = "constant_keyword"
    TEXT = "text"
    MATCH_ONLY_TEXT = "match_only_text"
    IP = "ip"
    LONG = "long"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    GEO_POINT = "geo_point"
    UNKNOWN = "unknown"


MAX_NAME_LENGTH = 512
MAX_NAME_PARTS = 100
"""What the name of a field may measure. Every part is a level of the structs that events are read into."""

EXACT_TYPES = frozenset({FieldType.KEYWORD, FieldType.WILDCARD, FieldType.CONSTANT_KEYWORD})
TEXT_TYPES = frozenset({FieldType.TEXT, FieldType.MATCH_ONLY_TEXT})
NUMBER_TYPES = frozenset({FieldType.LONG, FieldType.DOUBLE})

# Tables that exist only to be copied; no event carries them at the top.
_ONLY_REUSED = {"as", "geo", "hash", "code_signature", "pe", "elf", "macho", "x509", "os", "risk"} | {
    "process_leader",
    "user_identity",
}
_TABLE = Path(__file__).parent / "data" / "fields.toml"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A second name under which a field may be asked: other comparison, same values."""

    source: str
    type: FieldType
    fold: bool


def field_type(name: str) -> FieldType:
    """The type of a field; UNKNOWN when the table does not have it."""
    return KNOWN_FIELDS.get(name, FieldType.UNKNOWN)


def name_problem(name: str) -> str | None:
    """What is wrong with the size of a field's name, in words for the person who wrote it; None when nothing is."""
    if len(name) > MAX_NAME_LENGTH:
        return f"the name of a field may have at most {MAX_NAME_LENGTH} characters"
    if name.count(".") >= MAX_NAME_PARTS:
        return f"the name of a field may have at most {MAX_NAME_PARTS} parts with dots between them"
    return None


def source_field(name: str) -> str:
    """The field whose values a name asks for: `process.name` for `process.name.text`, else the name itself."""
    spelling = SPELLINGS.get(name)
    return spelling.source if spelling else name


def is_caseless(name: str) -> bool:
    """Whether the name asks for a field without regard to case (`process.name.caseless`)."""
    spelling = SPELLINGS.get(name)
    return spelling is not None and spelling.fold


def _read_table() -> Mapping[str, Any]:
    with _TABLE.open("rb") as file:
        return tomllib.load(file)


def _schema(table: Mapping[str, Any]) -> dict[str, FieldType]:
    """Every field by its full name: the tables under their prefixes, then the copies in the order written."""
    known = {
        name if prefix == "base" else f"{prefix}.{name}": kind
        for prefix, names in table["fields"].items()
        for name, kind in _typed_names(names)
    }
    for reuse in table["reuse"]:
        prefix = reuse["set"] + "."
        source = {name.removeprefix(prefix): kind for name, kind in known.items() if name.startswith(prefix)}
        known = {f"{place}.{name}": kind for place in reuse["at"] for name, kind in source.items()} | known
    return {name: kind for name, kind in known.items() if name.partition(".")[0] not in _ONLY_REUSED}


def _typed_names(names: Mapping[str, str]) -> Iterator[tuple[str, FieldType]]:
    for kind, listed in names.items():
        for name in listed.split():
            yield name, FieldType(kind)


def _spellings(table: Mapping[str, Any]) -> dict[str, Spelling]:
    second = table["text_spelling"]
    tokenised = {
        f"{name}.text": Spelling(name, FieldType.MATCH_ONLY_TEXT, False) for name in second["match_only_text"].split()
    }
    caseless = {f"{name}.caseless": Spelling(name, FieldType.KEYWORD, True) for name in second["caseless"].split()}
    return tokenised | caseless


_LOADED = _read_table()
SPELLINGS: Mapping[str, Spelling] = MappingProxyType(_spellings(_LOADED))
KNOWN_FIELDS: Mapping[str, FieldType] = MappingProxyType(
    _schema(_LOADED) | {name: spelling.type for name, spelling in SPELLINGS.items()}
)
