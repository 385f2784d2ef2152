"""`esql`: rows that a pipeline makes of events, each of them a hit.

A rule whose rows are groups of events ("aggregating") tells them apart by what its last STATS groups by; else every
row is an event, with the columns of the pipeline over it. Which events can matter is asked by the leading conditions
in the one pass; the pipeline then runs over those events alone, at once where each of its commands looks at one row
at a time, else over the events of a window. The pipeline is kept as the text that the rule has and compiled where it
runs.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from engine.errors import EngineError, LanguageError
from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import From, Node, Query
from engine.languages.filters import parse_filters
from engine.pipelines import CompiledQuery, Multivalue, NeedsModel, compile_query
from engine.pipelines.leading import leading_tree
from engine.pipelines.providing import joined_by, table_called, tables_for
from engine.pipelines.tables import Table as JoinedTable
from engine.plan import Logic, Pipeline
from engine.rule_types.base import RuleType
from engine.tree import all_of

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition
    from engine.rulefile.table import Table

NEEDS_MODEL = "The query asks a language model (COMPLETION), and none is set up here: it needs a model"
NEEDS_TABLE = "The query joins the table or list"


def compile_esql(definition: "RuleDefinition") -> Logic:
    """The logic of a pipeline rule: the tree of its leading conditions and filters, and the pipeline.

    Raises: LanguageError for the query, FilterError for the filters.
    """
    query = _parsed(definition.query)
    multivalue = multivalue_of(definition)
    filters = parse_filters(definition.filters)
    if not isinstance(query.commands[0], From):
        _refuse(query, query.commands[0], "a rule reads events, and ROW makes a row out of nothing", "Begin with FROM.")
    found = compile_query(query, multivalue=multivalue, tables=tables_for(query))
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


@lru_cache(maxsize=4_096)
def tables_named(text: str) -> tuple[str, ...]:
    """The tables and lists that a query joins; none of one that cannot be read."""
    if not _JOINS.search(text):
        return ()
    try:
        return joined_by(_parsed(text))
    except LanguageError:
        return ()


_JOINS = re.compile(r"\b(lookup|enrich)\b", re.IGNORECASE)


def compiled(plan: Pipeline) -> CompiledQuery:
    """The pipeline of a plan, ready to run over the tables that it joins as they are now; the first time in a process,
    and when such a table changed, it costs some tens of milliseconds.

    Raises: LanguageError when this version no longer accepts the query, or a table is gone.
    """
    return _joining.compiled(plan) if tables_named(plan.text) else _compiled(plan)


@lru_cache(maxsize=512)
def _compiled(plan: Pipeline) -> CompiledQuery:
    return _made(plan, {})


def _made(plan: Pipeline, tables: Mapping[str, JoinedTable]) -> CompiledQuery:
    multivalue = Multivalue.ANY if plan.any_match else Multivalue.STRICT
    return compile_query(parse_esql(plan.text), multivalue=multivalue, tables=tables)


class _Joining:
    """The pipelines that join tables, each as it was compiled last: what joined a table that is past is let go."""

    def __init__(self) -> None:
        self._made: OrderedDict[Pipeline, tuple[dict[str, JoinedTable], CompiledQuery]] = OrderedDict()

    def compiled(self, plan: Pipeline) -> CompiledQuery:
        tables = tables_for(_parsed(plan.text))
        known = self._made.get(plan)
        if known is not None and known[0] == tables:  # the same tables: they are compared by identity
            return known[1]
        self._made[plan] = tables, _made(plan, tables)
        while len(self._made) > _MOST_JOINING:
            self._made.popitem(last=False)
        return self._made[plan][1]


_MOST_JOINING = 128
_joining = _Joining()


def multivalue_of(definition: "RuleDefinition") -> Multivalue:
    """What the rule makes of fields with several values: its key `multivalue`, strict where it has none."""
    return Multivalue.ANY if definition.raw.get("multivalue") == Multivalue.ANY else Multivalue.STRICT


def check_multivalue(rule: "Table") -> None:
    """Raises: RuleFileError for a `multivalue` that is neither of the two."""
    rule.choice("multivalue", tuple(Multivalue), Multivalue.STRICT)


def reason_of(definition: "RuleDefinition") -> str | None:
    """Why the rule's pipeline cannot run although nothing is wrong with it: it asks a model, or joins what is not
    here."""
    missing = next((name for name in tables_named(definition.query) if table_called(name) is None), None)
    return f"{NEEDS_TABLE} “{missing[:80]}”, and there is none here" if missing else _needs_model(definition)


def _needs_model(definition: "RuleDefinition") -> str | None:
    if "completion" not in definition.query.lower():
        return None
    try:
        compile_esql(definition)
    except NeedsModel:
        return NEEDS_MODEL
    except EngineError:
        return None  # the compiler says it again, with the place
    return None


ESQL = RuleType("esql", "ES|QL", {"esql": None}, compile_esql, reason_of=reason_of)
