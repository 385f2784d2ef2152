"""The search page's answer in ES|QL: a table of whatever columns come back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString

from engine.pipelines.types import Type, Value
from engine.tree import Scalar
from events.errors import Busy, TooDear
from events.pages.cells import NUMBERS, cell
from events.pages.clauses import address
from events.pages.field_list import DEAR_SECONDS, FieldList, keep, kept, listed
from events.pages.results import BARS, chart
from events.pages.row_links import Led, leads
from events.pages.row_told import columns_told, row_told
from events.pages.rows_asked import RowsAsked
from events.pipelines import CELLS, RowEvent, Rows, run
from events.sampling import Sample, sample_of
from events.summing import histogram_of
from events.watching import Cancelled, Watch, nobody

MOST_COLUMNS = 200
MOST_CELLS = 40_000
MOST_CHARACTERS = 4_000_000
"""A page of more (characters of HTML) is no table that anybody reads, and takes long to draw."""
BUDGET_SECONDS = 10.0
_SHOWN_WARNINGS = 20
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its name, the name of its type, and whether its values stand to the right."""

    name: str
    type: str
    number: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its cells, and when it is an event, which; when it is none, what its button tells of it."""

    cells: Sequence[SafeString]
    event: RowEvent | None
    url: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class RowsFound:
    """What the page shows. `found` is missing when nothing could be found, and then `trouble` says why.

    `left_out` columns are not shown; `more`: there are more rows than those shown. `leading`: values lead further.
    `chart`: when the events were that the rows are, and `seen` their fields; of groups there are none.
    """

    found: Rows | None = None
    heads: Sequence[Head] = ()
    lines: Sequence[Line] = ()
    left_out: int = 0
    more: bool = False
    trouble: str = ""
    busy: bool = False
    leading: bool = False
    chart: SafeString | None = None
    seen: Sample | None = None
    cancelled: bool = False

    @property
    def late(self) -> bool:
        """Whether more time might find more."""
        if self.found is None:
            return self.cancelled or not self.busy
        return self.found.stopped

    @property
    def blank(self) -> set[str]:
        """The columns that have no value in any row: all of them where there is no row."""
        if self.found is None:
            return set()
        places = enumerate(self.found.columns)
        return {column.name for at, column in places if all(row[at] is None for row in self.found.rows)}

    @property
    def warned(self) -> int:
        """How many values were made null on the way."""
        return self.found.warnings.total() if self.found else 0

    @property
    def warnings(self) -> list[tuple[str, int]]:
        """What was made null, the most frequent first."""
        return self.found.warnings.most_common(_SHOWN_WARNINGS) if self.found else []

    @property
    def cut(self) -> bool:
        """Whether rows that were found are not shown, because they are too wide."""
        return self.found is not None and len(self.lines) < len(self.found.rows)

    @property
    def tells_time(self) -> bool:
        """Whether a column says when each event was."""
        return any(head.name == "@timestamp" for head in self.heads)

    @property
    def columns_told(self) -> str:
        """The names of the columns, as the pages about a row read them."""
        return columns_told([head.name for head in self.heads])

    @property
    def with_events(self) -> bool:
        """Whether each row is an event."""
        return bool(self.lines) and self.lines[0].event is not None


def rows_found(
    asked: RowsAsked, team_ids: Sequence[int], watch: Watch = nobody, seconds: float | None = None
) -> RowsFound:
    """Answer what is asked. Takes some ten seconds at most, and says so when that was not enough."""
    if asked.prepared is None or asked.window is None:
        raise ValueError("what cannot be read cannot be searched for")
    try:
        found = run(
            asked.prepared,
            window=asked.window,
            team_ids=team_ids,
            now=asked.now,
            budget_seconds=BUDGET_SECONDS if seconds is None else seconds,
            cells=CELLS,
            watch=watch,
        )
    except TooDear as error:
        return RowsFound(trouble=error.sentence)
    except Busy as error:
        return RowsFound(trouble=error.sentence, busy=True)
    except Cancelled:
        return RowsFound(trouble="You stopped this search.", busy=True, cancelled=True)
    if not found.events:
        return _shown(found, asked)
    seen = _seen(found)
    keep(seen, asked, team_ids, seconds=DEAR_SECONDS)
    return replace(_shown(found, asked), seen=seen)


def fields_of_rows(asked: RowsAsked, team_ids: Sequence[int], opened: str, find: str) -> FieldList:
    """The columns of rows that are events, as fields. Nothing is searched for while what was found is remembered; of
    groups there are none."""
    seen = kept(asked, team_ids)
    if seen is None:
        seen = rows_found(asked, team_ids).seen
    return listed(seen or Sample(), asked, opened, find, of="row")


def _seen(found: Rows) -> Sample:
    names = [column.name for column in found.columns[:_MOST_FIELDS]]
    rows = ({name: _texts(value) for name, value in zip(names, row, strict=False) if value is not None}
            for row in found.rows)  # fmt: skip
    return sample_of(rows, all_of_them=not found.more)


def _texts(value: Value) -> tuple[Scalar, ...]:
    values = value if isinstance(value, tuple) else (value,)
    return tuple(one if isinstance(one, str | int | float) else _text(one) for one in values)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _shown(found: Rows, asked: RowsAsked) -> RowsFound:
    columns = found.columns[:MOST_COLUMNS]
    kinds = [column.type for column in columns]
    most = max(MOST_CELLS // max(len(columns), 1), 1)
    led, drawn = _leads(found, asked), None
    if found.events and asked.window:
        times = [event.time for event in found.events]
        drawn = chart(histogram_of(times, window=asked.window, bars=BARS, capped=found.more), asked, "row")
    lines = list(_within(_line(found, row, kinds, led, asked) for row in range(min(most, len(found.rows)))))
    return RowsFound(
        found,
        [_head(column.name, column.type) for column in columns],
        lines,
        left_out=len(found.columns) - len(columns),
        more=found.more or len(lines) < len(found.rows),
        leading=any(one is not None for one in led),
        chart=drawn,
    )


def _leads(found: Rows, asked: RowsAsked) -> list[Led | None]:
    named = [(column.name, column.type) for column in found.columns[:MOST_COLUMNS]]
    return leads(asked.prepared, named, of_events=bool(found.events)) if asked.prepared else [None] * len(named)


def _within(lines: Iterable[Line]) -> Iterator[Line]:
    """As many rows as a page has room for, and the first in any case. Signs are drawn longer than they are."""
    room = MOST_CHARACTERS
    for number, line in enumerate(lines):
        room -= sum(map(len, line.cells)) + len(line.told)
        if room < 0 and number:
            return
        yield line


def _head(name: str, kind: Type) -> Head:
    return Head(name, "" if kind is Type.UNKNOWN else kind.value, kind in NUMBERS)


def _line(found: Rows, row: int, kinds: Sequence[Type], led: Sequence[Led | None], asked: RowsAsked) -> Line:
    cells = [cell(value, kind, to) for value, kind, to in zip(found.rows[row], kinds, led, strict=False)]
    event = found.events[row] if found.events else None
    return Line(cells, event, _url(event, asked)) if event else Line(cells, None, "", row_told(found.rows[row]))


def _url(event: RowEvent, asked: RowsAsked) -> str:
    path = reverse("events:event", args=[event.uid.hex()])
    return address(path, day=event.day.isoformat(), lang="esql", q=asked.text, from_=asked.start, to=asked.end)
