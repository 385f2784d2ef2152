"""From expressions to what their groups stand on.

A rule set changes by a rule or two at a time, so what the matcher before worked out is taken over where it still
holds: the alternatives of a tree that is the very same object, and the numbered questions of a field with their
machines, which cost most. Nothing is shared that changes, so matchers stay independent of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from engine.matcher.alternatives import Alternative, alternatives_of
from engine.matcher.bounds import Bounds
from engine.matcher.decode import Shape
from engine.matcher.forms import Former
from engine.matcher.groups import Ground
from engine.matcher.questions import FieldQuestions
from engine.matcher.reading import Reading
from engine.matcher.room import Room
from engine.matcher.rules import Expression
from engine.matcher.store import AlternativeStore
from engine.tree import Tree

_WORTH_KEEPING = 20  # expressions; smaller sets are made anew in no time
_MOST_STALE = 2  # times as many questions as when all were new, of rules that are gone


@dataclass(eq=False)
class Made:
    """What was worked out for a set of expressions."""

    reading: Reading
    bounds: Bounds
    questions: dict[str, FieldQuestions]
    alternatives: dict[int, tuple[Tree, list[Alternative]]]
    """By the identity of the tree, which is kept, so that the identity stays its own."""
    fresh: int
    """How many questions there were when none was taken over."""

    def serves(self, reading: Reading, bounds: Bounds) -> bool:
        """Whether its alternatives hold for expressions of which this is read."""
        stale = sum(map(len, self.questions.values())) > _MOST_STALE * self.fresh
        return not stale and bounds == self.bounds and reading.unread == self.reading.unread


_latest: WeakValueDictionary[str, Made] = WeakValueDictionary()


def made_of(expressions: Sequence[Expression], bounds: Bounds) -> tuple[Ground, Made]:
    """Number the questions and alternatives of all expressions and make the structs for their fields. Whoever keeps
    the second lets the next rule set profit by it."""
    reading = Reading.of(expressions)
    before = _latest.get("made") if len(expressions) >= _WORTH_KEEPING else None
    if before is not None and not before.serves(reading, bounds):
        before = None
    room = Room(bounds.memory)
    questions = _questions(reading, bounds, room, before)
    known = _alternatives(expressions, questions, bounds, before)
    fresh = before.fresh if before is not None else sum(map(len, questions.values()))
    made = Made(reading, bounds, questions, known, fresh)
    if len(expressions) >= _WORTH_KEEPING:
        _latest["made"] = made
    store = AlternativeStore([known[id(one.tree)][1] for one in expressions])
    shape = Shape(reading.fields, reading.presences)
    return Ground(store, questions, shape, [one.key for one in expressions], bounds, room), made


def _questions(reading: Reading, bounds: Bounds, room: Room, before: Made | None) -> dict[str, FieldQuestions]:
    there = before.questions if before is not None else {}
    return {
        name: there[name].copy(bounds, room) if name in there else FieldQuestions(name, bounds, room)
        for name in (*reading.fields, *reading.presences)
    }


def _alternatives(
    expressions: Sequence[Expression], questions: dict[str, FieldQuestions], bounds: Bounds, before: Made | None
) -> dict[int, tuple[Tree, list[Alternative]]]:
    there = before.alternatives if before is not None else {}
    former = Former(questions)
    found: dict[int, tuple[Tree, list[Alternative]]] = {}
    for one in expressions:
        known = there.get(id(one.tree))
        if known is None:
            known = one.tree, alternatives_of(former.form(one.tree), bounds.alternatives)
        found[id(one.tree)] = known
    return found
