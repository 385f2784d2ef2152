"""From a rule definition to what the engine judges events by."""

from dataclasses import dataclass
from hashlib import blake2b

import orjson

from engine.errors import LanguageError, PatternError, RuleFileError
from engine.languages.filters import FilterError
from engine.rule_types import RULE_TYPES
from engine.rulefile.definition import RuleDefinition
from engine.tree import Tree


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule's filter as a tree, or the plain reason why there is none yet.

    `logic_hash` (16 bytes) names what the rule looks for: type, language, query, filters, index and new-terms
    fields. Memory of seen values is kept under it, so a new guide, severity or schedule does not wipe it.
    """

    tree: Tree | None
    evaluated: bool
    reason_not_evaluated: str | None
    indices: tuple[str, ...]
    logic_hash: bytes


def compile_rule(definition: RuleDefinition, path: str = "") -> CompiledRule:
    """The tree of a rule; a rule of a type that is not evaluated yet compiles to the reason why.

    Raises: RuleFileError when the query or a filter cannot be read; its `cause` is the query's LanguageError.
    `path` names the rule in it.
    """
    reason = RULE_TYPES[definition.type].reason_not_evaluated(definition.language)
    tree = _tree(definition, path or definition.name) if reason is None else None
    return CompiledRule(tree, tree is not None, reason, definition.indices, logic_hash(definition))


def _tree(definition: RuleDefinition, path: str) -> Tree | None:
    compile_tree = RULE_TYPES[definition.type].compile
    try:
        return compile_tree(definition) if compile_tree else None
    except LanguageError as error:
        raise RuleFileError(path, "rule.query", "cannot be read", error) from error
    except FilterError as error:
        raise RuleFileError(path, f"rule.filters[{error.index}].{error.key}", error.message) from error
    except PatternError as error:
        raise RuleFileError(path, "rule.query", str(error)) from error


def logic_hash(definition: RuleDefinition) -> bytes:
    """The 16-byte name of what the rule looks for, the same in every process."""
    logic = [
        definition.type,
        definition.language,
        definition.query.strip(),
        definition.filters,
        definition.index,
        definition.new_terms_fields,
    ]
    return blake2b(orjson.dumps(logic, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
