"""What is known while a query is compiled, command by command."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.languages.esql.nodes import Call, Expression, Match, Name, NamePattern, Node
from engine.pipelines.completion import Provider
from engine.pipelines.computed import Computed, slot
from engine.pipelines.expressions import Expressions
from engine.pipelines.fulltext import fulltext_tree, is_fulltext, on_fields
from engine.pipelines.page import HIDDEN
from engine.pipelines.refusing import Refusing
from engine.pipelines.schema import METADATA
from engine.pipelines.scope import Named, Scope
from engine.pipelines.steps import Step
from engine.pipelines.tables import Table
from engine.pipelines.types import Multivalue, Type
from engine.tree import Tree

_MOST_COMPARISONS = 2_000_000


@dataclass(slots=True)
class Compiling(Refusing):
    """The steps so far, the columns that the next command sees, and what the query asks of events themselves."""

    text: str
    multivalue: Multivalue
    scope: Scope
    provider: Provider | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    hidden: dict[str, Tree] = field(default_factory=dict)
    by: tuple[Named, ...] = ()
    aggregating: bool = False
    anywhere: bool = False
    asks_model: Node | None = None
    limited: bool = False
    _asked: dict[Tree, str] = field(default_factory=dict)
    _slots: int = 0
    _spent: int = 0

    def fresh(self, name: str) -> str:
        """A slot that nothing else is in; no field is called so."""
        self._slots += 1
        return f"\0{self._slots} {name}"

    def expressions(self, *, choosing: bool = False) -> Expressions:
        """Makes expressions of the next command ready; only such as choose rows may ask the events themselves."""
        asking = self._full_text if choosing or self.anywhere else self._no_full_text
        return Expressions(self.text, self.multivalue, self.find, asking)

    def column(self, node: Name) -> Named:
        """The column that a name means.

        Raises: LanguageError with the nearest name as hint.
        """
        self.spend(node, sum(1 + len(rest.patterns) + len(rest.without) for rest in self.scope.rests))
        found = self.scope.find(node.name)
        if found is None or found.slot.startswith(HIDDEN):
            self.refuse(node, f"Unknown column [{node.name[:120]}]", self._hint(node.name))
        return found

    def find(self, node: Name) -> Computed:
        """The values of the column that a name means.

        Raises: LanguageError.
        """
        found = self.column(node)
        return slot(found.slot, found.type)

    def _hint(self, name: str) -> str | None:
        near = self.scope.nearest(name)
        if near:
            return f"Did you mean {near}?"
        if name in METADATA:
            return f"Add METADATA {name} to FROM."
        return self.scope.why_not or None

    def define(self, name: str, computed_type: Type) -> Named:
        """A new column at the end, in place of one of that name."""
        named = Named(name, self.fresh(name), computed_type)
        self.scope.add(named)
        return named

    def _full_text(self, node: Expression) -> Computed | None:
        if not isinstance(node, Match | Call) or not is_fulltext(node):
            return None
        if not self.scope.documents:
            self.refuse(node, f"{_asking(node)} asks the events themselves", self.scope.why_not)
        if self.limited and not self.anywhere:
            self.refuse(node, f"{_asking(node)} cannot be used after LIMIT", "Write its WHERE before LIMIT.")
        tree = fulltext_tree(self.text, on_fields(node, self._field) or node)
        name = self._asked.setdefault(tree, f"{HIDDEN}{len(self._asked) + 1}")
        self.hidden[name] = tree
        return slot(name, Type.BOOLEAN)

    def _no_full_text(self, node: Expression) -> None:
        if isinstance(node, Match | Call) and is_fulltext(node):
            self.refuse(node, f"{_asking(node)} can only be used in WHERE", "Also in the WHERE of an aggregate.")

    def _field(self, node: Name) -> str:
        found = self.column(node)
        if not found.asked:
            self.refuse(node, f"{node.name[:120]} is computed, and only fields of events can be asked for words")
        return found.slot

    def spend(self, node: Node, comparisons: int) -> None:
        """Count names that are compared with others, so that no query takes seconds to compile.

        Raises: LanguageError.
        """
        self._spent += comparisons
        if self._spent > _MOST_COMPARISONS:
            self.refuse(node, "the query has too many columns and patterns by here")


def _asking(node: Match | Call) -> str:
    return "`:`" if isinstance(node, Match) else f"{node.name}()"


def written(node: Name | NamePattern) -> str:
    """A column or pattern as messages call it."""
    return (node.name if isinstance(node, Name) else node.pattern)[:120]
