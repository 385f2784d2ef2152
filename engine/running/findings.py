"""What a run finds, as it is printed."""

from dataclasses import dataclass
from typing import Any

from engine.tree import Scalar


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit of a rule: the lines of its events in order, None for a missing event, and what its type adds.

    `terms` are the values of a new-terms rule in the order of its fields, `group` the fields and values that a
    threshold's events share, both as the first of the events has them; `indicators` are the lines of the indicators
    that an event met; `row` is what a pipeline made of the events, its columns by name.
    """

    rule_id: str
    type: str
    events: tuple[int | None, ...]
    terms: tuple[Scalar, ...] | None = None
    group: dict[str, Scalar] | None = None
    indicators: tuple[int, ...] | None = None
    row: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The finding as a line of output; what its type does not have is left out."""
        data: dict[str, Any] = {"rule_id": self.rule_id, "type": self.type, "events": list(self.events)}
        added = {"terms": self.terms, "group": self.group, "indicators": self.indicators, "row": self.row}
        return data | {key: value for key, value in added.items() if value is not None}
