"""From a rule definition to what the engine judges events by."""

from dataclasses import dataclass
from hashlib import blake2b

import orjson

from engine.errors import LanguageError, PatternError, RuleFileError
from engine.languages.filters import FilterError
from engine.pipelines import Multivalue
from engine.plan import Logic, Part, Plan
from engine.rule_types import RULE_TYPES
from engine.rule_types.esql import multivalue_of
from engine.rulefile.definition import RuleDefinition
from engine.tree import Tree


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule's logic, or the plain reason why there is none yet.

    `tree` lets in every event that may take part; `parts` are the filters as they take part in the pass. `logic_hash`
    (16 bytes) names what the rule looks for: type, language, query, filters, index, and what its type adds (new-terms
    fields, threshold, indicators). Memory of seen values and candidates is kept under it, so a new guide, severity or
    schedule does not wipe it.
    """

    logic: Logic | None
    evaluated: bool
    reason_not_evaluated: str | None
    indices: tuple[str, ...]
    logic_hash: bytes

    @property
    def tree(self) -> Tree | None:
        return self.logic.tree if self.logic else None

    @property
    def plan(self) -> Plan | None:
        return self.logic.plan if self.logic else None

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.logic.parts(self.indices) if self.logic else ()


def compile_rule(definition: RuleDefinition, path: str = "") -> CompiledRule:
    """The tree of a rule; a rule of a type that is not evaluated yet compiles to the reason why.

    Raises: RuleFileError when the query or a filter cannot be read; its `cause` is the query's LanguageError.
    `path` names the rule in it.
    """
    reason, logic = RULE_TYPES[definition.type].reason_not_evaluated(definition), None
    try:
        logic = _logic(definition, path or definition.name) if reason is None else None
    except FilterError as error:
        reason = error.message
    return CompiledRule(logic, logic is not None, reason, definition.indices, logic_hash(definition))


def _logic(definition: RuleDefinition, path: str) -> Logic | None:
    """The rule's logic. Raises: RuleFileError; FilterError only for a filter that asks for what is not evaluated."""
    compile_logic = RULE_TYPES[definition.type].compile
    try:
        return compile_logic(definition) if compile_logic else None
    except LanguageError as error:
        raise RuleFileError(path, "rule.query", "cannot be read", error) from error
    except FilterError as error:
        if error.unsupported:
            raise
        raise RuleFileError(path, f"rule.filters[{error.index}].{error.key}", error.message) from error
    except PatternError as error:
        raise RuleFileError(path, "rule.query", str(error)) from error


# What a type says beyond its query; the order is part of the name.
_LOGIC_KEYS = (
    "threshold",
    "threat_query",
    "threat_filters",
    "threat_index",
    "threat_mapping",
    "threat_indicator_path",
    "event_category_override",
    "timestamp_field",
    "tiebreaker_field",
)


def logic_hash(definition: RuleDefinition) -> bytes:
    """The 16-byte name of what the rule looks for, the same in every process."""
    logic = [
        definition.type,
        definition.language,
        definition.query.strip(),
        definition.filters,
        definition.index,
        definition.new_terms_fields,
        *(definition.raw[key] for key in _LOGIC_KEYS if key in definition.raw),
        *([Multivalue.ANY.value] if definition.type == "esql" and multivalue_of(definition) is Multivalue.ANY else []),
    ]
    return blake2b(orjson.dumps(logic, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
