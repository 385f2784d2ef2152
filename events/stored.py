"""What the rest of the program sees of the store: events as they were kept, and references to them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from engine.document import Document


class EventRef(NamedTuple):
    """Where an event lies; enough to fetch it. Alerts and held-back hits keep these four."""

    team_id: int
    day: date
    index: str  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a reference
    uid: bytes


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it was kept; `raw` is its normalised JSON in one line."""

    team_id: int
    day: date
    index: str
    uid: bytes
    time: datetime
    ingested: datetime
    raw: bytes

    @property
    def ref(self) -> EventRef:
        """Where it lies."""
        return EventRef(self.team_id, self.day, self.index, self.uid)

    def document(self) -> Document:
        """The event as rules see it. Parses; ask once."""
        return Document.of(self.raw)
