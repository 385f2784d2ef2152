"""Looking on while a long search runs: how far it has come, and whether the person still wants it.

A search that is watched calls its watch now and then; the watch may end it by raising `Cancelled`.
"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from events.errors import EventsError

Watch = Callable[[int, datetime | None], None]
"""Called with how many events were looked at, and how far back all of them were, where that is known."""


class Cancelled(EventsError):  # noqa: N818
    """The person who asked does not want the answer any more."""


def nobody(_examined: int, _back_to: datetime | None) -> None:
    """Nobody looks on."""


def only_for(seconds: float) -> Watch:
    """A watch of who wants the answer if it comes so soon, and else not."""
    until = monotonic() + seconds

    def watch(_examined: int, _back_to: datetime | None) -> None:
        if monotonic() > until:
            raise Cancelled

    return watch
