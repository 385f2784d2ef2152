"""The five numbers at the top of the page, each with its line, its drawing and what it rests on."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from soc.health.sentence import REFUSED_SHARE, many
from soc.health.state import Health
from soc.health.storage import size_of
from soc.web.charts import bar, sparkline

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, its unit, whether it is bad, a drawing, and a line below it."""

    title: str
    value: str
    unit: str
    bad: bool
    drawing: SafeString
    below: str


def figures(health: Health) -> Iterator[Figure]:
    """Events a second, behind now, event to alert, refused, room."""
    yield _arriving(health)
    yield _behind(health)
    yield _event_to_alert(health)
    yield _refused(health)
    yield _room(health)


def _arriving(health: Health) -> Figure:
    flow = health.flow
    value = f"{flow.per_second:.1f}" if 0 < flow.per_second < 10 else f"{flow.per_second:,.0f}"
    return Figure("Events a second", value, "", False, sparkline(flow.hourly("events"), summary="Events by hour, 24 h"),
                  f"{short(flow.events)} in 24 h")  # fmt: skip


def _behind(health: Health) -> Figure:
    flow, seconds = health.flow, health.backlog.oldest_seconds
    within, worst = flow.lag.share_within(0.99), flow.worst
    parts = [f"99 % within {within:g} s" if within else "", _worst(health) if worst else "nothing judged in 24 h"]
    value, unit = (f"{seconds:.1f}", "s") if seconds < 120 else (f"{seconds / 60:,.0f}", "min")
    drawing = sparkline(flow.hourly("worst_seconds"), summary="Longest wait by hour, 24 h")
    return Figure("Behind, now", value, unit, seconds > 60, drawing, ", ".join(filter(None, parts)))


def _worst(health: Health) -> str:
    worst = health.flow.worst
    return f"worst {span(worst.worst_seconds)} at {localtime(worst.start):%H:%M}" if worst else ""


def _event_to_alert(health: Health) -> Figure:
    found = health.detection
    if found.median is None or found.ninetieth is None:
        return Figure("Event to alert, median", _NOTHING, "", False, SafeString(""), "no alert in 24 h")
    value, unit = span(found.median).split(" ", 1)
    drawing = sparkline(found.medians, summary="Median by hour, 24 h") if len(found.medians) > 1 else SafeString("")
    return Figure("Event to alert, median", value, unit, False, drawing, f"90th percentile {span(found.ninetieth)}")


def _refused(health: Health) -> Figure:
    flow = health.flow
    hosts = f", from {flow.refused_from:,} {many(flow.refused_from, 'host', 'hosts')}" if flow.refused_from else ""
    drawing = sparkline(flow.hourly("refused"), summary="Refused by hour, 24 h")
    return Figure("Refused events", f"{flow.refused:,}", "", flow.refused_share > REFUSED_SHARE, drawing,
                  f"{100 * flow.refused_share:.2f} % of 24 h{hosts}")  # fmt: skip


def _room(health: Health) -> Figure:
    kept = health.storage
    if kept.disk is None:
        return Figure("Room for", _NOTHING, "", False, SafeString(""), "the database’s disk is on another machine")
    drawing = bar(kept.disk.used_share, summary=f"{kept.disk.used_share:.0%} of the disk is used")
    if kept.room_days is None or kept.bytes_a_day is None:
        return Figure(
            "Room for", size_of(kept.disk.free), "", False, drawing, "days are known after the first whole one"
        )
    days = min(kept.room_days, 9_999)
    value = f"{days:,.0f}" + ("+" if kept.room_days > days else "")
    below = f"{many(round(days), 'day', 'days')} at {size_of(kept.bytes_a_day)} a day; {len(kept.days)} are kept"
    return Figure(
        "Room for", value, many(round(days), "day", "days"), kept.room_days < 7, drawing, below.split(" ", 1)[1]
    )


def span(seconds: float) -> str:
    """ "1.9 s", "41 s", "12 min", "3 h", "9 d"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (120, "")):
        if seconds >= size and unit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def short(number: int) -> str:
    """3.1 M, 40 k, 812."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if number >= size:
            return f"{number / (size if unit != 'k' else 1_000):,.{0 if unit == 'k' else 1}f} {unit}"
    return f"{number:,}"
