"""STATS and INLINE STATS: expressions of aggregates, which are gathered first and worked out of the groups then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.languages.esql.nodes import Aggregate, Assignment, Call, Expression, Literal, Name, Node, Stats
from engine.languages.esql.walking import walk
from engine.pipelines.aggregates import AGGREGATES, AggregateFunction
from engine.pipelines.commands.rows import Compute
from engine.pipelines.commands.stats import Annotate, Gathered, Group, Key
from engine.pipelines.compiling.state import Compiling
from engine.pipelines.computed import Computed, slot
from engine.pipelines.expressions import Expressions
from engine.pipelines.operands import Absent
from engine.pipelines.scope import Named
from engine.pipelines.types import Type, Value

_AFTER_STATS = "After STATS there are its own columns only."
_WITHOUT_GROUPS = (Type.GEO_POINT, Type.DATE_PERIOD, Type.TIME_DURATION)


def stats(state: Compiling, command: Stats) -> None:
    """Aggregates of groups; inline they become columns of every row."""
    gathering = _Gathering(state, _keys(state, command.by))
    columns = [gathering.column(aggregate) for aggregate in command.aggregates]
    keys = tuple(Key(named.slot, computed) for named, computed, _ in gathering.keys)
    groups = [named for named, _, _ in gathering.keys]
    if command.inline:
        state.steps.append(Annotate(keys, tuple(gathering.gathered)))
        state.scope.add(*columns, *groups)
    else:
        state.steps.append(Group(keys, tuple(gathering.gathered)))
        state.scope.close([*columns, *groups], _AFTER_STATS)
        state.aggregating = True
        state.by = tuple({named.name: named for named in groups}.values())
    state.steps.extend(gathering.later)


def _keys(state: Compiling, by: Sequence[Assignment]) -> "list[tuple[Named, Computed, Expression]]":
    """The expressions of BY, each with the column that it becomes."""
    keys = []
    for assignment in by:
        made = state.expressions().of(assignment.expression)
        if made.type in _WITHOUT_GROUPS:
            state.refuse(assignment.expression, f"rows cannot be grouped by {made.type.value}")
        named = Named(assignment.name, state.fresh(assignment.name), made.type)
        keys.append((named, made, assignment.expression))
    return keys


@dataclass(slots=True)
class _Gathering:
    """The aggregates of one STATS, each gathered once however often it is written."""

    state: Compiling
    keys: list[tuple[Named, Computed, Expression]]
    gathered: list[Gathered] = field(default_factory=list)
    later: list[Compute] = field(default_factory=list)
    _known: dict[tuple[str, str | None], Computed] = field(default_factory=dict)

    def column(self, aggregate: Aggregate) -> Named:
        """The column that an aggregate, or an expression of some, becomes."""
        if not any(True for _ in aggregates_in(aggregate.expression)):
            self.state.refuse(aggregate.expression, "STATS takes aggregates such as COUNT(*)", _hint_of(aggregate))
        made = self._of_groups(aggregate).of(aggregate.expression)
        if isinstance(aggregate.expression, Call) and aggregate.expression.name in AGGREGATES:
            return Named(aggregate.name, next(iter(made.reads)), made.type)
        named = Named(aggregate.name, self.state.fresh(aggregate.name), made.type)
        self.later.append(Compute(named.slot, made))
        return named

    def _of_groups(self, aggregate: Aggregate) -> Expressions:
        """Makes expressions ready whose rows are groups."""

        def instead(node: Expression) -> Computed | None:
            for named, _, written in self.keys:
                if node == written and not isinstance(node, Literal):
                    return slot(named.slot, named.type)
            if isinstance(node, Call) and node.name in AGGREGATES:
                return self._gathered(node, aggregate.where)
            return None

        return Expressions(self.state.text, self.state.multivalue, self._group, instead)

    def _group(self, node: Name) -> Computed:
        found = next((named for named, _, _ in self.keys if named.name == node.name), None)
        if found is None:
            self.state.column(node)
            self.state.refuse(node, f"[{node.name[:120]}] must stand in BY or inside an aggregate")
        return slot(found.slot, found.type)

    def _gathered(self, node: Call, where: Expression | None) -> Computed:
        key = (self._written(node), None if where is None else self._written(where))
        if key not in self._known:
            self._known[key] = self._gather(node, where)
        return self._known[key]

    def _written(self, node: Node) -> str:
        return self.state.text[node.place.start : node.place.end]

    def _gather(self, node: Call, where: Expression | None) -> Computed:
        function = AGGREGATES[node.name]
        rows = self.state.expressions()
        inner = next((call for argument in node.arguments for call in aggregates_in(argument)), None)
        if inner is not None:
            self.state.refuse(inner, "an aggregate cannot stand in another")
        if node.options:
            self.state.refuse(node, f"{node.name}() takes no options")
        parts = [rows.of(argument) for argument in node.arguments]
        self._check(node, function, parts)
        types = [part.type for part in parts]
        constants = self._constants(node, function, parts)
        kind = rows.checked(node, node.arguments, lambda: function.result(types))
        rows.checked(node, node.arguments, lambda: function.start(types, constants))
        condition = None if where is None else self.state.expressions(choosing=True).condition(where)
        gathered = Gathered(
            self.state.fresh(node.name),
            lambda: function.start(types, constants),
            tuple(parts[: function.columns]),
            condition,
        )
        self.gathered.append(gathered)
        return slot(gathered.slot, kind)

    def _check(self, node: Call, function: AggregateFunction, parts: Sequence[Computed]) -> None:
        if node.star and node.name != "count":
            self.state.refuse(node, f"{node.name}() takes no `*`")
        if not node.star and not function.least <= len(parts) <= function.most:
            least, most = function.least, function.most
            takes = f"{least}" if least == most else f"{least} to {most}"
            self.state.refuse(node, f"{node.name}() takes {takes} arguments, and is given {len(parts)}")

    def _constants(self, node: Call, function: AggregateFunction, parts: Sequence[Computed]) -> tuple[Value, ...]:
        constants: list[Value] = []
        for part, argument in zip(parts[function.columns :], node.arguments[function.columns :], strict=True):
            value = part.operand.constant
            if isinstance(value, Absent):
                self.state.refuse(argument, f"{node.name}() takes a constant here")
            constants.append(value)
        return tuple(constants)


def aggregates_in(expression: Expression) -> Iterator[Call]:
    """The calls of aggregates in an expression, those inside others included."""
    return (node for node in walk(expression) if isinstance(node, Call) and node.name in AGGREGATES)


def _hint_of(aggregate: Aggregate) -> str | None:
    return "To group by a column, write it after BY." if isinstance(aggregate.expression, Name) else None
