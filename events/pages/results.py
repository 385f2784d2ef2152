"""The search page's answer: a page of rows, the histogram above them, and the status line between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from engine import Document, Tree, explain
from engine.tree import MatchAll, text_of
from events.pages.asked import Asked
from events.pages.clauses import address
from events.searching import SearchKey, Window, indices_asked
from events.store import search
from events.stored import StoredEvent
from events.summing import Counted, Histogram, histogram
from soc.web import charts
from soc.web.paging import After, sign_key

ROWS = 100
SALT = "search"
_BARS = 60
_BUDGET_SECONDS = 10.0
# What an event is about, in the order in which it is looked for.
_TELLING = (
    "process.command_line", "file.path", "registry.path", "dns.question.name", "url.full", "message",
    "destination.ip", "source.ip", "event.reason", "event.original",
)  # fmt: skip
_COLUMNS = ("host.name", "user.name", "event.action", "process.name")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row; `met`: it is one that the query asked for."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One event of the table."""

    event: StoredEvent
    cells: tuple[Cell, ...]
    telling: Cell
    url: str


@dataclass(frozen=True, slots=True)
class Results:
    """What the page shows. `next_key`: there is more; `stopped`: the budget was used up."""

    rows: list[Row]
    next_key: str | None
    stopped: bool
    total: Counted | None
    chart: SafeString | None
    seconds: float


def results(asked: Asked, team_ids: Sequence[int], after: After, *, with_chart: bool) -> Results:
    """Answer what is asked. The histogram is left out for further pages. Takes ten seconds at most for each half."""
    if asked.tree is None or asked.window is None:
        raise ValueError("what cannot be read cannot be searched for")
    started = perf_counter()
    found = search(
        tree=asked.tree,
        window=asked.window,
        team_ids=team_ids,
        indices=indices_asked(asked.tree),
        limit=ROWS,
        before=_key(after),
        budget_seconds=_BUDGET_SECONDS,
    )
    lines = None
    if with_chart:
        lines = _counted(asked.tree, asked.window, team_ids, bars=_BARS, seconds=_BUDGET_SECONDS)
    rows = [_row(event, asked) for event in found.events]
    next_key = sign_key((found.next.at.isoformat(), found.next.uid.hex()), SALT) if found.next else None
    chart = _chart(lines, asked) if lines and lines.total.number else None
    seconds = perf_counter() - started
    return Results(rows, next_key, found.stopped, lines.total if lines else None, chart, seconds)


def wider(asked: Asked, team_ids: Sequence[int], window: Window) -> Counted:
    """How many there are in a longer stretch, for a page that found none."""
    if asked.tree is None:
        return Counted(0, False, False)
    return _counted(asked.tree, window, team_ids, bars=1, seconds=2.0).total


def _counted(tree: Tree, window: Window, team_ids: Sequence[int], *, bars: int, seconds: float) -> Histogram:
    indices = indices_asked(tree)
    return histogram(tree=tree, window=window, team_ids=team_ids, indices=indices, bars=bars, budget_seconds=seconds)


def _key(after: After) -> SearchKey | None:
    if after.values is None:
        return None
    at, uid = after.values
    return SearchKey(datetime.fromisoformat(at), bytes.fromhex(uid))


def _row(event: StoredEvent, asked: Asked) -> Row:
    document = event.document()
    met = _met(asked.tree, document)
    cells = tuple(_cell(document, field, met) for field in _COLUMNS)
    telling = next((cell for field in _TELLING if (cell := _cell(document, field, met)).text), Cell("", False))
    path = reverse("events:event", args=[event.uid.hex()])
    url = address(path, day=event.day.isoformat(), q=asked.text, from_=asked.start, to=asked.end)
    return Row(event, cells, telling, url)


def _cell(document: Document, field: str, met: frozenset[str]) -> Cell:
    values = [text_of(value) for value in document.values(field)]
    return Cell(", ".join(values), any(value in met for value in values))


def _met(tree: Tree | None, document: Document) -> frozenset[str]:
    if tree is None or isinstance(tree, MatchAll):
        return frozenset()
    clauses = explain(tree, document).clauses()
    return frozenset(value for clause in clauses if clause.held and not clause.negated for value in clause.found)


def _chart(lines: Histogram, asked: Asked) -> SafeString:
    path = reverse("events:search")
    columns = [
        charts.Column(
            (bucket.count,),
            f"{localtime(bucket.start):%d %b %H:%M} to {localtime(bucket.end):%d %b %H:%M}: {bucket.count:,}",
            address(path, q=asked.text, from_=_iso(bucket.start), to=_iso(bucket.end)),
        )
        for bucket in lines.buckets
    ]
    span = lines.buckets[-1].end - lines.buckets[0].start
    form = "%H:%M" if span.total_seconds() < 2 * 86_400 else "%d %b"
    ticks = [(place, f"{localtime(lines.buckets[place].start):{form}}") for place in range(0, len(columns), 10)]
    newest = " The newest are counted." if lines.total.capped or lines.total.stopped else ""
    summary = f"Matching events over time, {len(columns)} bars, {lines.total.number:,} events.{newest}"
    return charts.histogram(columns, summary=summary, ticks=ticks, classes=("fp",), height=74)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
