"""`esql`: rows that a pipeline makes of events, each of them a hit.

A rule whose rows are groups of events ("aggregating") tells them apart by what its last STATS groups by; else every
row is an event, with the columns of the pipeline over it. Which events can matter is asked by the leading conditions
in the one pass; the pipeline then runs over those events alone, at once where each of its commands looks at one row
at a time, else over the events of a window. The pipeline is kept as the text that the rule has and compiled where it
runs.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from engine.errors import LanguageError
from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import Completion, From, Node, Query
from engine.languages.filters import parse_filters
from engine.pipelines import CompiledQuery, Multivalue, compile_query
from engine.pipelines.leading import leading_tree
from engine.plan import Logic, Pipeline
from engine.rule_types.base import RuleType
from engine.tree import all_of

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition
    from engine.rulefile.table import Table

NEEDS_MODEL = "The query asks a language model (COMPLETION), and none is set up here: it needs a model"


def compile_esql(definition: "RuleDefinition") -> Logic:
    """The logic of a pipeline rule: the tree of its leading conditions and filters, and the pipeline.

    Raises: LanguageError for the query, FilterError for the filters.
    """
    query = _parsed(definition.query)
    multivalue = multivalue_of(definition)
    filters = parse_filters(definition.filters)
    if not isinstance(query.commands[0], From):
        _refuse(query, query.commands[0], "a rule reads events, and ROW makes a row out of nothing", "Begin with FROM.")
    found = compile_query(query, multivalue=multivalue)
    tree, _ = leading_tree(query, multivalue=multivalue)
    return Logic(all_of(tree, filters), _plan(definition.query, found, multivalue))


def _plan(text: str, found: CompiledQuery, multivalue: Multivalue) -> Pipeline:
    return Pipeline(
        text,
        aggregating=found.aggregating,
        at_once=found.at_once,
        by=found.by,
        fields=found.fields,
        whole=found.whole,
        any_match=multivalue is Multivalue.ANY,
    )


def _refuse(query: Query, node: Node, message: str, hint: str) -> NoReturn:
    start, end = node.place
    raise LanguageError.at(query.text, start, end - start, message, hint)


@lru_cache(maxsize=16)
def _parsed(text: str) -> Query:
    """Kept for a moment, since several ask about the same query while its rule is read."""
    return parse_esql(text)


@lru_cache(maxsize=512)
def compiled(plan: Pipeline) -> CompiledQuery:
    """The pipeline of a plan, ready to run; the first time in a process it costs some tens of milliseconds.

    Raises: LanguageError when this version no longer accepts the query.
    """
    multivalue = Multivalue.ANY if plan.any_match else Multivalue.STRICT
    return compile_query(parse_esql(plan.text), multivalue=multivalue)


def multivalue_of(definition: "RuleDefinition") -> Multivalue:
    """What the rule makes of fields with several values: its key `multivalue`, strict where it has none."""
    return Multivalue.ANY if definition.raw.get("multivalue") == Multivalue.ANY else Multivalue.STRICT


def check_multivalue(rule: "Table") -> None:
    """Raises: RuleFileError for a `multivalue` that is neither of the two."""
    rule.choice("multivalue", tuple(Multivalue), Multivalue.STRICT)


def reason_of(definition: "RuleDefinition") -> str | None:
    """Why the rule's pipeline cannot run although nothing is wrong with it: it asks a model."""
    if "completion" not in definition.query.lower():
        return None
    try:
        query = _parsed(definition.query)
    except LanguageError:
        return None  # the compiler says it, with the place
    return NEEDS_MODEL if any(isinstance(command, Completion) for command in query.commands) else None


ESQL = RuleType("esql", "ES|QL", {"esql": None}, compile_esql, reason_of=reason_of)
