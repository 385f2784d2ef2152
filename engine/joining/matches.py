"""What the joins of sequences and samples answer with."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Match:
    """Events that a sequence or sample is true of.

    `refs` has one reference for each event in the order of the steps (`with runs=3` counts as three), None where a
    step stands for a missing event. `completing` names the match together with `key`: the event that completed it, or
    its first event where the last step is a missing one. `at` is the timestamp of its last event.
    """

    key: Hashable
    refs: tuple[Hashable | None, ...]
    completing: Hashable
    at: datetime


@dataclass(frozen=True, slots=True)
class Joining:
    """The matches there are, and when there may be more without any further event: the next instant at which an event
    has been missing for long enough."""

    matches: list[Match]
    due: datetime | None = None
