"""What a person saw of the queue when acting on what cannot be ticked alert by alert: all that match, or a folded row.

The list tells with which alert it ended and when it was drawn; the form gives that back. What came later was never
looked at, so no such act reaches it. A list that begins further down than at its top says with which alert, so that
after an act it is drawn from there.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerts.errors import LookAgain
from soc.web.numbers import whole

OLDEST = timedelta(hours=12)
"""Who acts on a list that was drawn before that is asked to look again first."""
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest number that there was, when the list was drawn, and with which alert it began if not at its top."""

    up_to_id: int
    at: datetime
    begins_with: int | None = None

    @classmethod
    def read(cls, text: str) -> "Seen":
        """What a form gives back: `<number>:<ISO time>`, or `<number>:<ISO time>@<number>`. Raises: ValueError."""
        number, _, rest = text.partition(":")
        moment, _, first = rest.partition("@")
        at = datetime.fromisoformat(moment)
        if whole(number) is None or (first and whole(first) is None) or at.tzinfo is None:
            raise ValueError("no number and time of a list")
        if not _EARLIEST < at < _LATEST:  # near its ends the calendar cannot be reckoned with
            raise ValueError("no time at which a list was drawn")
        return cls(int(number), at, int(first) if first else None)

    def told(self) -> str:
        """As a form gives it back."""
        begins = "" if self.begins_with is None else f"@{self.begins_with}"
        return f"{self.up_to_id}:{self.at.isoformat()}{begins}"

    def checked(self, now: datetime) -> "Seen":
        """The same, never later than now. Raises: LookAgain."""
        if now - self.at > OLDEST:
            raise LookAgain
        return self if self.at <= now else replace(self, at=now)
