"""Rule files: their text read and checked, and their query turned into a tree."""

from engine.rulefile.compiling import CompiledRule, compile_rule, logic_hash
from engine.rulefile.definition import RuleDefinition, Subtechnique, Tactic, Technique
from engine.rulefile.overriding import check_overrides, overridden
from engine.rulefile.reading import SEVERITIES, load_rule, read_rule, warnings_of

__all__ = [
    "SEVERITIES",
    "CompiledRule",
    "RuleDefinition",
    "Subtechnique",
    "Tactic",
    "Technique",
    "check_overrides",
    "compile_rule",
    "load_rule",
    "logic_hash",
    "overridden",
    "read_rule",
    "warnings_of",
]
