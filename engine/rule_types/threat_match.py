"""`threat_match`: events that have a value which an indicator names."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from engine.errors import LanguageError, PatternError, RuleFileError
from engine.indices import MAX_PATTERN_LENGTH, MAX_PATTERNS
from engine.languages.filters import FilterError, parse_filters, reason_unsupported
from engine.languages.kql import parse_kql
from engine.plan import Indicators, Logic, MappingEntry
from engine.rule_types.base import RuleType
from engine.rule_types.query import LUCENE_REASON, kql_tree
from engine.times import TimeExpressionError, parse_date_math
from engine.tree import And, Leaf, Op, Tree, all_of, text_of

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition
    from engine.rulefile.table import Table

DEFAULT_INDEX = ("logs-ti_*",)
DEFAULT_PATH = "threat.indicator"
DEFAULT_HISTORY = timedelta(days=30)
MAX_ITEMS = 100
MAX_ENTRIES = 20
MAX_QUERY_LENGTH = 200_000
_FIELD_NAME = re.compile(r"[^\s\"'(){}<>\\*:,]{1,256}")
# Any day will do to measure how far back a date expression reaches; a month after long months errs to the longer.
_SOME_DAY = datetime(2026, 9, 1, tzinfo=UTC)
_A_DAY = timedelta(days=1)


def read_indicators(rule: "Table") -> Indicators:
    """What the rule says about indicators: where they are, which count, and what must agree.

    Raises: RuleFileError, which names the key, also for `threat_query` and `threat_filters`.
    Source: Kibana's detection engine API, indicator-match rules.
    """
    items = tuple(_item(table) for table in rule.tables("threat_mapping", at_most=MAX_ITEMS))
    if not items:
        rule.fail("threat_mapping", "is missing; say which fields of events have the value of which indicator fields")
    tree = all_of(_query(rule), _filters(rule))
    indices = rule.texts("threat_index", limit=MAX_PATTERN_LENGTH * 10, at_most=MAX_PATTERNS) or DEFAULT_INDEX
    path = rule.text("threat_indicator_path", "") or DEFAULT_PATH
    return Indicators(items, tree, indices, path, history_of(tree))


def _item(table: "Table") -> tuple[MappingEntry, ...]:
    entries = tuple(_entry(entry) for entry in table.tables("entries", at_most=MAX_ENTRIES))
    if all(entry.negated for entry in entries):
        table.fail("entries", "must have at least one entry that is to agree and is not negated")
    return entries


def _entry(table: "Table") -> MappingEntry:
    for key in ("field", "value"):
        if not _FIELD_NAME.fullmatch(table.text(key)):
            table.fail(key, f'"{table.text(key)[:60]}" is not the name of a field')
    return MappingEntry(table.text("field"), table.text("value"), table.flag("negate") is True)


def _query(rule: "Table") -> Tree:
    text = rule.text("threat_query", "", limit=MAX_QUERY_LENGTH)
    try:
        return parse_kql(text)
    except LanguageError as error:
        _refuse(rule, "threat_query", "cannot be read", error)
    except PatternError as error:
        _refuse(rule, "threat_query", str(error))


def _filters(rule: "Table") -> Tree:
    try:
        return parse_filters([table.values for table in rule.tables("threat_filters", at_most=200)])
    except FilterError as error:
        _refuse(rule, f"threat_filters[{error.index}].{error.key}", error.message)
    except PatternError as error:
        _refuse(rule, "threat_filters", str(error))


def _refuse(rule: "Table", key: str, message: str, cause: LanguageError | None = None) -> NoReturn:
    raise RuleFileError(rule.path, f"rule.{key}", message, cause) from cause


def history_of(tree: Tree) -> timedelta:
    """How old an indicator may be, by what its query asks of `@timestamp`; thirty days when it asks nothing."""
    conjuncts = tree.children if isinstance(tree, And) else (tree,)
    spans = [
        span
        for leaf in conjuncts
        if isinstance(leaf, Leaf) and leaf.field == "@timestamp" and leaf.op in (Op.GT, Op.GTE)
        for span in _reach(text_of(leaf.values[0]))
    ]
    return min(spans, default=DEFAULT_HISTORY)


def _reach(text: str) -> list[timedelta]:
    """How far `now-30d/d` reaches back at most; nothing for a date that stands still."""
    if not text.strip().startswith("now"):
        return []
    try:
        back = _SOME_DAY - parse_date_math(text, _SOME_DAY)
    except TimeExpressionError:
        return []
    return [back + (_A_DAY if "/" in text else timedelta())] if back >= timedelta() else []


def compile_threat_match(definition: "RuleDefinition") -> Logic:
    """The logic of an indicator-match rule.

    Raises: LanguageError for the query, FilterError for the filters, RuleFileError for the settings.
    """
    return Logic(kql_tree(definition), read_indicators(definition.settings))


def reason_of(definition: "RuleDefinition") -> str | None:
    """Why the rule's indicators cannot be looked for."""
    if definition.raw.get("threat_language") == "lucene":
        return LUCENE_REASON
    return reason_unsupported(definition.raw.get("threat_filters"))


THREAT_MATCH = RuleType(
    "threat_match",
    "Indicator-match",
    {"kuery": None, "lucene": LUCENE_REASON},
    compile_threat_match,
    needs_query=False,
    reason_of=reason_of,
)
