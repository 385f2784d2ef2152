"""What a matcher is asked and what it answers."""

from dataclasses import dataclass

from engine.tree import Tree


@dataclass(frozen=True, slots=True)
class Expression:
    """A tree to be judged under a name of the caller's. Without index patterns it reads every index."""

    key: str
    tree: Tree
    indices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """The expression `key` is true of the event in row `row` of the batch."""

    key: str
    row: int
