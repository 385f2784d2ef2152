"""Which columns a rule's query makes: an exception that names one of them is asked of rows, any other of events."""

from engine import EngineError
from engine.plan import Pipeline
from rules.models import Rule
from rules.pipelines import asked_of
from rules.trees import TreeUnusable, definition_of, load_logic


def made_by_rule(rule: Rule) -> frozenset[str]:
    """The columns that the rule's current query makes, or makes rows of; none for a rule without a pipeline. One or two
    queries for one that has one."""
    if rule.type != "esql" or rule.revision is None:
        return frozenset()
    try:
        plan = load_logic(definition_of(rule.revision), rule.revision).plan
        return asked_of(plan).of_rows if isinstance(plan, Pipeline) else frozenset()
    except (TreeUnusable, EngineError):
        return frozenset()
