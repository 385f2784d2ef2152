"""The detection engine: rule files, languages, trees, matching and explaining.

Pure Python: no Django, no database, and it never asks for the time. These are its public names.
"""

from engine.document import Document
from engine.errors import DocumentError, EngineError, LanguageError, PatternError, RuleFileError, TreeError
from engine.explain import Clause, Explanation, explain
from engine.fields import KNOWN_FIELDS, FieldType, field_type
from engine.folding import fold
from engine.guide import Guide, split_guide
from engine.indices import index_matches
from engine.interpret import matches
from engine.languages.exceptions import ExceptionEntryError, parse_entries
from engine.languages.filters import parse_filters
from engine.languages.kql import parse_kql
from engine.leaves import pin_dates
from engine.matcher import Expression, Hit, Matcher
from engine.plan import Logic, Part, Plan, logic_from_json, logic_to_json
from engine.prefilter import COLUMNS, columns_of, narrows_to, prefilter
from engine.rule_types import RULE_TYPES
from engine.rulefile import CompiledRule, RuleDefinition, compile_rule, load_rule
from engine.stored_trees import tree_from_json, tree_to_json
from engine.times import format_duration, lookback_of, parse_date_math, parse_duration
from engine.tree import COMPILER_VERSION, Tree, fields_of
from engine.wording import in_words

__all__ = [
    "COLUMNS",
    "COMPILER_VERSION",
    "KNOWN_FIELDS",
    "RULE_TYPES",
    "Clause",
    "CompiledRule",
    "Document",
    "DocumentError",
    "EngineError",
    "ExceptionEntryError",
    "Explanation",
    "Expression",
    "FieldType",
    "Guide",
    "Hit",
    "LanguageError",
    "Logic",
    "Matcher",
    "Part",
    "PatternError",
    "Plan",
    "RuleDefinition",
    "RuleFileError",
    "Tree",
    "TreeError",
    "columns_of",
    "compile_rule",
    "explain",
    "field_type",
    "fields_of",
    "fold",
    "format_duration",
    "in_words",
    "index_matches",
    "load_rule",
    "logic_from_json",
    "logic_to_json",
    "lookback_of",
    "matches",
    "narrows_to",
    "parse_date_math",
    "parse_duration",
    "parse_entries",
    "parse_filters",
    "parse_kql",
    "pin_dates",
    "prefilter",
    "split_guide",
    "tree_from_json",
    "tree_to_json",
]
