"""`query`: every event that its query and filters let through is a hit, and each hit an alert."""

from typing import TYPE_CHECKING

from engine.languages.filters import parse_filters
from engine.languages.kql import parse_kql
from engine.plan import Logic
from engine.rule_types.base import RuleType
from engine.tree import Tree, all_of

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition

LUCENE_REASON = "Lucene queries are not evaluated; write the query in KQL"


def kql_tree(definition: "RuleDefinition") -> Tree:
    """The query and the filters of a KQL rule as one tree.

    Raises: LanguageError for the query, FilterError for the filters.
    """
    return all_of(parse_kql(definition.query), parse_filters(definition.filters))


def compile_query(definition: "RuleDefinition") -> Logic:
    """The logic of a rule of which every match is a hit.

    Raises: LanguageError for the query, FilterError for the filters.
    """
    return Logic(kql_tree(definition))


QUERY = RuleType("query", "Query", {"kuery": None, "lucene": LUCENE_REASON}, compile_query, needs_query=False)
