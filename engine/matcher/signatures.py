"""From an event's index and a few of its fields to its group.

Nearly every rule names some of these fields, so their values alone refute most rules. They are keyword fields with few
values; what a sender makes of them only costs time: a signature that was not met before some ten microseconds.
"""

from operator import attrgetter
from typing import Any

from engine.indices import index_matches
from engine.matcher.decode import Event
from engine.matcher.groups import Ground, Group
from engine.matcher.room import cost_of

SIGNATURE_FIELDS = (
    "event.category",
    "event.type",
    "event.action",
    "event.dataset",
    "data_stream.dataset",
    "host.os.type",
)


class Signatures(dict[Any, Group]):
    """The groups of the signatures that were met in indices which the same expressions read."""

    __slots__ = ("mask",)

    def __init__(self, mask: int) -> None:
        """`mask` are the alternatives of those expressions."""
        super().__init__()
        self.mask = mask


class Dispatcher:
    """Finds the group of an event, making it when it is new."""

    def __init__(self, ground: Ground, indices: list[tuple[str, ...]]) -> None:
        """`indices` are the index patterns of each expression."""
        self._ground = ground
        numbers = [ground.store.number_of(name) for name in SIGNATURE_FIELDS]
        self._numbers = [number for number in numbers if number is not None]
        self._known = frozenset(self._numbers)
        places = [ground.shape.place_of[ground.store.fields[number].name] for number in self._numbers]
        self.signature_of = attrgetter(*places) if places else _no_signature
        """What of an event decides its group."""
        self._patterns = self._by_patterns(indices)
        self.by_index: dict[str, Signatures] = {}
        """The signatures met so far, by index."""
        self._by_mask: dict[int, Signatures] = {}
        self._groups: dict[int, Group] = {}
        self._count = 0

    def _by_patterns(self, indices: list[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
        masks: dict[tuple[str, ...], int] = {}
        for patterns, mask in zip(indices, self._ground.store.of_owner, strict=True):
            masks[patterns] = masks.get(patterns, 0) | mask
        return masks

    def of_index(self, index: str) -> Signatures:
        """The signatures met among events of an index. Indices that the same expressions read share them."""
        known = self.by_index.get(index)
        if known is None:
            mask = 0
            for patterns, having in self._patterns.items():
                mask |= having if index_matches(patterns, index) else 0
            known = self._by_mask.setdefault(mask, Signatures(mask))
            if len(self.by_index) >= self._ground.bounds.indices:
                self._forget()
                known = self._by_mask.setdefault(mask, Signatures(mask))
            self.by_index[index] = known
        return known

    def of(self, index: str, event: Event) -> Group:
        """The group of an event."""
        return self.of_index(index).get(self.signature_of(event)) or self.meet(index, event)

    def meet(self, index: str, event: Event) -> Group:
        """The group of an event whose signature is new."""
        signatures = self.of_index(index)
        mask = signatures.mask
        for number in self._numbers:
            mask &= self._ground.masks_of(number)[self._ground.getters[number](event)]
        group = self._groups.get(mask)
        if self._is_full() and (group is None or self._count >= self._ground.bounds.signatures):
            self._forget()
            signatures, group = self.of_index(index), None
        if group is None:
            group = self._groups[mask] = Group(self._ground, mask, self._known)
        signature = self.signature_of(event)
        if self._is_short(signature):
            self._count += 1
            signatures[signature] = group
        return group

    def _is_full(self) -> bool:
        bounds = self._ground.bounds
        full = self._count >= bounds.signatures or len(self._groups) >= bounds.groups
        return full or self._ground.compiled >= bounds.compiled

    def _forget(self) -> None:
        self._count = 0
        self.by_index.clear()
        self._by_mask.clear()
        self._groups.clear()
        self._ground.forget_groups()

    def _is_short(self, signature: Any) -> bool:
        values = signature if len(self._numbers) > 1 else (signature,)
        bounds = self._ground.bounds
        costs = [cost_of(value, bounds.longest_value, bounds.longest_array) for value in values]
        return all(costs) and sum(costs) < 4 * bounds.longest_value


def _no_signature(_event: Event) -> None:
    return None
