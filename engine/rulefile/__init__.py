"""Rule files: their text read and checked, and their query turned into a tree."""

from engine.rulefile.compiling import CompiledRule, compile_rule, logic_hash
from engine.rulefile.definition import RuleDefinition, Subtechnique, Tactic, Technique
from engine.rulefile.kibana import KibanaRule, read_kibana_rule, to_kibana
from engine.rulefile.overriding import check_overrides, overridden
from engine.rulefile.reading import SEVERITIES, load_rule, read_rule, warnings_of
from engine.rulefile.toml_text import to_toml

__all__ = [
    "SEVERITIES",
    "CompiledRule",
    "KibanaRule",
    "RuleDefinition",
    "Subtechnique",
    "Tactic",
    "Technique",
    "check_overrides",
    "compile_rule",
    "load_rule",
    "logic_hash",
    "overridden",
    "read_kibana_rule",
    "read_rule",
    "to_kibana",
    "to_toml",
    "warnings_of",
]
