"""What there is to import: every rule file, exported rule, exception list and item behind the paths given.

Folders and zips are searched for rule files (*.toml), exports (*.ndjson, *.json) and value lists (*.txt, a value a
line; *.csv, a table); a file that is named itself is read whatever its ending. Limits come before parsing: a line or
rule file holds up to a megabyte.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from engine import RuleFileError
from rules.importing.zips import MAX_TOTAL_BYTES, members_of, shown_name
from rules.loading import MAX_FILE_BYTES, decoded
from rules.value_lists.reading import MAX_BYTES

MAX_LINES = 200_000
_VALUES = (".txt", ".csv")
_SUFFIXES = (".toml", ".ndjson", ".json", *_VALUES)
_RULE_TABLE = re.compile(r"^[ \t]*\[[ \t]*(rule|\"rule\"|'rule')[ \t]*\]", re.MULTILINE)
_EXPORT_BYTES = 100_000_000
_VALUES_BYTES = 2 * MAX_BYTES  # with line ends and blanks around the values


class Kind(Enum):
    """What a thing that was found is."""

    FILE = "file"
    RULE = "rule"
    LIST = "exception list"
    ITEM = "exception"
    VALUES = "value list"
    OTHER = "other object"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to import: `text` of a rule file, or `data` of an exported object with the line it stood in.

    `problem` says why it cannot be read; `passed` marks a file of a folder or zip that is none of ours.
    """

    path: str
    kind: Kind
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    passed: bool = False


def collect(paths: Iterable[Path]) -> list[Found]:
    """Everything behind the paths, in the order of their names."""
    return [found for path in paths for found in _of_path(path) if found.kind is not Kind.SUMMARY]


def collect_export(data: bytes, name: str) -> list[Found]:
    """Every object of an export that somebody sends: a line each, or with a name that ends in .json one JSON text."""
    named = shown_name(name) if name.lower().endswith((".ndjson", ".json")) else f"{shown_name(name)}.ndjson"
    return [found for found in _of_bytes(data, named, within=False) if found.kind is not Kind.SUMMARY]


def _of_path(path: Path) -> Iterator[Found]:
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.suffix.lower() in _SUFFIXES and file.is_file():
                    yield from _of_file(file, shown_name(str(file.relative_to(path))), within=True)
        elif path.suffix.lower() == ".zip":
            yield from _of_zip(path)
        else:
            yield from _of_file(path, path.name, within=False)
    except RuleFileError as error:
        yield _unreadable(path.name, error)


def _of_zip(path: Path) -> Iterator[Found]:
    for member in members_of(path, _SUFFIXES, _limit_of):
        if member.problem:
            yield Found(member.name, Kind.FILE, problem=member.problem)
        else:
            yield from _of_bytes(member.data, member.name, within=True)


def _limit_of(name: str) -> int:
    if name.lower().endswith(_VALUES):
        return _VALUES_BYTES
    return _EXPORT_BYTES if name.lower().endswith((".ndjson", ".json")) else MAX_FILE_BYTES


def _of_file(path: Path, name: str, *, within: bool) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            data = file.read(_limit_of(path.name) + 1)
    except OSError as error:
        yield Found(name, Kind.FILE, problem=f"cannot be opened: {error.strerror}")
        return
    yield from _of_bytes(data, name, within=within)


def _of_bytes(data: bytes, name: str, *, within: bool) -> Iterator[Found]:
    try:
        if name.lower().endswith((".ndjson", ".json")):
            yield from _of_export(data, name, within=within)
        elif name.lower().endswith(_VALUES):
            yield _of_values(data, name, within=within)
        else:
            yield _of_rule_file(decoded(data, name), name, within=within)
    except RuleFileError as error:
        yield _unreadable(name, error)


def _of_values(data: bytes, name: str, *, within: bool) -> Found:
    """A file of values; which list it is, and whether anything asks for it, is found out later."""
    if len(data) > _VALUES_BYTES:
        return Found(name, Kind.FILE, problem="is larger than a value list may be", passed=within)
    try:
        return Found(name, Kind.VALUES, text=data.decode("utf-8-sig"), passed=within)
    except UnicodeDecodeError:
        return Found(name, Kind.FILE, problem="is no UTF-8 text", passed=within)


def _of_rule_file(text: str, name: str, *, within: bool) -> Found:
    """A rule file; in folders there are other TOML files too, which have no [rule] table."""
    if within and not _RULE_TABLE.search(text):
        return Found(name, Kind.FILE, problem="has no [rule] table: it is no rule file", passed=True)
    return Found(name, Kind.RULE, text=text)


def _of_export(data: bytes, name: str, *, within: bool) -> Iterator[Found]:
    if len(data) > _EXPORT_BYTES:
        raise RuleFileError(name, None, "is over 100 MB; export fewer rules at a time")
    if name.lower().endswith(".json"):
        yield from _of_json(data, name, within=within)
        return
    lines = data.split(b"\n")
    if len(lines) > MAX_LINES:
        raise RuleFileError(name, None, f"has over {MAX_LINES:,} lines; export fewer rules at a time")
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _of_line(line, f"{name}:{number}")


def _of_json(data: bytes, name: str, *, within: bool) -> Iterator[Found]:
    """A file of one exported object, or of a list of them; in folders other JSON is passed over."""
    if len(data) > MAX_FILE_BYTES and not data.lstrip()[:1] == b"[":
        raise RuleFileError(name, None, "is over a megabyte; that is no rule")
    parsed = _parsed(data, name)
    objects = parsed if isinstance(parsed, list) else [parsed]
    found = [_of_object(item, name if len(objects) == 1 else f"{name}[{at}]") for at, item in enumerate(objects)]
    if within and not any(one.kind in (Kind.RULE, Kind.LIST, Kind.ITEM) for one in found):
        found = [Found(name, Kind.FILE, problem="holds no rule", passed=True)]
    yield from found


def _of_line(line: bytes, place: str) -> Found:
    if len(line) > MAX_FILE_BYTES:
        return Found(place, Kind.FILE, problem="is over a megabyte; that is no rule")
    try:
        return _of_object(_parsed(line, place), place)
    except RuleFileError as error:
        return _unreadable(place, error)


def _parsed(data: bytes, place: str) -> Any:
    if len(data) > MAX_TOTAL_BYTES:
        raise RuleFileError(place, None, "is too long")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: " if b"\n" in data.strip() else f"column {error.colno}: "
        raise RuleFileError(place, None, f"{where}is not JSON that can be read") from error


def _of_object(data: Any, place: str) -> Found:
    """What an object of an export is, by the keys that only its kind has."""
    if not isinstance(data, dict):
        return Found(place, Kind.FILE, problem="is no JSON object")
    attributes = data.get("attributes")
    if data.get("type") == "security-rule" and isinstance(attributes, dict):
        data = attributes
    kind = _kind_of(data)
    return Found(place, kind, text=orjson.dumps(data).decode(), data=data)


def _kind_of(data: Mapping[str, Any]) -> Kind:
    if "item_id" in data and "entries" in data:
        return Kind.ITEM
    if "list_id" in data:
        return Kind.LIST
    if "rule_id" in data or ("severity" in data and "risk_score" in data):
        return Kind.RULE
    if any(key in data for key in ("exported_count", "exported_rules_count")):
        return Kind.SUMMARY
    return Kind.OTHER


def _unreadable(place: str, error: RuleFileError) -> Found:
    return Found(place, Kind.FILE, problem=str(error).removeprefix(f"{error.path}: "))
