"""What a search address asks: query text and window, read with errors that point at the place.

State is in the address, so that it can be shared: `q`, `from` and `to` as dates or date math (`now-24h`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine import LanguageError, Tree, parse_date_math, parse_kql, pin_dates
from engine.times import TimeExpressionError
from engine.tree import MatchAll
from events.searching import Window

USUAL_START, USUAL_END = "now-24h", "now"
MAX_QUERY_LENGTH = 4_000
# No event lies outside, and within them every time zone has a date for every moment.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
PRESETS = (("now-15m", "15 m"), ("now-1h", "1 h"), ("now-24h", "24 h"), ("now-7d", "7 d"), ("now-30d", "30 d"))


@dataclass(frozen=True, slots=True)
class QueryMistake:
    """A query that cannot be read: the line around the mistake in three pieces, and what to do."""

    before: str
    bad: str
    after: str
    message: str
    hint: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it stands in the address, and what it means; `tree` and `window` are None where it cannot be read."""

    text: str
    start: str
    end: str
    tree: Tree | None
    window: Window | None
    mistake: QueryMistake | None = None
    time_mistake: str = ""

    @property
    def readable(self) -> bool:
        """Whether there is something to search for."""
        return self.tree is not None and self.window is not None


def read_asked(text: str, start: str, end: str, now: datetime) -> Asked:
    """Read an address. Never raises: mistakes are part of the answer."""
    text, start, end = text.strip(), start.strip() or USUAL_START, end.strip() or USUAL_END
    tree, mistake = read_query(text, now)
    try:
        window, time_mistake = window_of(start, end, now), ""
    except TimeExpressionError as error:
        window, time_mistake = None, f"{error}."
    return Asked(text[:MAX_QUERY_LENGTH], start[:100], end[:100], tree, window, mistake, time_mistake)


def read_query(text: str, now: datetime) -> tuple[Tree | None, QueryMistake | None]:
    """The tree of a query text (an empty one asks for everything), or its mistake."""
    if len(text) > MAX_QUERY_LENGTH:
        sentence = f"A query may have {MAX_QUERY_LENGTH:,} characters"
        return None, QueryMistake("", text[:60], "…", sentence, "", 1, 1)
    try:
        return (pin_dates(parse_kql(text), now) if text else MatchAll()), None
    except LanguageError as error:
        return None, mistake_of(text, error)


def mistake_of(text: str, error: LanguageError) -> QueryMistake:
    """The mistake as a page shows it."""
    lines = text.splitlines() or [""]
    line = lines[min(error.line, len(lines)) - 1]
    start = min(error.column - 1, len(line))
    end = min(start + error.width, len(line))
    bad = line[start:end] or " "
    message = error.message.rstrip(".")
    return QueryMistake(line[:start], bad, line[end:], message, error.hint or "", error.line, error.column)


def window_of(start: str, end: str, now: datetime) -> Window:
    """The window that two words of an address mean. Raises: TimeExpressionError."""
    first = parse_date_math(start, now)
    last = parse_date_math(end, now, round_up=True)
    if end == USUAL_END:
        last = now + timedelta(minutes=1)  # clocks of agents run a little ahead
    first, last = max(first, _EARLIEST), min(last, _LATEST)
    if first >= last:
        raise TimeExpressionError("The time to start from must lie before the time to end at")
    return Window(first, last)
