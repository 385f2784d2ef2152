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


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column of a pipeline's row: name, ES|QL type and value as JSON (a list where there are several, None for null).

    Dates and addresses are texts. `of` is how many values or characters there were, where the value is cut.
    """

    name: str
    type: str
    value: Any
    of: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnValue:
    """What a column held where a condition asked for it."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class RowCondition:
    """A condition that the row met, as the query has it, and the values that met it."""

    text: str
    values: list[ColumnValue]


class Stretch(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """A stretch of time, as ISO times."""

    start: str
    end: str


class EsqlFacts(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Of a pipeline: the row, the columns that name its group, the events it came from, the conditions that let it out.

    `by` is empty for the row of one event. `count` events went into the row, from `start` to `end` (ISO times);
    `conditions` are the last ones: after the last STATS, or where there is none those about what the query made.
    `window` is what the pipeline ran over; None where each event is judged as it comes.
    """

    columns: list[RowColumn]
    by: list[str]
    count: int
    start: str
    end: str
    conditions: list[RowCondition]
    window: Stretch | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as they are stored."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "EsqlFacts":
        """What `to_json` wrote.

        Raises: msgspec.ValidationError when the stored value has another shape.
        """
        return msgspec.convert(data, cls)


Facts: TypeAlias = SequenceFacts | ThresholdFacts | IndicatorFacts | EsqlFacts | BlockFacts | LearningFacts


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


_SHAPES: dict[str, type[SequenceFacts | ThresholdFacts | IndicatorFacts | EsqlFacts | BlockFacts]] = {
    "sequence": SequenceFacts,
    "sample": SequenceFacts,
    "threshold": ThresholdFacts,
    "indicator": IndicatorFacts,
    "row": EsqlFacts,
    "group": EsqlFacts,
    "block": BlockFacts,
}
