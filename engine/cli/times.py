"""A moment that somebody typed."""

from datetime import datetime

from engine.cli.errors import UnusableError
from engine.running import moment_of


def time_of(text: str | None) -> datetime | None:
    """The moment of `--now`.

    Raises: UnusableError when it is no time.
    """
    if text is None:
        return None
    moment = moment_of([text])
    if moment is None:
        raise UnusableError(f'--now: "{text}" is not a time; write it as 2026-11-20T08:00:00Z.')
    return moment.at
