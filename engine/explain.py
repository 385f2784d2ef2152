"""Why a tree is true of an event, or why not: each clause with the value that met it.

`explain` answers with a tree of the same shape as the rule's; `Explanation.clauses` makes of it the rows of a page:
what was asked, what the event had. Of alternatives only those that held are shown, exclusions as
"checked, none applied". It asks the same leaves as matching does (engine/leaves.py), so it cannot disagree.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.document import Document
from engine.formulas import choices, deciding, formula_fields
from engine.leaves import fields_like, holds, met_by
from engine.tree import And, Formula, Leaf, MatchAll, MatchNone, Nested, Not, Op, Or, Scalar, Tree, fields_of, text_of
from engine.wording import asked, field_in_words, in_words, shortened

_T = TypeVar("_T", bound=Hashable)
_MOST_FOUND = 20
_LONGEST_FOUND = 4_000
_LONGEST_ASKED = 2_000

COMMON_FIELDS = frozenset(
    {
        "event.category",
        "event.type",
        "event.kind",
        "event.module",
        "event.dataset",
        "event.outcome",
        "data_stream.dataset",
        "data_stream.type",
        "data_stream.namespace",
        "host.os.type",
        "host.os.family",
    }
)
"""Fields that nearly every rule asks for; a clause about them says little about why this event stood out."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A row of the page: what the rule asked of a field and what the event had there.

    A negated clause that held is an exclusion that did not apply. `branch` names the alternative it belongs to.
    """

    field: str
    asked: str
    found: tuple[str, ...]
    held: bool
    negated: bool
    discriminating: bool
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One node of the rule's tree, judged.

    `found` are the values that met a leaf or, where it failed, that were there; `where` has the field of each. Of a
    formula they are the one choice of values that decided.
    """

    held: bool
    kind: str
    tree: Tree
    field: str | None = None
    op: Op | None = None
    values: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    children: "tuple[Explanation, ...]" = ()

    @property
    def clause(self) -> str:
        """What this node asks, in words."""
        return in_words(self.tree)

    def clauses(self) -> list[Clause]:
        """The explanation as rows, clauses that tell events apart first, each kind in the order of the rule."""
        return sorted(_rows(self, negated=False, branch=None), key=lambda row: not row.discriminating)


def explain(tree: Tree, document: Document) -> Explanation:
    """Judge every node of the tree. Costs as much as the plain interpreter without its short cuts."""
    match tree:
        case And(children):
            judged = tuple(explain(child, document) for child in children)
            return _joined(tree, "and", all(child.held for child in judged), judged)
        case Or(children):
            judged = tuple(explain(child, document) for child in children)
            return _joined(tree, "or", any(child.held for child in judged), judged)
        case Not(child):
            inner = explain(child, document)
            return _joined(tree, "not", not inner.held, (inner,))
        case Nested():
            return _nested(tree, document)
        case Leaf():
            return _leaf(tree, document)
        case Formula():
            return _formula(tree, document)
        case MatchAll():
            return Explanation(True, "all", tree)
        case MatchNone():
            return Explanation(False, "none", tree)


def _joined(tree: Tree, kind: str, held: bool, children: tuple[Explanation, ...]) -> Explanation:
    return Explanation(held, kind, tree, children=children)


def _nested(tree: Nested, document: Document) -> Explanation:
    """Explained on the first element that satisfies the child, else on the first there is."""
    first: Explanation | None = None
    for element in document.elements(tree.path):
        inner = explain(tree.child, element)
        if inner.held:
            return Explanation(True, "nested", tree, tree.path, children=(inner,))
        first = first or inner
    inner = first or explain(tree.child, Document({}, part_of=document))
    return Explanation(False, "nested", tree, tree.path, children=(inner,))


def _leaf(leaf: Leaf, document: Document) -> Explanation:
    held = holds(leaf, document)
    pairs = _first_pairs(met_by(leaf, document) if held else _present(leaf, document))
    values = tuple(map(text_of, leaf.values))
    found, where = tuple(value for _, value in pairs), tuple(field for field, _ in pairs)
    return Explanation(held, "leaf", leaf, leaf.field, leaf.op, values, found, where)


def _formula(formula: Formula, document: Document) -> Explanation:
    """With the first choice of values that made it true, else the first that was tried."""
    fields = formula_fields(formula)
    choice = next(deciding(formula, document), None)
    tried = choice if choice is not None else next(choices(formula, document))
    pairs = [
        (field, shortened(text_of(value), _LONGEST_FOUND))
        for field, value in zip(fields, tried, strict=True)
        if value is not None
    ]
    found, where = tuple(value for _, value in pairs), tuple(field for field, _ in pairs)
    return Explanation(choice is not None, "formula", formula, ", ".join(fields), found=found, where=where)


def _present(leaf: Leaf, document: Document) -> Iterator[tuple[str, Scalar]]:
    """What the event has where the leaf asked; nothing when it asked everywhere."""
    names = fields_like(leaf.field, document) if leaf.wild_field else [leaf.field]
    return ((name, value) for name in names if leaf.field != "*" for value in document.values(name))


