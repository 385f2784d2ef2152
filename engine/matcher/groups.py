"""Events whose signatures leave the same alternatives are a group, and are judged alike.

A group's first events are looked at field by field through tables that all groups share. When it has proved to come
often it gets its own: only its own alternatives, numbered anew, without what its signature has settled and without
the objects that its events lack, and a function written for it (generating.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from engine.matcher.bounds import Bounds
from engine.matcher.decode import Event, Shape
from engine.matcher.endings import Endings, Judge, Outcome, OutcomeShelf
from engine.matcher.forms import holds
from engine.matcher.generating import Look, generate, planned
from engine.matcher.masks import Masks
from engine.matcher.questions import FieldQuestions
from engine.matcher.reading import outer_names
from engine.matcher.rests import Asker, Source
from engine.matcher.room import Room
from engine.matcher.store import AlternativeStore, Numbered, bits_of, mask_of
from engine.matcher.turns import Turns


def _getter(shape: Shape, name: str) -> Callable[[Event], Any]:
    return partial(shape.present, name=name) if name in shape.presences else attrgetter(shape.place_of[name])


class Ground:
    """What all groups of a matcher stand on: alternatives, questions, structs, and the tables that they share."""

    def __init__(
        self,
        store: AlternativeStore,
        questions: dict[str, FieldQuestions],
        shape: Shape,
        keys: Sequence[str],
        bounds: Bounds,
        room: Room,
    ) -> None:
        self.store, self.questions, self.shape = store, questions, shape
        self.bounds, self.room, self.keys = bounds, room, keys
        self.conditions = [list(known.numbers) for known in store.fields]
        self.getters = [_getter(shape, known.name) for known in store.fields]
        self._asker = Asker(questions, {name: _getter(shape, name) for name in questions})
        self.masks: dict[int, Masks] = {}
        self._turns: dict[int, Turns] = {}
        self._true_of_absent: dict[int, list[bool]] = {}
        self.compiled = 0
        self.shelf = OutcomeShelf(keys, bounds.entries)
        self.all_endings = self._all_endings()
        """The endings of masks over all alternatives."""

    def masks_of(self, number: int) -> Masks:
        """The masks of a field among all alternatives."""
        if number not in self.masks:
            having = dict(enumerate(self.store.fields[number].masks))
            self.masks[number] = self._masks(number, having, self.store.full)
        return self.masks[number]

    def _masks(self, number: int, having: dict[int, int], full: int) -> Masks:
        questions = self.questions[self.store.fields[number].name]
        turns = self._turns.get(number)
        if turns is None:
            turns = self._turns[number] = Turns(self.conditions[number], questions.exists, self.room)
        return Masks(questions, turns, having, full, self.bounds, self.room)

    def own_masks_of(self, number: int, members: dict[int, list[int]], full: int) -> Masks:
        """The masks of a field among a group's own alternatives; `members` are those that have each condition."""
        return self._masks(number, {one: mask_of(bits) for one, bits in members.items()}, full)

    def true_of_absent(self, number: int) -> list[bool]:
        """For each condition on a field whether it is true of an event without it."""
        if number not in self._true_of_absent:
            leafset = self.questions[self.store.fields[number].name].absent
            self._true_of_absent[number] = [holds(condition, leafset) for condition in self.conditions[number]]
        return self._true_of_absent[number]

    def endings(self, alternatives: Sequence[Numbered], certain: frozenset[int]) -> Endings:
        """The endings of masks over some alternatives; `certain` are the expressions that are true in any case."""
        rests = [tuple(map(self._asker.ask, one.rest)) for one in alternatives]
        return Endings([one.owner for one in alternatives], rests, certain, self.shelf, self.room)

    def _all_endings(self) -> Endings:
        return self.endings(self.store.all, frozenset())

    def forget_groups(self) -> None:
        """Start anew, because all groups were forgotten."""
        self.room.forget()
        self.masks.clear()
        self.compiled = 0
        self.shelf = OutcomeShelf(self.keys, self.bounds.entries)
        self.all_endings = self._all_endings()


@dataclass(frozen=True, slots=True)
class _Own:
    """A group's own alternatives, and the expressions that are true of all its events."""

    alternatives: list[Numbered]
    certain: frozenset[int]


