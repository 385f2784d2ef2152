"""The rows of the exception panel: what a person edits, to and from the entries that an exception stores.

Rows are sent as columns of equal length (field, operator, value, case, place). The place of a row is its group's
number, with an `n` behind it where the row is a condition inside the nested one before it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from alerts.exceptions.groups import MOST_GROUPS
from rules.exceptions import MAX_ENTRIES_BYTES
from rules.storable import is_storable
from soc.web.numbers import whole

Entry = dict[str, Any]

PLAIN_OPERATORS = (
    ("is", _("is")),
    ("is_not", _("is not")),
    ("one_of", _("is one of")),
    ("not_one_of", _("is not one of")),
    ("matches", _("matches")),
    ("not_matches", _("does not match")),
    ("exists", _("exists")),
    ("not_exists", _("does not exist")),
)
OPERATORS = (
    *PLAIN_OPERATORS,
    ("in_list", _("is in list")),
    ("not_in_list", _("is not in list")),
    ("nested", _("nested")),
)
_TYPES = {
    "is": "match",
    "one_of": "match_any",
    "matches": "wildcard",
    "exists": "exists",
    "in_list": "list",
    "nested": "nested",
}
_NEGATED = {
    "is_not": "is",
    "not_one_of": "one_of",
    "not_matches": "matches",
    "not_exists": "exists",
    "not_in_list": "in_list",
}
_BY_TYPE = {kind: operator for operator, kind in _TYPES.items()}
_NEGATION = {plain: negated for negated, plain in _NEGATED.items()}
_INNER = frozenset(name for name, _label in PLAIN_OPERATORS)
_WITHOUT_CASE = frozenset({"exists", "not_exists", "nested"})
MOST_CONDITIONS = 50
_KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Condition:
    """One row: a field, what is asked of it, and the value as typed (one a line for "is one of", a list's id).

    `operator` "kept" is an entry that the panel cannot edit: `value` then is its JSON. `match` is how many of the
    rule's alerts are left after this row and those above; None before a preview. `error` is what is wrong with the row.
    `group` is the group it stands in, `inner` whether it is asked of the elements of the nested row before it.
    """

    field: str = ""
    operator: str = "is"
    value: str = ""
    case: str = ""
    match: int | None = None
    error: str = ""
    group: int = 0
    inner: bool = False

    @property
    def has_value(self) -> bool:
        """Whether the operator asks for a value."""
        return self.operator not in {"exists", "not_exists", "nested"}

    @property
    def asks_list(self) -> bool:
        """Whether the value is the name of a value list."""
        return self.operator in {"in_list", "not_in_list"}

    @property
    def has_case(self) -> bool:
        """Whether upper and lower case can count."""
        return self.operator not in _WITHOUT_CASE

    @property
    def is_blank(self) -> bool:
        """Whether nobody has put anything into the row."""
        return not self.field and not self.value.strip() and self.operator == "is"

    @property
    def is_nested(self) -> bool:
        """Whether it is asked of the elements of an array of objects."""
        return self.operator == "nested"

    @property
    def is_kept(self) -> bool:
        """Whether the row can only be kept or removed."""
        return self.operator == _KEPT

    @property
    def operators(self) -> Any:
        """What may be chosen: inside a nested condition neither lists nor a further one."""
        return PLAIN_OPERATORS if self.inner else OPERATORS

    @property
    def named(self) -> frozenset[str]:
        """The values that it asks for by their letters; none of a pattern, of a list, and of what only has to exist."""
        if self.operator in {"is", "is_not"}:
            return frozenset({self.value})
        return frozenset(self.value.split("\n")) if self.operator in {"one_of", "not_one_of"} else frozenset()

    def is_on(self, field: str, values: Iterable[str]) -> bool:
        """Whether it is about what stands at a field: about one of these values, or about any that it has."""
        if self.field != field or self.inner:
            return False
        return not self.named or not self.named.isdisjoint(values)

    @property
    def place(self) -> str:
        """Where the row stands, as it is sent."""
        return f"{self.group}{'n' if self.inner else ''}"

    @property
    def lines(self) -> int:
        """How many lines the value needs, within reason."""
        return min(self.value.count("\n") + 1, 6)

    def to_entry(self, inner: Sequence["Condition"] = ()) -> Entry:
        """The entry that this row stands for; a nested one with the rows inside it."""
        if self.is_kept:
            entry: Entry = json.loads(self.value)
            return entry
        if self.is_nested:
            return {"field": self.field, "type": "nested", "entries": [row.to_entry() for row in inner]}
        plain = _NEGATED.get(self.operator, self.operator)
        negated = self.operator in _NEGATED
        made: Entry = {
            "field": self.field,
            "type": _TYPES[plain],
            "operator": "excluded" if negated else "included",
        }
        if plain == "one_of":
            made["value"] = [line for line in self.value.split("\n") if line]
        elif plain == "in_list":
            made["list"] = self._list()
        elif plain != "exists":
            made["value"] = self.value
        if self.case and self.has_case:
            made["case_sensitive"] = self.case == "yes"
        return made

    def _list(self) -> dict[str, str]:
        """The list as Kibana names it: `id`, or `id` and `type` where that was stored."""
        name, _sep, kind = self.value.strip().partition("\n")
        return {"id": name.strip(), "type": kind.strip() or "keyword"}


def entries_of(rows: Sequence[Condition]) -> list[Entry]:
    """The entries of one group's rows; rows inside a nested one go with it."""
    made: list[Entry] = []
    for at, row in enumerate(rows):
        if not row.inner:
            made.append(row.to_entry(_inside(rows, at)))
    return made


def entry_groups(rows: Sequence[Condition]) -> list[list[Entry]]:
    """The entries of every group that has some, in order."""
    filled = filled_rows(rows)
    found = [entries_of([row for row in filled if row.group == group]) for group in sorted({row.group for row in rows})]
    return [entries for entries in found if entries]


def _inside(rows: Sequence[Condition], at: int) -> list[Condition]:
    """The rows that follow the one at this place and are inside it."""
    found: list[Condition] = []
    for row in rows[at + 1 :]:
        if not row.inner:
            break
        found.append(row)
    return found


def conditions_of(entries: Iterable[Entry], group: int = 0) -> list[Condition]:
    """The rows that show stored or suggested entries."""
    return [replace(row, group=group) for entry in entries for row in _conditions_of(entry)]


def _conditions_of(entry: Entry) -> list[Condition]:
    kind = entry.get("type", "")
    operator = _BY_TYPE.get(kind)
    if operator is None or (kind == "nested" and not _is_plain_nest(entry)):
        return [Condition(str(entry.get("field", "")), _KEPT, json.dumps(entry))]
    if kind == "nested":
        inner = [replace(row, inner=True) for part in entry["entries"] for row in _conditions_of(part)]
        return [Condition(entry.get("field", ""), operator), *inner]
    if entry.get("operator") == "excluded":
        operator = _NEGATION[operator]
    case = {True: "yes", False: "no"}.get(entry.get("case_sensitive"), "")  # type: ignore[arg-type]
    return [Condition(entry.get("field", ""), operator, _text(entry, kind), case)]


def _text(entry: Entry, kind: str) -> str:
    """The value as it is typed."""
    if kind == "list":
        about = entry.get("list") or {}
        listed = str(about.get("type", "keyword"))
        return str(about.get("id", "")) + ("" if listed == "keyword" else f"\n{listed}")
    value = entry.get("value", "")
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _is_plain_nest(entry: Entry) -> bool:
    """Whether every part of a nested entry can be edited in a row."""
    parts = entry.get("entries")
    return (
        isinstance(parts, list) and bool(parts) and all(_BY_TYPE.get(part.get("type", "")) in _INNER for part in parts)
    )


def conditions_from(data: QueryDict) -> list[Condition]:
    """The rows of a submitted panel, with a row removed where its remove button was pressed, and what is inside it.

    A row whose field is left empty is dropped: it is the blank one that "And" offers.
    """
    columns = [data.getlist(name) for name in ("field", "operator", "value", "case")]
    most = min(map(len, columns))
    places = (data.getlist("place") + ["0"] * most)[:most]
    rows = [_row(*cells) for cells in zip(*columns, places, strict=False)][: MOST_CONDITIONS * MOST_GROUPS]
    return _tidy(rows, data.get("remove", ""))


def _row(field: str, operator: str, value: str, case: str, place: str) -> Condition:
    inner = place.endswith("n")
    known = _INNER if inner else {*_TYPES, *_NEGATED, _KEPT}
    operator = operator if operator in known else "is"
    value = value.replace("\r\n", "\n")
    if operator == _KEPT and not _is_entry(value):
        value = "{}"  # an entry without anything, which is refused with a sentence beside the row
    group = min(whole(place.removesuffix("n"), 3) or 0, MOST_GROUPS - 1)
    return Condition(field.strip(), operator, value, case if case in {"yes", "no"} else "", group=group, inner=inner)


def _tidy(rows: Sequence[Condition], removed: str) -> list[Condition]:
    """Group by group, without the row that was removed, without blank ones, and with none inside what is not nested."""
    kept: list[Condition] = []
    inside = False  # what is nested and stays
    gone = whole(removed, 5)
    for number, row in enumerate(rows):
        if not row.inner:
            inside = row.is_nested and number != gone
        if number != gone and not row.is_blank and (inside or not row.inner):
            kept.append(row)
    order = {group: at for at, group in enumerate(sorted({row.group for row in kept}))}
    return sorted((replace(row, group=order[row.group]) for row in kept), key=lambda row: row.group)


def filled_rows(rows: Sequence[Condition]) -> list[Condition]:
    """The rows that name a field; of a nested one without a field not those inside it either."""
    kept: list[Condition] = []
    inside = False
    for row in rows:
        if not row.inner:
            inside = row.is_nested and bool(row.field)
        if row.field and (inside or not row.inner):
            kept.append(row)
    return kept


def _is_entry(text: str) -> bool:
    try:
        return len(text) <= MAX_ENTRIES_BYTES and is_storable(json.loads(text))
    except (ValueError, RecursionError):
        return False


def condition_on(field: str, values: Sequence[str], group: int = 0) -> Condition:
    """A new row for a field of the alert: its value, each of its values, or that it does not exist."""
    if not values:
        return Condition(field, "not_exists", group=group)
    return Condition(field, "one_of" if len(values) > 1 else "is", "\n".join(values), group=group)


def with_matches(
    rows: Sequence[Condition], matches: Sequence[int], inside: Sequence[Sequence[int]] = ()
) -> list[Condition]:
    """One group's rows with the running count of a preview beside each; `inside` are those of the parts of each
    condition. A nested one says what it leaves as a whole, as its last part does, which says nothing where it is alone.
    """
    counts, parts = iter(matches), iter(inside)
    within: Iterator[int] = iter(())
    counted = list[Condition]()
    for row in rows:
        if not row.inner:
            within = iter(next(parts, ()))
        counted.append(replace(row, match=next(within if row.inner else counts, None)))
    return counted


def with_error(rows: Sequence[Condition], number: int, message: str) -> list[Condition]:
    """One group's rows with what is wrong beside the one that is."""
    outer = [at for at, row in enumerate(rows) if not row.inner]
    wrong = outer[number] if number < len(outer) else len(rows) - 1
    return [replace(row, error=message) if at == wrong else row for at, row in enumerate(rows)]
