"""How much one settling may raise, so that it never holds the rules for long; the rest is raised by the next, at once.

What is joined first is what its newest event came first of. All of the events up to there are joined then, the later
ones are new to the next settling too, so that every match is looked at once, alert or not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.joining import Order

MOST_MATCHES = 250
MOST_MEMBERS = 1_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Chosen(Generic[_T]):
    """What there is room for. Where something is left, `cut` is the place of the last event that is joined with it;
    None when none is."""

    items: list[_T]
    some_left: bool = False
    cut: Order | None = None


@dataclass(slots=True)
class Room:
    """The room that is left in a settling."""

    matches: int = MOST_MATCHES
    members: int = MOST_MEMBERS

    def choose(self, found: Iterable[_T], *, newest: Callable[[_T], Order], size: Callable[[_T], int]) -> Chosen[_T]:
        """What there is room for, by the place of its newest event; what has the same one stays together."""
        chosen: list[_T] = []
        cut: Order | None = None
        matches, members = self.matches, self.members
        for one in sorted(found, key=newest):
            if min(matches, members) <= 0 and newest(one) != cut:
                return Chosen(chosen, some_left=True, cut=cut)
            chosen.append(one)
            cut = newest(one)
            matches, members = matches - 1, members - size(one)
        return Chosen(chosen)

    def take(self, matches: int, members: int) -> None:
        """Use some of it up."""
        self.matches -= matches
        self.members -= members
