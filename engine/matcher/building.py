"""From expressions to what their groups stand on."""

from collections.abc import Sequence

from engine.matcher.alternatives import alternatives_of
from engine.matcher.bounds import Bounds
from engine.matcher.decode import Shape
from engine.matcher.forms import Former
from engine.matcher.groups import Ground
from engine.matcher.questions import FieldQuestions
from engine.matcher.reading import Reading
from engine.matcher.room import Room
from engine.matcher.rules import Expression
from engine.matcher.store import AlternativeStore


def ground_of(expressions: Sequence[Expression], bounds: Bounds) -> Ground:
    """Number the questions and alternatives of all expressions and make the structs for their fields."""
    reading = Reading.of(expressions)
    room = Room(bounds.memory)
    questions = {name: FieldQuestions(name, bounds, room) for name in (*reading.fields, *reading.presences)}
    former = Former(questions)
    alternatives = [alternatives_of(former.form(one.tree), bounds.alternatives) for one in expressions]
    keys = [one.key for one in expressions]
    shape = Shape(reading.fields, reading.presences)
    return Ground(AlternativeStore(alternatives), questions, shape, keys, bounds, room)
