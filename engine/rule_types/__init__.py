"""The kinds of rule, by the word that rule files use for them."""

from engine.rule_types.base import RuleType
from engine.rule_types.new_terms import NEW_TERMS
from engine.rule_types.query import QUERY

RULE_TYPES: dict[str, RuleType] = {
    "query": QUERY,
    "new_terms": NEW_TERMS,
    "saved_query": RuleType("saved_query", "Saved-query", {"kuery": None, "lucene": None}, needs_query=False),
    "eql": RuleType("eql", "EQL", {"eql": None}),
    "esql": RuleType("esql", "ES|QL", {"esql": None}),
    "threshold": RuleType("threshold", "Threshold", {"kuery": None, "lucene": None}),
    "threat_match": RuleType("threat_match", "Indicator-match", {"kuery": None, "lucene": None}),
    "machine_learning": RuleType("machine_learning", "Machine-learning", {}, needs_query=False),
}

__all__ = ["NEW_TERMS", "QUERY", "RULE_TYPES", "RuleType"]
