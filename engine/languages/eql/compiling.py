"""Queries of EQL as trees and plans."""

import re
from dataclasses import dataclass, field

from engine.errors import LanguageError
from engine.formulas import calls_of, formula_fields
from engine.languages.eql.conditions import ConditionCompiler
from engine.languages.eql.nodes import EventFilter, PipeShape, SampleShape, SequenceShape, Term
from engine.languages.eql.nodes import Field as KeyField
from engine.languages.eql.queries import QueryReader
from engine.plan import JoinKey, Sample, Sequence, Step, steps_tree
from engine.tree import Constant, Leaf, Op, Tree, all_of, depth_of, formulas_of

MAX_LENGTH = 200_000
MAX_TREE_DEPTH = 100
# Formulas are worked out for the values of arrays one by one, those that relate fields for all pairs of values.
MAX_CALLS = 100
MAX_RELATING = 8
_HALF = re.compile("[\ud800-\udfff]")
_MOST_HEAD = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Pipe:
    """`| head n` or `| tail n`: the first or last of what a query finds. `start` and `width` say where it stands."""

    name: str
    count: int
    start: int = field(default=0, compare=False)
    width: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class EqlQuery:
    """A query, compiled: the tree lets in every event that may take part; the plan joins them, if there is one.

    Events are ordered by the timestamp field, then by the tiebreaker field where one is named.
    """

    tree: Tree
    plan: Sequence | Sample | None
    pipes: tuple[Pipe, ...]
    timestamp_field: str = "@timestamp"
    tiebreaker_field: str | None = None


def parse_eql(
    text: str,
    *,
    category_field: str = "event.category",
    timestamp_field: str = "@timestamp",
    tiebreaker_field: str | None = None,
) -> EqlQuery:
    """The tree and plan of a query. Costs some ten microseconds a word.

    Raises: LanguageError with the place, also for a query that is too long or nested too deeply.
    """
    if len(text) > MAX_LENGTH:
        raise LanguageError(f"a query may have at most {MAX_LENGTH:,} characters", 1, 1)
    if half := _HALF.search(text):
        raise LanguageError.at(text, half.start(), 1, "this is half a character (a lone surrogate)", "Take it out.")
    shape = QueryReader(text).query()
    compiler = _QueryCompiler(text, category_field)
    pipes = tuple(map(compiler.pipe, shape.pipes))
    match shape.body:
        case SequenceShape():
            sequence = compiler.sequence(shape.body)
            steps = (*sequence.steps, *([sequence.until] if sequence.until else []))
            return EqlQuery(steps_tree(steps), sequence, pipes, timestamp_field, tiebreaker_field)
        case SampleShape():
            sample = compiler.sample(shape.body)
            return EqlQuery(steps_tree(sample.steps), sample, pipes, timestamp_field, tiebreaker_field)
        case EventFilter():
            return EqlQuery(compiler.event(shape.body), None, pipes, timestamp_field, tiebreaker_field)


class _QueryCompiler(ConditionCompiler):
    """Compiles the parts of one query; the category of an event stands in `category_field`."""

    def __init__(self, source: str, category_field: str) -> None:
        super().__init__(source)
        self.category_field = category_field
        self.calls = self.relating = 0

    def event(self, shape: EventFilter) -> Tree:
        condition = self.condition(shape.condition)
        if depth_of(condition) > MAX_TREE_DEPTH:
            raise self.error(shape.condition.place, f"more than {MAX_TREE_DEPTH} levels of conditions in one another")
        self._count_formulas(shape, condition)
        if shape.category is None:
            return condition
        return all_of(Leaf(self.category_field, Op.IS, (shape.category,)), condition)

    def _count_formulas(self, shape: EventFilter, condition: Tree) -> None:
        """What the formulas of all the query's events may cost together."""
        formulas = list(formulas_of(condition))
        self.calls += sum(calls_of(formula.call) for formula in formulas)
        self.relating += sum(len(formula_fields(formula)) > 1 for formula in formulas)
        if self.relating > MAX_RELATING:
            message = f"more than {MAX_RELATING} conditions of the query relate fields to each other"
            raise self.error(shape.condition.place, message)
        if self.calls > MAX_CALLS:
            raise self.error(shape.condition.place, f"the query works out more than {MAX_CALLS} functions and sums")

    def sequence(self, shape: SequenceShape) -> Sequence:
        steps = tuple(self._step(term, shape.by) for term in shape.terms)
        until = self._step(shape.until, shape.by) if shape.until else None
        return Sequence(steps, shape.maxspan, until)

    def sample(self, shape: SampleShape) -> Sample:
        return Sample(tuple(self._step(term, shape.by) for term in shape.terms))

    def _step(self, term: Term, shared: tuple[KeyField, ...]) -> Step:
        keys = tuple(JoinKey(key.name, key.optional) for key in (*shared, *term.by))
        return Step(self.event(term.event), keys, term.missing, term.runs)

    def pipe(self, shape: PipeShape) -> Pipe:
        operand = self.operand(shape.arguments[0])
        count = operand.value if isinstance(operand, Constant) else None
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= _MOST_HEAD:
            raise self.error(shape.arguments[0].place, f"`{shape.name}` needs a whole number that is not negative")
        return Pipe(shape.name, count, shape.place.start, shape.place.width)
