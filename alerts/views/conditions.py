"""The rows of the exception panel: what a person edits, to and from the entries that an exception stores."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from rules.exceptions import MAX_ENTRIES_BYTES
from rules.storable import is_storable

Entry = dict[str, Any]

OPERATORS = (
    ("is", _("is")),
    ("is_not", _("is not")),
    ("one_of", _("is one of")),
    ("not_one_of", _("is not one of")),
    ("matches", _("matches")),
    ("not_matches", _("does not match")),
    ("exists", _("exists")),
    ("not_exists", _("does not exist")),
)
_TYPES = {"is": "match", "one_of": "match_any", "matches": "wildcard", "exists": "exists"}
_NEGATED = {"is_not": "is", "not_one_of": "one_of", "not_matches": "matches", "not_exists": "exists"}
_BY_TYPE = {kind: operator for operator, kind in _TYPES.items()}
_NEGATION = {plain: negated for negated, plain in _NEGATED.items()}
MOST_CONDITIONS = 50
_KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Condition:
    """One row: a field, what is asked of it, and the value as typed (one a line for "is one of").

    `operator` "kept" is an entry that the panel cannot edit (a nested entry, a list): `value` then is its JSON.
    `match` is how many of the rule's alerts are left after this row and those above; None before a preview.
    `error` is what is wrong with the row.
    """

    field: str = ""
    operator: str = "is"
    value: str = ""
    case: str = ""
    match: int | None = None
    error: str = ""

    @property
    def has_value(self) -> bool:
        """Whether the operator asks for a value."""
        return self.operator not in {"exists", "not_exists"}

    @property
    def is_kept(self) -> bool:
        """Whether the row can only be kept or removed."""
        return self.operator == _KEPT

    @property
    def lines(self) -> int:
        """How many lines the value needs, within reason."""
        return min(self.value.count("\n") + 1, 6)

    def to_entry(self) -> Entry:
        """The entry that this row stands for."""
        if self.is_kept:
            entry: Entry = json.loads(self.value)
            return entry
        plain = _NEGATED.get(self.operator, self.operator)
        made: Entry = {
            "field": self.field,
            "type": _TYPES[plain],
            "operator": "excluded" if self.operator in _NEGATED else "included",
        }
        if plain == "one_of":
            made["value"] = [line for line in self.value.split("\n") if line]
        elif plain != "exists":
            made["value"] = self.value
        if self.case:
            made["case_sensitive"] = self.case == "yes"
        return made


def conditions_of(entries: Iterable[Entry]) -> list[Condition]:
    """The rows that show stored or suggested entries."""
    return [_condition_of(entry) for entry in entries]


def _condition_of(entry: Entry) -> Condition:
    operator = _BY_TYPE.get(entry.get("type", ""))
    if operator is None:
        return Condition(entry.get("field", ""), _KEPT, json.dumps(entry))
    if entry.get("operator") == "excluded":
        operator = _NEGATION[operator]
    value = entry.get("value", "")
    text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    case = {True: "yes", False: "no"}.get(entry.get("case_sensitive"), "")  # type: ignore[arg-type]
    return Condition(entry.get("field", ""), operator, text, case)


def conditions_from(data: QueryDict) -> list[Condition]:
    """The rows of a submitted panel, with a row removed where its remove button was pressed.

    A row whose field is left empty is dropped: it is the blank one that "And" offers.
    """
    columns = [data.getlist(name) for name in ("field", "operator", "value", "case")]
    rows = [_row(*cells) for cells in zip(*columns, strict=False)][:MOST_CONDITIONS]
    removed = data.get("remove", "")
    return [row for number, row in enumerate(rows) if row.field and str(number) != removed]


def _row(field: str, operator: str, value: str, case: str) -> Condition:
    operator = operator if operator in {*_TYPES, *_NEGATED, _KEPT} else "is"
    value = value.replace("\r\n", "\n")
    if operator == _KEPT and not _is_entry(value):
        value = "{}"  # an entry without anything, which is refused with a sentence beside the row
    return Condition(field.strip(), operator, value, case if case in {"yes", "no"} else "")


def _is_entry(text: str) -> bool:
    try:
        return len(text) <= MAX_ENTRIES_BYTES and is_storable(json.loads(text))
    except (ValueError, RecursionError):
        return False


def condition_on(field: str, values: Sequence[str]) -> Condition:
    """A new row for a field of the alert: its value, each of its values, or that it does not exist."""
    if not values:
        return Condition(field, "not_exists")
    return Condition(field, "one_of" if len(values) > 1 else "is", "\n".join(values))


def with_matches(rows: Sequence[Condition], matches: Sequence[int]) -> list[Condition]:
    """The rows with the running count of a preview beside each."""
    padded = [*matches, *([None] * (len(rows) - len(matches)))]
    return [replace(row, match=match) for row, match in zip(rows, padded, strict=False)]


def with_error(rows: Sequence[Condition], number: int, message: str) -> list[Condition]:
    """The rows with what is wrong beside the one that is."""
    return [replace(row, error=message) if at == number else row for at, row in enumerate(rows)]