def _first_pairs(pairs: Iterator[tuple[str, Scalar]]) -> list[tuple[str, str]]:
    """The first values with their fields, without repetition; long ones cut."""
    return list(_first((field, shortened(text_of(value), _LONGEST_FOUND)) for field, value in pairs))


def _first(things: Iterable[_T]) -> Iterator[_T]:
    seen: set[_T] = set()
    for thing in things:
        if thing not in seen:
            seen.add(thing)
            yield thing
        if len(seen) == _MOST_FOUND:
            return


def _rows(node: Explanation, negated: bool, branch: str | None) -> Iterator[Clause]:
    match node.kind:
        case "not":
            yield from _rows(node.children[0], not negated, branch)
        case "leaf":
            yield from _leaf_rows([node], negated, branch)
        case "formula":
            yield _formula_row(node, negated, branch)
        case "nested":
            yield _compound(node, negated, branch)
        case "and" if negated:
            yield _compound(node, negated, branch)
        case "or" if not negated:
            yield from _alternatives(node, branch)
        case "and" | "or":
            yield from _all_rows(node.children, negated, branch)
        case _ if node.held is negated:
            yield Clause("", shortened(node.clause, _LONGEST_ASKED), (), False, negated, True, branch)


def _all_rows(nodes: Sequence[Explanation], negated: bool, branch: str | None) -> Iterator[Clause]:
    """Rows of conditions that must all be met; neighbours that exclude values of the same field share a row."""
    for group in _by_field(nodes) if negated else [[node] for node in nodes]:
        if all(node.kind == "leaf" for node in group):
            yield from _leaf_rows(group, negated, branch)
        else:
            for node in group:
                yield from _rows(node, negated, branch)


def _by_field(nodes: Sequence[Explanation]) -> list[list[Explanation]]:
    groups: list[list[Explanation]] = []
    for node in nodes:
        previous = groups[-1][-1] if groups else None
        if previous and node.kind == previous.kind == "leaf" and node.field == previous.field:
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _alternatives(node: Explanation, branch: str | None) -> Iterator[Clause]:
    """The alternatives that held, or all when none did. Several questions about one field are one row."""
    groups = _by_field(node.children)
    if len(groups) == 1 and groups[0][0].kind == "leaf":
        yield from _leaf_rows(node.children, False, branch)
        return
    held = [child for child in node.children if child.held]
    for number, child in enumerate(node.children, 1):
        if child.held or not held:
            label = f"alternative {number} of {len(node.children)}"
            yield from _rows(child, False, f"{branch}, {label}" if branch else label)


def _leaf_rows(leaves: Sequence[Explanation], negated: bool, branch: str | None) -> Iterator[Clause]:
    """One row for the leaves of one field: any of them (or, negated, none of them). A question that was asked of
    many fields has a row for each field that met it."""
    questions = [leaf.tree for leaf in leaves if isinstance(leaf.tree, Leaf)]
    met = any(leaf.held for leaf in leaves)
    told = (" and " if negated else " or ").join(asked(question, negated) for question in questions)
    pairs = list(
        _first(pair for leaf in leaves if leaf.held or not met for pair in zip(leaf.where, leaf.found, strict=True))
    )
    discriminating = questions[0].field not in COMMON_FIELDS
    if not (met and questions[0].wild_field and pairs):
        found = tuple(_first(value for _, value in pairs))
        yield Clause(field_in_words(questions[0]), told, found, met is not negated, negated, discriminating, branch)
        return
    for field in dict.fromkeys(field for field, _ in pairs):
        found = tuple(value for name, value in pairs if name == field)
        yield Clause(
            field, f"{told} (asked of {field_in_words(questions[0])})", found, not negated, negated, True, branch
        )


def _formula_row(node: Explanation, negated: bool, branch: str | None) -> Clause:
    """One row for a formula; where it relates several fields, each value is told with its field."""
    told = shortened(node.clause, _LONGEST_ASKED)
    several = len(fields_of(node.tree)) > 1
    return Clause(
        field=node.field or "",
        asked=f"not ({told})" if negated else told,
        found=tuple(_values_under(node)) if several else node.found,
        held=node.held is not negated,
        negated=negated,
        discriminating=True,
        branch=branch,
    )


def _compound(node: Explanation, negated: bool, branch: str | None) -> Clause:
    """One row for a condition over several fields that cannot be told apart: an excluded combination, or `nested`."""
    fields = sorted(fields_of(node.tree))
    told = shortened(node.clause, _LONGEST_ASKED)
    return Clause(
        field=node.field or ", ".join(fields),
        asked=f"not ({told})" if negated else told,
        found=tuple(_first(_values_under(node))),
        held=node.held is not negated,
        negated=negated,
        discriminating=not COMMON_FIELDS.issuperset(fields),
        branch=branch,
    )


def _values_under(node: Explanation) -> Iterator[str]:
    if node.kind in ("leaf", "formula"):
        yield from (f"{field}: {value}" for field, value in zip(node.where, node.found, strict=True))
    for child in node.children:
        yield from _values_under(child)
