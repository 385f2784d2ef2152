"""The search page's answer: a page of rows, the histogram above them, and the status line between.

A search that takes long answers in slices: what was found within a second or two, how far back it looked, and where to
go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from engine import Document, Tree, explain
from engine.tree import MatchAll, text_of
from events.pages.asked import PRESETS, USUAL_END, Asked
from events.pages.longer import SPANS
from events.pages.rows_asked import RowsAsked
from events.searching import Pass, Question, SearchKey, Window
from events.sequences import piped
from events.store import search
from events.stored import StoredEvent
from events.summing import Counted, Histogram, histogram
from events.watching import Cancelled, Watch, nobody
from soc.web import charts, when
from soc.web.paging import After, sign_key

ROWS = 100
SALT = "search"
BARS = 60
FIRST_SECONDS, SLICE_SECONDS, LONG_SECONDS = 1.0, 2.0, 8.0
"""How long the first answer, each further slice and a count that goes on may take."""
PIPED_SECONDS = 10.0
NOTHING = Counted(0, False, False)
_COUNTED_WIDER = 1_000
# What an event is about, in the order in which it is looked for.
_TELLING = (
    "kibana.alert.reason", "process.command_line", "file.path", "registry.path", "dns.question.name", "url.full",
    "message", "destination.ip", "source.ip", "event.reason", "event.original",
)  # fmt: skip
COLUMNS = ("host.name", "user.name", "event.action", "process.name")
ALERT_COLUMNS = ("kibana.alert.severity", "kibana.alert.rule.name", "host.name", "user.name")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row; `met`: it is one that the query asked for."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class StepMark:
    """Which step of a sequence an event stands at, and how many milliseconds after the event before it."""

    number: int
    gap_ms: int | None

    @property
    def gap(self) -> str:
        """The same in words: `+3.2 s`."""
        return "" if self.gap_ms is None else f"+{lasting(timedelta(milliseconds=self.gap_ms))}"


def lasting(span: timedelta) -> str:
    """`120 ms`, `3.2 s`, `4 m`."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < 60 else when.short_span(span)


@dataclass(frozen=True, slots=True)
class Row:
    """One event of the table. `toggle_url` gives the row anew, opened in place."""

    event: StoredEvent
    cells: tuple[Cell, ...]
    url: str
    toggle_url: str
    mark: StepMark | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """Rows. `next_key`: there is more; `stopped`: the time was up. `back_to`: everything after it was looked at, which
    is `share` percent of the window. `cancelled`: the person who asked stopped it."""

    rows: list[Row]
    next_key: str | None
    stopped: bool
    seconds: float
    back_to: datetime | None = None
    share: int = 100
    cancelled: bool = False

    @property
    def late(self) -> bool:
        """Whether more time might find more, where the rows are all there is."""
        return self.cancelled or self.stopped


@dataclass(frozen=True, slots=True)
class Counts:
    """How many events match, and when they were."""

    total: Counted
    chart: SafeString | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Wider:
    """How many there are in a longer stretch up to now: `in_vain` is what was asked, where it has a short name."""

    in_vain: str
    name: str
    total: Counted

    @property
    def start(self) -> str:
        """The stretch as an address has it."""
        return next(start for start, name in PRESETS if name == self.name)


def columns_of(asked: Asked) -> tuple[str, ...]:
    """The fields that are columns of the table; what an event is about stands behind the usual ones."""
    return asked.columns or (ALERT_COLUMNS if asked.of_alerts else COLUMNS)


def results(asked: Asked, team_ids: Sequence[int], after: After) -> Results:
    """A page of rows, or a slice of one. Takes a second, or two for what follows."""
    return _page(asked, team_ids, key_after(after), FIRST_SECONDS if after.values is None else SLICE_SECONDS)


def results_piped(
    asked: Asked, team_ids: Sequence[int], *, watch: Watch = nobody, seconds: float = PIPED_SECONDS
) -> Results:
    """The rows of a query whose pipes choose the first or last events, all of them. Takes ten seconds at most."""
    window, started = _meant(asked)[1], perf_counter()
    if asked.eql is None:
        raise ValueError("a query without pipes has pages")
    try:
        some, stopped = piped(
            asked.eql, window=window, team_ids=team_ids, indices=asked.indices, seconds=seconds, watch=watch
        )
    except Cancelled:
        return Results([], None, False, perf_counter() - started, cancelled=True)
    return Results([row(event, asked) for event in some], None, stopped, perf_counter() - started)


def results_from(asked: Asked, team_ids: Sequence[int], event: StoredEvent) -> Results | None:
    """The rows from an event on; None where the search does not find it. Takes two seconds."""
    before = SearchKey(event.time, event.uid + b"\0")  # right before it: no uid stands between
    found = _page(asked, team_ids, before, SLICE_SECONDS)
    return found if found.rows and found.rows[0].event.uid == event.uid else None


def _page(asked: Asked, team_ids: Sequence[int], before: SearchKey | None, seconds: float) -> Results:
    tree, window = _meant(asked)
    started = perf_counter()
    found = search(
        tree=tree,
        window=window,
        team_ids=team_ids,
        indices=asked.indices,
        limit=ROWS,
        before=before,
        budget_seconds=seconds,
    )
    rows = [row(event, asked) for event in found.events]
    next_key = sign_key((found.next.at.isoformat(), found.next.uid.hex()), SALT) if found.next else None
    back_to = found.next.at if found.next else None
    share = _share(window, back_to) if back_to else 100
    return Results(rows, next_key, found.stopped, perf_counter() - started, back_to, share)


