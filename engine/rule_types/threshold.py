"""`threshold`: events that share some values, when there are enough of them."""

import re
from typing import TYPE_CHECKING

from engine.plan import Logic, Threshold
from engine.rule_types.base import RuleType
from engine.rule_types.query import LUCENE_REASON, kql_tree

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition
    from engine.rulefile.table import Table

MAX_FIELDS = 5
MAX_VALUE = 1_000_000
_FIELD_NAME = re.compile(r"[^\s\"'(){}<>\\*:,]{1,256}")


def read_threshold(rule: "Table") -> Threshold:
    """What the rule's `threshold` asks for. Without fields it counts all events together.

    Raises: RuleFileError, which names the key.
    Source: Kibana's detection engine API, threshold rules.
    """
    if "threshold" not in rule.values:
        rule.fail("threshold", "is missing; say which fields to group by and how many events it takes")
    table = rule.table("threshold")
    fields = tuple(name for name in table.texts("field", at_most=MAX_FIELDS) if name)
    _check_names(table, "field", fields)
    counted = _cardinality(table)
    value = table.integer("value", 1, MAX_VALUE)
    if counted is None:
        return Threshold(fields, value)
    return Threshold(fields, value, _one_name(counted), counted.integer("value", 0, MAX_VALUE))


def _cardinality(table: "Table") -> "Table | None":
    """The entry that says of which field different values are counted, as a table or as a list of one."""
    if isinstance(table.values.get("cardinality"), dict):
        return table.table("cardinality")
    entries = table.tables("cardinality", at_most=1)
    return entries[0] if entries else None


def _one_name(counted: "Table") -> str:
    names = tuple(name for name in counted.texts("field", at_most=1) if name)
    if not names:
        counted.fail("field", "is missing; name the field whose different values are counted")
    _check_names(counted, "field", names)
    return names[0]


def _check_names(table: "Table", key: str, names: tuple[str, ...]) -> None:
    for name in names:
        if not _FIELD_NAME.fullmatch(name):
            table.fail(key, f'"{name[:60]}" is not the name of a field')
    if len(set(names)) < len(names):
        table.fail(key, "names a field twice")


def compile_threshold(definition: "RuleDefinition") -> Logic:
    """The logic of a threshold rule.

    Raises: LanguageError for the query, FilterError for the filters, RuleFileError for the settings.
    """
    return Logic(kql_tree(definition), read_threshold(definition.settings))


THRESHOLD = RuleType(
    "threshold", "Threshold", {"kuery": None, "lucene": LUCENE_REASON}, compile_threshold, needs_query=False
)
