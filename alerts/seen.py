"""What a person saw of the queue when acting on what cannot be ticked alert by alert: all that match, or a folded row.

The list tells with which alert it ended and when it was drawn; the form gives that back. What came later was never
looked at, so no such act reaches it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.errors import LookAgain

OLDEST = timedelta(hours=12)
"""Who acts on a list that was drawn before that is asked to look again first."""
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest number that there was, and when the list was drawn."""

    up_to_id: int
    at: datetime

    @classmethod
    def read(cls, text: str) -> "Seen":
        """What a form gives back: `<number>:<ISO time>`. Raises: ValueError."""
        number, _, moment = text.partition(":")
        at = datetime.fromisoformat(moment)
        if not (number.isdecimal() and number.isascii() and len(number) <= 18) or at.tzinfo is None:
            raise ValueError("no number and time of a list")
        if not _EARLIEST < at < _LATEST:  # near its ends the calendar cannot be reckoned with
            raise ValueError("no time at which a list was drawn")
        return cls(int(number), at)

    def told(self) -> str:
        """As a form gives it back."""
        return f"{self.up_to_id}:{self.at.isoformat()}"

    def checked(self, now: datetime) -> "Seen":
        """The same, never later than now. Raises: LookAgain."""
        if now - self.at > OLDEST:
            raise LookAgain
        return self if self.at <= now else Seen(self.up_to_id, now)
