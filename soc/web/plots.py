"""Larger charts for pages of figures: bars by age, paired columns, lines. SVG made as in soc/web/charts.py.

Each takes a sentence for who cannot see it; the page gives the same numbers as a table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Tick = tuple[float, str]
"""A value on the axis, and what stands beside it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a bar: the class of its colour, how many, what it says, and whether it is marked as late."""

    tone: str
    count: int
    label: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name; `mark` names the line drawn below it, such as a target that lies there."""

    label: str
    segments: Sequence[Segment]
    mark: str = ""


def stacked_bars(bars: Sequence[Bar], *, summary: str, width: int = 420, row: int = 39) -> SafeString:
    """Bars on a common start, one below the other, each with its sum at the end."""
    left, thick, room = 66, 20, 34
    most = max((sum(one.count for one in bar.segments) for bar in bars), default=0) or 1
    scale = (width - left - room) / most
    height = row * len(bars) + 2
    drawn = format_html_join(
        "", "{}{}", ((_bar(bar, n * row + 6, left, thick, scale), _mark(bar, (n + 1) * row, width))
                     for n, bar in enumerate(bars))
    )  # fmt: skip
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', width, height, summary, drawn
    )


def _bar(bar: Bar, y: int, left: int, thick: int, scale: float) -> SafeString:
    x, found = float(left), []
    for one in bar.segments:
        wide = one.count * scale
        if one.count:
            found.append(_segment(one, x, y, max(wide - 1.5, 1.5), thick))
        x += wide
    total = sum(one.count for one in bar.segments)
    return format_html(
        '<text x="0" y="{}">{}</text>{}<text class="strong" x="{}" y="{}">{}</text>',
        y + 14, bar.label, format_html_join("", "{}", ((one,) for one in found)), _n(x + 6), y + 14, total,
    )  # fmt: skip


def _segment(one: Segment, x: float, y: int, wide: float, thick: int) -> SafeString:
    late = SafeString("")
    if one.late:
        late = format_html('<rect class="f-late" x="{}" y="{}" width="{}" height="2"/>', _n(x), y + thick + 2, _n(wide))
    return format_html(
        '<g><title>{}</title><rect class="f-{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>{}</g>',
        one.label, one.tone, _n(x), y, _n(wide), thick, late,
    )  # fmt: skip


def _mark(bar: Bar, y: int, width: int) -> SafeString:
    if not bar.mark:
        return SafeString("")
    return format_html(
        '<line class="l-target" x1="0" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        width, y - 0.5, y - 0.5, width, y - 5, bar.mark,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns side by side; `tick` stands below them where it is given."""

    first: int
    second: int
    label: str
    tick: str = ""


def paired_columns(
    pairs: Sequence[Pair], *, ticks: Sequence[Tick], summary: str, width: int = 390, height: int = 204
) -> SafeString:
    """Pairs of columns over time on a common scale, whose top is the last tick."""
    base, left = height - 22, 30
    scale = (base - 8) / (ticks[-1][0] or 1)
    step = (width - left) / max(len(pairs), 1)
    thick = max((step - min(7.0, step / 3)) / 2, 0.8)
    columns = [
        (pair.label, *_column("fp", left + n * step + 3, thick, base, pair.first * scale),
         *_column("accent", left + n * step + 3 + thick + 0.6, thick, base, pair.second * scale))
        for n, pair in enumerate(pairs)
    ]  # fmt: skip
    rects = '<rect class="f-{}" x="{}" y="{}" width="{}" height="{}"/>' * 2
    below = [(_n(left + n * step + step / 2), height - 6, pair.tick) for n, pair in enumerate(pairs) if pair.tick]
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        width, height, summary, _grid(ticks, left, width, base, scale),
        format_html_join("", f"<g><title>{{}}</title>{rects}</g>", columns),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', below),
    )  # fmt: skip


