"""What an alert keeps beside its columns, by its kind: the shapes of `Alert.facts`, written here and read by its page.

`facts_of` reads what is stored; whoever joins events writes with `to_json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import msgspec

MOST_EXAMPLES = 20


class _Shape:
    """To plain JSON and back."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as they are stored."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` wrote.

        Raises: msgspec.ValidationError when the stored value has another shape.
        """
        return msgspec.convert(data, cls)


@dataclass(frozen=True, slots=True)
class Term:
    """A field and its value; None where the events had none."""

    field: str
    value: str | None


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One place of a sequence: its event's uid (hex) and time, or that none came where none was to come."""

    step: int
    event: str | None
    missing: bool
    at: str | None


@dataclass(frozen=True, slots=True)
class SequenceFacts(_Shape):
    """Of a sequence or sample: what its events share, within which time, and the events in order."""

    by: list[Term]
    maxspan_ms: int | None
    steps: list[StepFacts]


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How many different values of a field there were, and how many were asked for."""

    field: str
    value: int
    needed: int


class ThresholdFacts(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Of a count: the group, how many events it had and had to have, and from when to when (ISO times)."""

    terms: list[Term]
    count: int
    value: int
    cardinality: Cardinality | None
    start: str
    end: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as they are stored."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ThresholdFacts":
        """What `to_json` wrote.

        Raises: msgspec.ValidationError when the stored value has another shape.
        """
        return msgspec.convert(data, cls)


@dataclass(frozen=True, slots=True)
class IndicatorMatch:
    """A value of the event that an indicator names, where the indicator has it, and what is known of the indicator."""

    field: str
    value: str
    indicator_field: str
    indicator: dict[str, Any]


@dataclass(frozen=True, slots=True)
class IndicatorFacts(_Shape):
    """Of an indicator match: every value that agreed."""

    matches: list[IndicatorMatch]


@dataclass(frozen=True, slots=True)
class BlockFacts(_Shape):
    """Of an event of a sequence: its place (from 0) among the shell's events, how many these are, its step."""

    position: int
    of: int
    step: str


@dataclass(frozen=True, slots=True)
class LearningExample:
    """A combination that was new while history was short, its event's uid (hex) and time."""

    values: list[str]
    event: str
    at: str


@dataclass(frozen=True, slots=True)
class LearningFacts(_Shape):
    """Of a new-terms rule that learns: since when, how many new combinations this alert stands for, and the first."""

    since: str
    combinations: int
    examples: list[LearningExample]


Facts: TypeAlias = SequenceFacts | ThresholdFacts | IndicatorFacts | BlockFacts | LearningFacts


def facts_of(kind: str, data: Mapping[str, Any] | None) -> Facts | None:
    """The facts of an alert of this kind (alerts.models.Kind); None for one that has none, or not of a known shape."""
    if not data:
        return None
    try:
        if kind == "new_terms":
            return LearningFacts.from_json(data["learning"])
        shape = _SHAPES.get(kind)
        return shape.from_json(data) if shape else None
    except (KeyError, msgspec.ValidationError):
        return None


_SHAPES: dict[str, type[SequenceFacts | ThresholdFacts | IndicatorFacts | BlockFacts]] = {
    "sequence": SequenceFacts,
    "sample": SequenceFacts,
    "threshold": ThresholdFacts,
    "indicator": IndicatorFacts,
    "block": BlockFacts,
}
