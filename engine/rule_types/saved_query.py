"""`saved_query`: a query rule that was made from a query saved in Kibana, of which it usually keeps a copy."""

from typing import TYPE_CHECKING

from engine.rule_types.base import RuleType
from engine.rule_types.query import LUCENE_REASON, compile_query

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition

ONLY_NAMES_IT = "The rule only names a query saved in Kibana, which is not here; write the query into the rule"


def reason_of(definition: "RuleDefinition") -> str | None:
    """Why the rule is not evaluated: it has neither a query of its own nor filters."""
    return None if definition.query.strip() or definition.filters else ONLY_NAMES_IT


SAVED_QUERY = RuleType(
    "saved_query",
    "Saved-query",
    {"kuery": None, "lucene": LUCENE_REASON},
    compile_query,
    needs_query=False,
    reason_of=reason_of,
)
