"""From the text of a rule file to a checked RuleDefinition.

The format is the public one of the detection-rules repositories: TOML with a [metadata] and a [rule] table.
Whether the query itself can be read is found out in compiling.py.
"""

import re
import tomllib
from typing import Any

import msgspec
import re2

from engine.errors import RuleFileError
from engine.indices import MAX_PATTERN_LENGTH, MAX_PATTERNS, split_patterns
from engine.rule_types import RULE_TYPES
from engine.rule_types.esql import check_multivalue
from engine.rule_types.new_terms import MAX_FIELDS
from engine.rule_types.threat_match import read_indicators
from engine.rule_types.threshold import read_threshold
from engine.rulefile.definition import RuleDefinition, Subtechnique, Tactic, Technique
from engine.rulefile.table import Table
from engine.times import TimeExpressionError, lookback_of, parse_duration

MAX_FILE_LENGTH = 300_000
MAX_NESTING = 40
MAX_GUIDE_LENGTH = 100_000
MAX_QUERY_LENGTH = 200_000
MAX_SIGNALS = 10_000
MAX_VERSION = 1_000_000_000

DEFAULT_INTERVAL = "5m"
DEFAULT_FROM = "now-6m"
DEFAULT_MAX_SIGNALS = 100
SEVERITIES = ("low", "medium", "high", "critical")

_TOML_POSITION = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
# A key of many dotted parts costs the TOML parser their square, so it is refused before parsing.
_LONG_KEY = re2.compile(r"""(?:(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*\.[ \t]*){40}""")
_RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FIELD_NAME = re.compile(r"[^\s\"'(){}<>\\*:,]{1,256}")


def load_rule(text: str, path: str) -> RuleDefinition:
    """Read one rule file; `path` only names it in errors.

    Rules of a type that is not evaluated yet are read like any other.

    Raises: RuleFileError, which names the key, what is wrong with it and what to write instead.
    Source: the rule schema of the public detection-rules repository and of Kibana's detection engine API.
    """
    return _read(_parse(text, path), path)


def read_rule(values: dict[str, Any], path: str) -> RuleDefinition:
    """The same checks for a rule that is no text of ours: `values` holds the tables `rule`, `metadata`, `transform`.

    Raises: RuleFileError.
    """
    _check_values(values, path)
    return _read(values, path)


def _read(values: dict[str, Any], path: str) -> RuleDefinition:
    document = Table(path, values)
    if not isinstance(document.values.get("rule"), dict):
        document.fail("rule", "is missing; a rule file has a [rule] table")
    return _definition(document)


def _parse(text: str, path: str) -> dict[str, Any]:
    if len(text) > MAX_FILE_LENGTH:
        raise RuleFileError(path=path, key=None, message=f"is over {MAX_FILE_LENGTH:,} characters long")
    if not _is_unicode(text):
        raise RuleFileError(path=path, key=None, message="holds half a character (a lone surrogate); take it out")
    if _LONG_KEY.search(text):
        raise RuleFileError(path=path, key=None, message="has a key of more than forty parts")
    try:
        parsed = tomllib.loads(text)
    except RecursionError:
        raise RuleFileError(path=path, key=None, message="is nested too deeply to be a rule") from None
    except ValueError as error:
        raise RuleFileError(path=path, key=None, message=_toml_message(str(error), text)) from error
    _check_values(parsed, path)
    plain: dict[str, Any] = msgspec.to_builtins(parsed)
    return plain


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _toml_message(said: str, text: str) -> str:
    found = _TOML_POSITION.match(said)
    if found is None:
        return "is not TOML that can be read"
    line, column = found["line"] or text.count("\n") + 1, found["column"] or "1"
    return f"line {line}, column {column}: {found['what'][:200]}"


def _check_values(parsed: dict[str, Any], path: str) -> None:
    """Refuse what could be read but never stored: NUL characters, numbers too wide, bottomless nesting."""
    waiting: list[tuple[str, Any, int]] = [("", parsed, 0)]
    while waiting:
        key, value, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise RuleFileError(path=path, key=key, message="is nested too deeply to be a rule")
        if isinstance(value, dict):
            waiting += [(str(name), name, depth) for name in value]
            waiting += [(f"{key}.{name}" if key else name, item, depth + 1) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(key, item, depth + 1) for item in value]
        elif isinstance(value, str) and "\x00" in value:
            raise RuleFileError(path=path, key=key.replace("\x00", ""), message="holds a NUL character; take it out")
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise RuleFileError(path=path, key=key, message="is a number wider than 64 bits")