class Group:
    """Events of which the signature left the alternatives in `mask`; `known` are the numbers of its fields."""

    __slots__ = ("_events", "_ground", "_known", "_looks", "_mask", "_missed", "_objects", "_rounds", "judge")

    def __init__(self, ground: Ground, mask: int, known: frozenset[int]) -> None:
        self._ground, self._mask, self._known = ground, mask, known
        self._looks: list[tuple[Callable[[Event], Any], Masks, int]] | None = None
        self._events = self._missed = self._rounds = 0
        self._objects: dict[str, Callable[[Event], Any]] | None = None
        """The objects that matter and that no event had yet, outermost first."""
        self.judge: Judge = self._meet if mask else _nothing
        """Says what is true of an event of the group."""

    def _meet(self, event: Event, source: Source) -> Outcome | None:
        """The first events: judged by the shared tables, and looked at for the objects that they have."""
        self._look_for_objects(event)
        self._events += 1
        if self._events >= self._ground.bounds.warm_after:
            self._ground.compiled += 1
            self._compile()
        return self._by_shared_tables(event, source)

    def _miss(self, event: Event, source: Source) -> Outcome | None:
        """An event that has an object which those before lacked."""
        self._look_for_objects(event)
        self._missed += 1
        if self._missed >= self._ground.bounds.warm_after:
            self._missed = 0
            self._rounds += 1
            self._compile()
        return self._by_shared_tables(event, source)

    def _look_for_objects(self, event: Event) -> None:
        empties = self._ground.shape.empties
        if self._objects is None:
            places = sorted(self._objects_asked(), key=lambda place: (place.count("."), place))
            self._objects = {place: attrgetter(place) for place in places}
        for place in [place for place, get in self._objects.items() if get(event) != empties[place]]:
            del self._objects[place]

    def _by_shared_tables(self, event: Event, source: Source) -> Outcome | None:
        mask = self._mask
        if self._looks is None:
            self._looks = self._shared_looks()
        for get, masks, need in self._looks:
            if mask & need:
                mask &= masks[get(event)]
        endings = self._ground.all_endings
        return endings.settle(mask, event, source) if mask & endings.open else endings[mask]

    def _shared_looks(self) -> list[tuple[Callable[[Event], Any], Masks, int]]:
        """The fields that the group's alternatives ask for, those first that cost little and refute much."""
        ground, looks = self._ground, []
        for number, known in enumerate(ground.store.fields):
            asking = (known.need & self._mask).bit_count() if number not in self._known else 0
            if asking:
                masks = ground.masks_of(number)
                looks.append((asking / (1 + masks.patterns / 400), number, masks))
        looks.sort(key=lambda look: (-look[0], look[1]))
        return [(ground.getters[number], masks, ground.store.fields[number].need) for _, number, masks in looks]

    def _compile(self) -> None:
        """Write the group's function, for events that look like those met so far."""
        absent = self._absent_objects() if self._rounds < self._ground.bounds.recompiled else []
        own = self._own_alternatives(absent)
        full = (1 << len(own.alternatives)) - 1
        ground = self._ground
        looks = self._own_looks(own, full)
        endings = ground.endings(own.alternatives, own.certain)
        self.judge = generate(planned(looks, full), full, endings, self._guard(absent), self._miss)

    def _guard(self, absent: Sequence[str]) -> tuple[str, Any] | None:
        if not absent:
            return None
        empties = tuple(self._ground.shape.empties[place] for place in absent)
        return "".join(f"e.{place}, " for place in absent), empties

    def _absent_objects(self) -> list[str]:
        """The objects that matter to the group and that none of its events had; of nested ones the outermost."""
        absent: list[str] = []
        for place in self._objects or ():
            if not any(place.startswith(outer + ".") for outer in absent):
                absent.append(place)
        return absent

    def _objects_asked(self) -> set[str]:
        ground = self._ground
        asked: set[str] = set()
        for known in ground.store.fields:
            if known.need & self._mask:
                place = ground.shape.place_of[known.name]
                asked.update(outer_names(place))
                if known.name in ground.shape.presences:
                    asked.add(place)
        return asked

    def _own_alternatives(self, absent: Sequence[str]) -> _Own:
        """What is left of the group's alternatives when its signature and its absent objects have had their say."""
        left: dict[tuple[int, tuple[tuple[int, int], ...], tuple[Any, ...]], Numbered] = {}
        certain: set[int] = set()
        lacking = self._fields_in(absent)
        for bit in bits_of(self._mask):
            one = self._ground.store.all[bit]
            conditions = self._undecided(one, lacking)
            if conditions is None:
                continue
            if not conditions and not one.rest:
                certain.add(one.owner)
            rest = tuple(map(id, one.rest))
            left[one.owner, conditions, rest] = Numbered(one.owner, conditions, one.rest)
        return _Own([one for one in left.values() if one.owner not in certain], frozenset(certain))

    def _fields_in(self, absent: Sequence[str]) -> frozenset[int]:
        """The numbers of the fields that lie in objects which are absent."""
        place_of = self._ground.shape.place_of
        inside = tuple(place + "." for place in absent)
        fields = self._ground.store.fields
        return frozenset(
            number for number, known in enumerate(fields) if (place_of[known.name] + ".").startswith(inside)
        )

    def _undecided(self, one: Numbered, lacking: frozenset[int]) -> tuple[tuple[int, int], ...] | None:
        """The conditions that are still open; None when one is refuted."""
        conditions = []
        for number, condition in one.conditions:
            if number in self._known:
                continue
            if number not in lacking:
                conditions.append((number, condition))
            elif not self._ground.true_of_absent(number)[condition]:
                return None
        return tuple(conditions)

    def _own_looks(self, own: _Own, full: int) -> list[Look]:
        members: dict[int, dict[int, list[int]]] = {}
        for bit, one in enumerate(own.alternatives):
            for number, condition in one.conditions:
                members.setdefault(number, {}).setdefault(condition, []).append(bit)
        ground = self._ground
        return [
            Look(
                *self._code_of(ground.store.fields[number].name),
                ground.own_masks_of(number, having, full),
                mask_of([bit for bits in having.values() for bit in bits]),
            )
            for number, having in members.items()
        ]

    def _code_of(self, name: str) -> tuple[str, Any]:
        shape = self._ground.shape
        place = shape.place_of[name]
        return place, shape.empties[place] if name in shape.presences else None


def _nothing(_event: Event, _source: Source) -> Outcome | None:
    """The judgement of a group whose signature leaves no alternative."""
    return None
