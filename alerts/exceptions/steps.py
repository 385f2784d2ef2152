"""Conditions counted one after the other, those inside a nested one, too: each step asks all that was asked before it.

An element that meets every condition inside a nested one meets the first few of them, so a nested condition is judged
as a row of steps, each with one part more, without a word changed about what it covers in the end.
"""

from collections.abc import Sequence
from itertools import accumulate

from alerts.exceptions.entries import Entries
from alerts.exceptions.groups import Groups
from engine import Tree
from engine.tree import And, Nested, all_of, children_of
from rules.models import Rule

Steps = Sequence[Sequence[Tree]]
"""The steps of each entry of a group: one, or one for each part of a nested entry."""


def steps_of(entries: Entries, trees: Sequence[Tree], rules: Sequence[Rule]) -> list[list[Tree]]:
    """The steps of a group's entries. With rules whose query makes columns a nested condition stays one step: whether
    an entry is asked of the row or of its events hangs on all the fields that it names."""
    if any(rule.type == "esql" for rule in rules):
        return [[tree] for tree in trees]
    return [_steps(len(entry.get("entries") or ()), tree) for entry, tree in zip(entries, trees, strict=True)]


def _steps(number: int, tree: Tree) -> list[Tree]:
    if not isinstance(tree, Nested) or not isinstance(tree.child, And):
        return [tree]
    parts = list(children_of(tree.child))
    if len(parts) != number:  # parts that say the same, or nothing, were put together: which is whose is not known
        return [tree]
    return [Nested(tree.path, all_of(*parts[: at + 1])) for at in range(number)]


def flat(steps: Sequence[Steps]) -> Groups:
    """What is held against alerts."""
    return [[step for one in group for step in one] for group in steps]


def ends(steps: Steps) -> list[int]:
    """How many steps are done with each entry, from the first on."""
    return list(accumulate(len(one) for one in steps))
