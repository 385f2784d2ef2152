"""How the cost of judging grows: with the rules, with their literals, with one rule's values, with the events."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bench.engine.alone import resident_mib
from bench.engine.copies import changed_literal
from bench.engine.judging import judge, load
from bench.engine.rules import StoredRule, expressions_of
from bench.engine.sources import Source, batches
from engine import Expression, field_type, tree_to_json
from engine.fields import FieldType
from engine.tree import And, Leaf, Nested, Not, Op, Or, Tree, leaves_of

_BATCH = 1_000
_TEXTUAL = frozenset({FieldType.KEYWORD, FieldType.WILDCARD, FieldType.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Point:
    """What judging cost with so many expressions and literals, and what loading them took."""

    expressions: int
    literals: int
    fresh_microseconds: float
    warm_microseconds: float
    load_cpu_seconds: float
    mib: float


def point(stored: Path, source: Source, warm_up: int, count: int) -> Point:
    """One point of a curve, to be taken in a process of its own."""
    made = load(stored, source)
    judge(made.matcher, batches(source.rows(0, warm_up), _BATCH))
    fresh = judge(made.matcher, batches(source.rows(warm_up, count), _BATCH))
    warm = judge(made.matcher, batches(source.rows(warm_up, count), _BATCH))
    return Point(
        len(made.expressions),
        literals([expression.tree for expression in made.expressions]),
        fresh.microseconds,
        warm.microseconds,
        round(made.cpu_seconds, 2),
        resident_mib(),
    )


def stretches(stored: Path, source: Source, ends: Sequence[int]) -> list[tuple[int, float]]:
    """The cost of an event in each stretch of a long run: up to which event, and microseconds there."""
    made = load(stored, source)
    found, start = [], 0
    for end in ends:
        cost = judge(made.matcher, batches(source.rows(start, end - start), _BATCH))
        found.append((end, cost.microseconds))
        start = end
    return found


def literals(trees: Sequence[Tree]) -> int:
    """How many values the leaves of the trees hold."""
    return sum(len(leaf.values) for tree in trees for leaf in leaves_of(tree))


def write_trees(expressions: Sequence[Expression], path: Path) -> Path:
    """Expressions as a file that `expressions_of` reads back, one rule each."""
    rows = [[one.key.replace("#", "/"), tree_to_json(one.tree), one.indices] for one in expressions]
    path.write_bytes(orjson.dumps(rows))
    return path


def grown(expressions: Sequence[Expression], wanted: int) -> list[Expression]:
    """The same rules with changed literals added to every leaf of text values, about `wanted` literals in all."""
    growing = sum(len(leaf.values) for one in expressions for leaf in leaves_of(one.tree) if _grows(leaf))
    others = literals([one.tree for one in expressions]) - growing
    times = max(1, round((wanted - others) / max(1, growing)))
    return [replace(one, tree=_changed(one.tree, lambda leaf: _more(leaf, times))) for one in expressions]


def _grows(leaf: Leaf) -> bool:
    return leaf.op in {Op.IS, Op.WILDCARD} and not leaf.wild_field and field_type(leaf.field) in _TEXTUAL


def _more(leaf: Leaf, times: int) -> Leaf:
    if not _grows(leaf):
        return leaf
    values = [changed_literal(str(value), number) for number in range(1, times) for value in leaf.values]
    return replace(leaf, values=tuple(dict.fromkeys([*leaf.values, *values])))


def _changed(tree: Tree, change: Callable[[Leaf], Leaf]) -> Tree:
    match tree:
        case And(children):
            return And(tuple(_changed(child, change) for child in children))
        case Or(children):
            return Or(tuple(_changed(child, change) for child in children))
        case Not(child):
            return Not(_changed(child, change))
        case Nested(path, child):
            return Nested(path, _changed(child, change))
        case Leaf():
            return change(tree)
    return tree


def with_a_long_list(stored: Path, folder: Path, values: int) -> Iterator[tuple[str, Path]]:
    """The stored rules with one more, that has so many values: as exact names, as patterns, as addresses."""
    before = expressions_of(stored.read_bytes())
    numbers = range(values)
    lists = {
        "exact names": Leaf("process.name", Op.IS, tuple(f"tool-{number}.exe" for number in numbers)),
        "patterns": Leaf("process.command_line", Op.WILDCARD, tuple(f"*--tool-{number} *" for number in numbers), True),
        "addresses": Leaf(
            "destination.ip", Op.IS, tuple(f"198.{18 + number // 65_536}.{number // 256 % 256}.{number % 256}"
                                           for number in numbers),
        ),
    }  # fmt: skip
    for number, (name, leaf) in enumerate(lists.items()):
        yield name, write_trees([*before, Expression("long", leaf)], folder / f"long-{number}.json")


def first_rules(rules: Sequence[StoredRule], counts: Sequence[int]) -> Iterator[tuple[int, list[StoredRule]]]:
    """So many of the rules, taken evenly from all of them, for each count that there is."""
    for count in counts:
        if count <= len(rules):
            step = len(rules) / count
            yield count, [rules[int(number * step)] for number in range(count)]
