"""What a search address asks in KQL or EQL: query and window, read with errors that point at the place.

State is in the address, so that it can be shared: `lang`, `q`, `from` and `to` as dates or date math (`now-24h`), `in`
(events, or the alerts written back among them) and `cols`, the columns of the table.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from engine import LanguageError, PatternError, Tree, parse_date_math, parse_kql, pin_dates
from engine.languages.eql import EqlQuery, parse_eql
from engine.times import TimeExpressionError
from engine.tree import MatchAll
from events.completing.offering import ALERTS
from events.pages.clauses import PLAIN_NAME, address
from events.searching import Window, indices_asked

if TYPE_CHECKING:
    from events.pages.rows_asked import RowsAsked

T = TypeVar("T", "Asked", "RowsAsked")
USUAL_START, USUAL_END = "now-24h", "now"
MAX_QUERY_LENGTH = 4_000
MOST_COLUMNS = 12
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
    """A search as it stands in the address, and what it means; `tree` and `window` are None where it cannot be read.

    `eql` is the whole query of one in EQL. `at`: the moment that "now" means, which the requests of one page share.
    """

    text: str
    start: str
    end: str
    tree: Tree | None
    window: Window | None
    mistake: QueryMistake | None = None
    time_mistake: str = ""
    language: str = "kql"
    of_alerts: bool = False
    columns: tuple[str, ...] = ()
    eql: EqlQuery | None = None
    at: str = ""

    @property
    def readable(self) -> bool:
        """Whether there is something to search for."""
        return self.tree is not None and self.window is not None

    @property
    def mistaken(self) -> bool:
        """Whether something is wrong with it; an empty query in EQL is not, and yet there is nothing to search for."""
        return self.mistake is not None or bool(self.time_mistake)

    @property
    def joins(self) -> bool:
        """Whether it asks for sequences or samples."""
        return self.eql is not None and self.eql.plan is not None

    @property
    def piped(self) -> bool:
        """Whether it asks for the first or last events only."""
        return self.eql is not None and self.eql.plan is None and bool(self.eql.pipes)

    @property
    def indices(self) -> tuple[str, ...]:
        """Where it is looked for."""
        return ALERTS if self.of_alerts else indices_asked(self.tree) if self.tree is not None else ()

    @property
    def lines(self) -> list[str]:
        """The lines of the query, to show where it is wrong."""
        return self.text.splitlines() or [""]

    @property
    def height(self) -> int:
        """How many lines a box for it should have."""
        return min(max(len(self.lines), 2), 16)

    @property
    def state(self) -> dict[str, str]:
        """What the address says; what is as usual is left out."""
        return {
            "lang": "" if self.language == "kql" else self.language,
            "q": self.text,
            "in": "alerts" if self.of_alerts else "",
            "from": "" if self.start == USUAL_START else self.start,
            "to": "" if self.end == USUAL_END else self.end,
            "cols": ",".join(self.columns),
        }

    def url(self, path: str, **changes: str) -> str:
        """An address with this search in it, some of it changed."""
        return address(path, **(self.state | {name.rstrip("_"): value for name, value in changes.items()}))


def read_asked(
    text: str,
    start: str,
    end: str,
    now: datetime,
    *,
    language: str = "kql",
    of_alerts: bool = False,
    columns: str = "",
) -> Asked:
    """Read an address. Never raises: mistakes are part of the answer. A query in ES|QL is only kept (rows_asked.py)."""
    text, start, end = text.replace("\r\n", "\n").strip(), start.strip() or USUAL_START, end.strip() or USUAL_END
    eql: EqlQuery | None = None
    tree: Tree | None = None
    mistake: QueryMistake | None = None
    if language == "eql":
        eql, mistake = read_eql(text)
        tree = eql.tree if eql else None
    elif language == "kql":
        tree, mistake = read_query(text, now)
    try:
        window, time_mistake = window_of(start, end, now), ""
    except TimeExpressionError as error:
        window, time_mistake = None, f"{error}."
    return Asked(
        text[:MAX_QUERY_LENGTH], start[:100], end[:100], tree, window, mistake, time_mistake, language, of_alerts,
        _columns(columns), eql,
    )  # fmt: skip


def fixed(asked: T, moment: datetime) -> T:
    """The same, of what had come in by a moment, so that all numbers of a page agree."""
    window = replace(asked.window, known=moment) if asked.window else None
    return replace(asked, window=window, at=moment.isoformat())


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that a page was asked at, as its further requests say it; now where they do not."""
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return now
    return moment if moment.tzinfo and _EARLIEST < moment < now else now


def _columns(text: str) -> tuple[str, ...]:
    names = dict.fromkeys(name.strip() for name in text[:2_000].split(","))
    return tuple(name for name in names if PLAIN_NAME.fullmatch(name))[:MOST_COLUMNS]


def read_eql(text: str) -> tuple[EqlQuery | None, QueryMistake | None]:
    """The query of a text in EQL, or its mistake; neither for an empty one."""
    if len(text) > MAX_QUERY_LENGTH:
        return None, _too_long(text)
    try:
        return (parse_eql(text) if text else None), None
    except LanguageError as error:
        return None, mistake_of(text, error)
    except PatternError as error:
        return None, QueryMistake("", text.splitlines()[0][:200], "", str(error).rstrip("."), "", 1, 1)


def _too_long(text: str) -> QueryMistake:
    return QueryMistake("", text[:60], "…", f"A query may have {MAX_QUERY_LENGTH:,} characters", "", 1, 1)


def read_query(text: str, now: datetime) -> tuple[Tree | None, QueryMistake | None]:
    """The tree of a query text (an empty one asks for everything), or its mistake."""
    if len(text) > MAX_QUERY_LENGTH:
        return None, _too_long(text)
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