def _definition(document: Table) -> RuleDefinition:
    rule, metadata = document.table("rule"), document.table("metadata")
    kind = rule.choice("type", tuple(RULE_TYPES))
    language = _language(rule, kind)
    fields, history = _new_terms(rule) if kind == "new_terms" else ((), None)
    definition = RuleDefinition(
        rule_id=_rule_id(rule),
        name=_name(rule),
        description=rule.text("description", limit=MAX_GUIDE_LENGTH).strip(),
        type=kind,
        language=language,
        query=_query(rule, kind),
        index=_index(rule),
        filters=_raw_tables(rule, "filters"),
        severity=rule.choice("severity", SEVERITIES),
        risk_score=rule.integer("risk_score", 0, 100),
        interval=rule.text("interval", DEFAULT_INTERVAL),
        from_=rule.text("from", DEFAULT_FROM),
        to=rule.text("to", "now"),
        max_signals=rule.integer("max_signals", 1, MAX_SIGNALS, DEFAULT_MAX_SIGNALS),
        tags=rule.texts("tags", limit=256),
        threat=tuple(tactic for item in rule.tables("threat", at_most=50) if (tactic := _tactic(item))),
        references=rule.texts("references", limit=2_000),
        author=rule.texts("author", limit=256),
        license=rule.text("license", ""),
        note=rule.text("note", "", limit=MAX_GUIDE_LENGTH),
        setup=rule.text("setup", "", limit=MAX_GUIDE_LENGTH),
        false_positives=rule.texts("false_positives", limit=MAX_GUIDE_LENGTH),
        enabled=rule.flag("enabled"),
        version=rule.optional_integer("version", 1, MAX_VERSION),
        timestamp_override=_field_name(rule, "timestamp_override"),
        building_block_type=_building_block(rule),
        rule_name_override=_field_name(rule, "rule_name_override"),
        investigation_fields=rule.table("investigation_fields").texts("field_names", limit=256),
        new_terms_fields=fields,
        history_window_start=history,
        integrations=metadata.texts("integration", limit=256),
        exceptions_list=_raw_tables(rule, "exceptions_list"),
        severity_mapping=_raw_tables(rule, "severity_mapping"),
        risk_score_mapping=_raw_tables(rule, "risk_score_mapping"),
        alert_suppression=rule.table("alert_suppression").values or None,
        metadata=metadata.values,
        transform=document.table("transform").values,
        raw=rule.values,
    )
    _check_schedule(rule, definition)
    _check_settings(rule, definition)
    return definition


def _check_settings(rule: Table, definition: RuleDefinition) -> None:
    """Refuse what only this type of rule has, where it could not be compiled."""
    if definition.type == "threshold":
        read_threshold(rule)
    elif definition.type == "esql":
        check_multivalue(rule)
    elif definition.type == "threat_match" and RULE_TYPES[definition.type].reason_not_evaluated(definition) is None:
        read_indicators(rule)


def _rule_id(rule: Table) -> str:
    value = rule.text("rule_id")
    if not _RULE_ID.fullmatch(value):
        rule.fail("rule_id", "must be an id of letters, digits, dots and dashes, at most 64, best a UUID")
    return value


def _name(rule: Table) -> str:
    name = rule.text("name", limit=255).strip()
    if not name:
        rule.fail("name", "is empty; give the rule a name that says what was seen")
    return name


def _language(rule: Table, kind: str) -> str | None:
    """The query's language: as written, else the one that goes with the type."""
    rule_type = RULE_TYPES[kind]
    if not rule_type.languages:
        return rule.optional_text("language")
    return rule.choice("language", tuple(rule_type.languages), rule_type.default_language)


def _query(rule: Table, kind: str) -> str:
    rule_type = RULE_TYPES[kind]
    query = rule.text("query", None if rule_type.needs_query else "", limit=MAX_QUERY_LENGTH)
    if kind == "query" and not query.strip() and not rule.values.get("filters"):
        rule.fail("query", "is missing, and there are no filters: the rule would alert on every event")
    if rule_type.needs_query and not query.strip():
        rule.fail("query", "is empty; write what the rule looks for")
    return query