def counts(asked: Asked, team_ids: Sequence[int], *, seconds: float | None = None) -> Counts:
    """The histogram with its total; of a query with pipes there is none."""
    tree, window = _meant(asked)
    started = perf_counter()
    lines = _counted(tree, asked, window, team_ids, bars=BARS, seconds=FIRST_SECONDS if seconds is None else seconds)
    drawn = chart(lines, asked, "alert" if asked.of_alerts else "event") if lines.total.number else None
    return Counts(lines.total, drawn, perf_counter() - started)


def wider(asked: Asked, team_ids: Sequence[int], now: datetime) -> Wider | None:
    """How many there are in the shortest of the longer stretches that has any, for a page that found none. One walk
    back, of two seconds at most; None where what was asked is the longest already."""
    tree, window = _meant(asked)
    spans = [one for one in SPANS if now - one[1] < window.start]
    if not spans:
        return None
    question = Question(tree, Window(now - spans[-1][1], now + timedelta(minutes=1)), team_ids, asked.indices)
    walk, number, (name, back) = Pass(question, budget_seconds=2.0, first_rows=_COUNTED_WIDER), 0, spans[-1]
    for event in walk:
        if not number:
            name, back = next((one for one in spans if event.time >= now - one[1]), spans[-1])
        if event.time < now - back or number == _COUNTED_WIDER:
            break
        number += 1
    usual = dict(PRESETS).get(asked.start, "") if asked.end == USUAL_END else ""
    return Wider(usual, name, Counted(number, number == _COUNTED_WIDER, walk.stopped))


def looked_back(asked: Asked, after: After) -> tuple[datetime, int] | None:
    """How far back a search that is to go on has looked, and of how much of its time that is the percentage."""
    key = key_after(after)
    return None if key is None or asked.window is None else (key.at, _share(asked.window, key.at))


def _meant(asked: Asked) -> tuple[Tree, Window]:
    if asked.tree is None or asked.window is None:
        raise ValueError("what cannot be read cannot be searched for")
    return asked.tree, asked.window


def _counted(
    tree: Tree, asked: Asked, window: Window, team_ids: Sequence[int], *, bars: int, seconds: float
) -> Histogram:
    return histogram(
        tree=tree, window=window, team_ids=team_ids, indices=asked.indices, bars=bars, budget_seconds=seconds
    )


def _share(window: Window, back_to: datetime) -> int:
    whole = (window.end - window.start) / timedelta(microseconds=1)
    return max(1, min(99, round(100 * ((window.end - back_to) / timedelta(microseconds=1)) / whole)))


def key_after(after: After) -> SearchKey | None:
    """Where a page begins, None for the first."""
    if after.values is None:
        return None
    at, uid = after.values
    return SearchKey(datetime.fromisoformat(at), bytes.fromhex(uid))


def marked(mark: StepMark | None) -> dict[str, str]:
    """The mark in an address."""
    return {"step": str(mark.number), "gap": "" if mark.gap_ms is None else str(mark.gap_ms)} if mark else {}


def row(event: StoredEvent, asked: Asked, *, opened: bool = False, mark: StepMark | None = None) -> Row:
    """An event as a row of the table."""
    document = event.document()
    met = met_values(asked.tree, document)
    cells = [_cell(document, field, met) for field in columns_of(asked)]
    if not asked.columns:
        cells.append(next((cell for field in _TELLING if (cell := _cell(document, field, met)).text), Cell("", False)))
    uid, day = event.uid.hex(), event.day.isoformat()
    url = asked.url(reverse("events:event", args=[uid]), day=day)
    shown = "" if opened else "fields"
    toggle = asked.url(reverse("events:row", args=[uid]), day=day, at=asked.at, open=shown, **marked(mark))
    return Row(event, tuple(cells), url, toggle, mark)


def _cell(document: Document, field: str, met: frozenset[str]) -> Cell:
    values = [text_of(value) for value in document.values(field)[:20]]
    return Cell(", ".join(values), any(value in met for value in values))


def met_values(tree: Tree | None, document: Document) -> frozenset[str]:
    """The values of an event that the query asked for."""
    if tree is None or isinstance(tree, MatchAll):
        return frozenset()
    clauses = explain(tree, document).clauses()
    return frozenset(value for clause in clauses if clause.held and not clause.negated for value in clause.found)


def chart(lines: Histogram, asked: Asked | RowsAsked, of: str = "event") -> SafeString:
    """The histogram; each bar leads to its time. What marks it as one to brush says of which time it is."""
    path = reverse("events:search")
    columns = [
        charts.Column(
            (bucket.count,),
            f"{localtime(bucket.start):%d %b %H:%M} to {localtime(bucket.end):%d %b %H:%M}: {bucket.count:,}",
            asked.url(path, from_=iso(bucket.start), to=iso(bucket.end)),
        )
        for bucket in lines.buckets
    ]
    start, end = lines.buckets[0].start, lines.buckets[-1].end
    form = "%H:%M" if (end - start).total_seconds() < 2 * 86_400 else "%d %b"
    ticks = [(place, f"{localtime(lines.buckets[place].start):{form}}") for place in range(0, len(columns), 10)]
    newest = " The newest are counted." if lines.total.capped or lines.total.stopped else ""
    number = f"{lines.total.number:,} {of}{'' if lines.total.number == 1 else 's'}"
    summary = f"Matching {of}s over time, {len(columns)} bars, {number}.{newest}"
    drawn = charts.histogram(columns, summary=summary, ticks=ticks, classes=("fp",), height=74)
    told = (
        f'<svg data-brush="search-form" data-brush-bars="{BARS}" '
        f'data-brush-from="{iso(start)}" data-brush-to="{iso(end)}"'
    )
    ranges = charts.ranges(len(columns))
    return mark_safe(drawn.replace("<svg", told, 1) + ranges)  # noqa: S308  (times of ours, before what is escaped)


def iso(moment: datetime) -> str:
    """A time as addresses have it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
