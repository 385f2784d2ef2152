"""The kinds of rule, by the word that rule files use for them."""

from engine.rule_types.base import RuleType
from engine.rule_types.eql import EQL
from engine.rule_types.esql import ESQL
from engine.rule_types.new_terms import NEW_TERMS
from engine.rule_types.query import QUERY
from engine.rule_types.saved_query import SAVED_QUERY
from engine.rule_types.threat_match import THREAT_MATCH
from engine.rule_types.threshold import THRESHOLD

RULE_TYPES: dict[str, RuleType] = {
    "query": QUERY,
    "new_terms": NEW_TERMS,
    "saved_query": SAVED_QUERY,
    "eql": EQL,
    "esql": ESQL,
    "threshold": THRESHOLD,
    "threat_match": THREAT_MATCH,
    "machine_learning": RuleType("machine_learning", "Machine-learning", {}, needs_query=False),
}

__all__ = ["EQL", "ESQL", "NEW_TERMS", "QUERY", "RULE_TYPES", "RuleType"]