def _index(rule: Table) -> tuple[str, ...]:
    patterns = rule.texts("index", limit=MAX_PATTERN_LENGTH * 10, at_most=MAX_PATTERNS)
    parts = split_patterns(patterns)
    if any(len(part) > MAX_PATTERN_LENGTH for part in parts) or len(parts) > MAX_PATTERNS:
        rule.fail("index", f"may hold {MAX_PATTERNS} patterns of {MAX_PATTERN_LENGTH} characters")
    if parts and all(part.startswith("-") for part in parts):
        rule.fail("index", 'only takes indices out; name first what to read, such as "logs-*"')
    return patterns


def _building_block(rule: Table) -> str | None:
    return rule.choice("building_block_type", ("default",)) if "building_block_type" in rule.values else None


def _field_name(rule: Table, key: str) -> str | None:
    value = rule.optional_text(key)
    if value is not None and not _FIELD_NAME.fullmatch(value):
        rule.fail(key, f'"{value[:60]}" is not the name of a field')
    return value


def _raw_tables(rule: Table, key: str) -> tuple[dict[str, Any], ...]:
    return tuple(item.values for item in rule.tables(key, at_most=200))


def _tactic(item: Table) -> Tactic | None:
    """One entry of `threat`; None for a mapping to another framework than ATT&CK."""
    if item.text("framework", "MITRE ATT&CK") != "MITRE ATT&CK":
        return None
    tactic = item.table("tactic")
    techniques = tuple(_technique(entry) for entry in item.tables("technique", at_most=100))
    return Tactic(tactic.text("id"), tactic.text("name"), tactic.text("reference", ""), techniques)


def _technique(item: Table) -> Technique:
    below = tuple(
        Subtechnique(entry.text("id"), entry.text("name"), entry.text("reference", ""))
        for entry in item.tables("subtechnique", at_most=100)
    )
    return Technique(item.text("id"), item.text("name"), item.text("reference", ""), below)


def _new_terms(rule: Table) -> tuple[tuple[str, ...], str]:
    """The fields and the history of a new-terms rule, in the files' form or in the API's flat one."""
    nested = rule.table("new_terms")
    if nested.values:
        starts = [entry for entry in nested.tables("history_window_start") if "value" in entry.values]
        key = "new_terms.value"
        fields, history = nested.texts("value"), starts[0].text("value") if starts else ""
    else:
        key = "new_terms_fields"
        fields, history = rule.texts("new_terms_fields"), rule.text("history_window_start", "")
    if not 1 <= len(fields) <= MAX_FIELDS or len(set(fields)) < len(fields):
        rule.fail(key, f"must name one to {MAX_FIELDS} different fields whose values are to be new")
    if not all(_FIELD_NAME.fullmatch(field) for field in fields):
        rule.fail(key, "must hold names of fields, such as process.executable")
    if not history:
        rule.fail("history_window_start", "is missing; say how far back a value counts as seen, such as now-7d")
    return fields, history


def _check_schedule(rule: Table, definition: RuleDefinition) -> None:
    _readable(rule, "interval", definition.interval)
    _readable(rule, "from", definition.from_)
    if definition.to != "now":
        _readable(rule, "to", definition.to)
    if definition.history_window_start is None:
        return
    history = _readable(rule, "history_window_start", definition.history_window_start)
    if history <= lookback_of(definition.from_).total_seconds():
        rule.fail(
            "history_window_start",
            f"{definition.history_window_start} must reach further back than from ({definition.from_}), "
            "or every value would be new",
        )


def _readable(rule: Table, key: str, text: str) -> float:
    """The seconds that a schedule key means."""
    try:
        return (parse_duration(text) if key == "interval" else lookback_of(text)).total_seconds()
    except TimeExpressionError as error:
        rule.fail(key, str(error))


def warnings_of(definition: RuleDefinition) -> tuple[str, ...]:
    """What is allowed in a rule but hardly meant; each a sentence for the rule's page."""
    warnings = []
    interval, lookback = parse_duration(definition.interval), lookback_of(definition.from_)
    if lookback < interval:
        warnings.append(
            f"It looks back {definition.from_} but runs only every {definition.interval}: "
            "events in between are never judged by a scheduled run. Let from reach back further than interval."
        )
    if not definition.index and definition.type in ("query", "new_terms", "eql", "threshold", "threat_match"):
        warnings.append("It names no index, so it reads every index except those whose name begins with a dot.")
    if not definition.note.strip():
        warnings.append("It has no investigation guide.")
    return tuple(warnings)