def _column(tone: str, x: float, wide: float, base: int, tall: float) -> tuple[str, str, str, str, str]:
    return tone, _n(x), _n(base - tall), _n(wide), _n(tall)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with gaps where there is no value; its name and what to know of it stand at its end."""

    tone: str
    values: Sequence[float | None]
    name: str
    note: str


def lines(
    drawn: Sequence[Line],
    *,
    ticks: Sequence[Tick],
    below: Sequence[tuple[int, str]],
    summary: str,
    width: int = 390,
    height: int = 204,
) -> SafeString:
    """Lines over time with their names at the end instead of a legend. `below` are (index of the point, text)."""
    base, left, right = height - 22, 34, width - 104
    scale = (base - 8) / (ticks[-1][0] or 1)
    number = max((len(line.values) for line in drawn), default=1)
    step = (right - left - 12) / max(number - 1, 1)
    places = [[(left + 6 + n * step, base - value * scale) if value is not None else None
               for n, value in enumerate(line.values)] for line in drawn]  # fmt: skip
    names = _apart([points[-1][1] if points and points[-1] else float(base) for points in places], base)
    parts = [
        *(_line(line, points) for line, points in zip(drawn, places, strict=True)),
        *(_name(line, right + 6, y) for line, y in zip(drawn, names, strict=True)),
        *(format_html('<text x="{}" y="{}" text-anchor="middle">{}</text>', _n(left + 6 + n * step), height - 6, text)
          for n, text in below),
    ]  # fmt: skip
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        width, height, summary, _grid(ticks, left, right, base, scale),
        format_html_join("", "{}", ((part,) for part in parts)),
    )  # fmt: skip


def _line(line: Line, points: Sequence[tuple[float, float] | None]) -> SafeString:
    path, pen_up = [], True
    for point in points:
        if point is not None:
            path.append(f"{'M' if pen_up else 'L'}{point[0]:.1f} {point[1]:.1f}")
        pen_up = point is None
    last = next((point for point in reversed(points) if point is not None), None)
    if last is None:
        return SafeString("")
    return format_html(
        '<path class="l-{}" d="{}"/><circle class="f-{}" cx="{}" cy="{}" r="3"/>',
        line.tone, " ".join(path), line.tone, _n(last[0]), _n(last[1]),
    )  # fmt: skip


def _name(line: Line, x: float, y: float) -> SafeString:
    return format_html(
        '<text class="strong" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text>',
        _n(x), _n(y), line.name, _n(x), _n(y + 14), line.note,
    )  # fmt: skip


def _apart(wanted: Sequence[float], base: int, room: int = 32) -> list[float]:
    """Where names stand so that none covers another: as near to their line's end as that allows."""
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    placed = dict.fromkeys(order, 0.0)
    floor = float(base - 12)
    for n in reversed(order):
        placed[n] = max(min(wanted[n], floor), 10.0)
        floor = placed[n] - room
    return [placed[n] for n in range(len(wanted))]


def _grid(ticks: Sequence[Tick], left: int, right: int, base: int, scale: float) -> SafeString:
    rows = [
        ("axis" if value == 0 else "grid", left, right, _n(base - value * scale), _n(base - value * scale),
         left - 6, _n(base - value * scale + 4), text)
        for value, text in ticks
    ]  # fmt: skip
    return format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        rows,
    )


_STEPS_OF_TIME = (
    (1, "s", (5, 10, 15, 30)),
    (60, "min", (1, 2, 5, 10, 15, 20, 30)),
    (3_600, "h", (1, 2, 3, 4, 6, 8, 12)),
    (86_400, "d", (1, 2, 3, 5, 7, 10, 14, 30, 60, 90, 180, 365)),
)


def time_ticks(most_seconds: float) -> list[Tick]:
    """At most five round values that reach `most_seconds`, each with its unit."""
    for seconds, unit, steps in _STEPS_OF_TIME:
        for step in steps:
            if step * seconds * 4 >= most_seconds:
                number = next(n for n in range(1, 5) if step * seconds * n >= most_seconds)
                return [(float(step * seconds * n), f"{step * n} {unit}") for n in range(number + 1)]
    return [(0.0, "0 d"), (most_seconds, f"{most_seconds / 86_400:.0f} d")]


def count_ticks(most: int) -> list[Tick]:
    """0, half and the top: the round number at or above `most`."""
    top, power = 2, 1
    while top < most:
        tops = [power * step for step in (2, 4, 6, 8, 10, 12, 16, 20)]
        top = next((one for one in tops if one >= most), tops[-1])
        power *= 10
    return [(0.0, "0"), (top / 2, f"{top // 2:,}"), (float(top), f"{top:,}")]


def _n(value: float) -> str:
    return f"{value:.1f}"
