"""Value lists from files, as Kibana exports their items: a value a line; and tables, as CSV.

A file is the list that its name says, with its ending or without, whichever is asked for. Its type is what the
exceptions that ask for it say, else what all of its values are. Of folders and zips only the files are taken that
something asks for: others there are notes and licences.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from accounts.models import Change
from engine import RuleDefinition
from engine.languages.value_lists import ends_of
from engine.rule_types.esql import tables_named
from engine.scalars import address_of
from rules.errors import RulesError
from rules.importing.report import Line
from rules.importing.sources import Found, Kind
from rules.models import ExceptionItem, ValueList
from rules.storing import Origin, Status
from rules.value_lists import Changed, create_list, list_entries, replace_values
from rules.value_lists.reading import Content, read_lines
from rules.value_lists.stored import columns_of, unpacked

Type = ValueList.Type


def import_values(
    found: Sequence[Found], definitions: Mapping[str, RuleDefinition], origin: Origin, *, dry_run: bool
) -> list[Line]:
    """Make or fill the lists of these files; a line for each."""
    files = [one for one in found if one.kind is Kind.VALUES]
    if not files:
        return []
    asked = _asked(found, definitions)
    there = dict(ValueList.objects.values_list("pk", "type"))
    lines: list[Line] = []
    for one in files:
        list_id = _id_of(one.path, asked, there)
        if one.passed and list_id not in asked and list_id not in there:
            continue
        kind = there.get(list_id) or asked.get(list_id) or _kind_of(one)
        lines.append(_imported(one, list_id, kind, list_id in there, origin, dry_run=dry_run))
        there.setdefault(list_id, kind)
    return lines


def _asked(found: Sequence[Found], definitions: Mapping[str, RuleDefinition]) -> dict[str, str]:
    """The lists that something asks for, with the type that it says, "" where it says none."""
    entries = [entry for one in found if one.kind is Kind.ITEM for entry in _entries(one)]
    stored = ExceptionItem.objects.filter(removed_at=None, entries__contains=[{"type": "list"}])
    for some in stored.values_list("entries", flat=True):
        entries += list_entries(some)
    joined = {name: "" for rule in definitions.values() for name in tables_named(rule.query)}
    said = {str(entry["list"].get("id")): str(entry["list"].get("type") or "") for entry in entries}
    return joined | {list_id: kind if kind in Type.values else "" for list_id, kind in said.items()}


def _entries(one: Found) -> list[Mapping[str, Mapping[str, object]]]:
    entries = one.data.get("entries")
    return (
        list(list_entries([entry for entry in entries if isinstance(entry, dict)])) if isinstance(entries, list) else []
    )


def _id_of(path: str, asked: Mapping[str, str], there: Mapping[str, str]) -> str:
    name = PurePath(path).name
    stem = name.rpartition(".")[0]
    known = next((one for one in (name, stem) if one in asked or one in there), None)
    return known or stem


def _kind_of(one: Found) -> str:
    """What all of a file's values are."""
    if one.path.lower().endswith(".csv"):
        return Type.TABLE
    values = [text for line in one.text.splitlines() if (text := line.strip())]
    if values and all(address_of(value) is not None for value in values):
        return Type.IP
    return Type.IP_RANGE if values and all(ends_of(value) for value in values) else Type.KEYWORD


def _imported(one: Found, list_id: str, kind: str, there: bool, origin: Origin, *, dry_run: bool) -> Line:
    rows = one.text.splitlines()
    try:
        content = read_lines(kind, rows)
        status = _status(list_id, content) if there else Status.NEW
        if dry_run or status is Status.UNCHANGED:
            return _line(one, list_id, status, f"{len(content.items):,} values")
        changed = _stored(list_id, kind, rows, origin, there=there)
    except RulesError as error:
        return _line(one, list_id, Status.ERROR, error.message)
    return _line(one, list_id, status, f"{changed.value_list.count:,} values")


def _stored(list_id: str, kind: str, rows: Sequence[str], origin: Origin, *, there: bool) -> Changed:
    door = Change.Door.COMMAND
    if there:
        return replace_values(list_id=list_id, version=None, lines=rows, actor=origin.actor, now=origin.now, door=door)
    return create_list(
        list_id=list_id, name=list_id, type=kind, lines=rows, actor=origin.actor, now=origin.now, door=door
    )


def _status(list_id: str, content: Content) -> Status:
    row = ValueList.objects.get(pk=list_id)
    same = unpacked(row.data) == content.items and columns_of(row) == content.columns
    return Status.UNCHANGED if same else Status.CHANGED


def _line(one: Found, list_id: str, status: Status, message: str) -> Line:
    return Line(one.path, status, Kind.VALUES.value, list_id, list_id, message)
