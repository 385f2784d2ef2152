"""The page's own charts: events a second above seconds behind on one clock, and what each day takes on disk."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from soc.health.flow import Bucket, Flow
from soc.health.storage import size_of
from soc.health.stores import Disk
from soc.web.charts import bar
from soc.web.when import short_span

WIDTH = 640
_LEFT, _TOP, _MIDDLE, _HEIGHT = 40, 8, 84, 152
_BOTTOM = _HEIGHT - 20
_LAG_TALL = 30
BAD_SECONDS = 5.0
_STEPS = (1, 2, 5)


def flow_chart(flow: Flow) -> SafeString:
    """Arrivals as an area, the worst wait of each quarter of an hour as a column below; the worst of all is named."""
    rates = [bucket.per_second for bucket in flow.buckets]
    step = (WIDTH - _LEFT) / len(rates)
    top = round_up(max(rates))
    points = [(_LEFT + at * step, _MIDDLE - rate / top * (_MIDDLE - _TOP)) for at, rate in enumerate(rates)]
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>',
        WIDTH, _HEIGHT, _summary(flow), _scale(top), _area(points), _columns(flow, step), _clock(flow.buckets, step),
    )  # fmt: skip


def storage_chart(days: Sequence[tuple[date, int]], width: int = 590, height: int = 84) -> SafeString:
    """A column a day, the one that goes next in grey."""
    base, step, most = height - 18, width / max(len(days), 1), max((size for _, size in days), default=0) or 1
    columns = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', (
        (
            "f-dup" if not at and len(days) > 1 else "f-accent",
            _n(at * step + 1), _n(base - size / most * (base - 6)), _n(min(max(step - 2, 1), 40)),
            _n(max(size / most * (base - 6), 1)), f"{day:%d %b}: {size_of(size)}",
        )
        for at, (day, size) in enumerate(days)
    ))  # fmt: skip
    first = f"{days[0][0].day} {days[0][0]:%b}" if days else ""
    label = f"Stored events by day, {len(days)} days, {size_of(sum(size for _, size in days))} together"
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}'
        '<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/><text x="0" y="{}">{}</text>'
        '<text x="{}" y="{}" text-anchor="end">{}</text></svg>',
        width, height, label, columns, width, base + 0.5, base + 0.5, height - 3,
        f"{first}, dropped next" if len(days) > 1 else first, width, height - 3, "today" if len(days) > 1 else "",
    )  # fmt: skip


def disk_bar(disk: Disk | None) -> SafeString:
    """How full the disk is."""
    if disk is None:
        return SafeString("")
    return bar(disk.used_share, summary=f"{disk.used_share:.0%} of the disk is used", width=590)


def round_up(value: float) -> float:
    """The next round number of an axis: 1, 2 or 5 times a power of ten, and never nothing."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value > 0 and power > 0.01:
        power /= 10
    return next((step * power for step in _STEPS if step * power >= value), 10 * power)


def _summary(flow: Flow) -> str:
    worst = flow.worst
    behind = f"at worst {worst.worst_seconds:.1f} seconds behind at {_time(worst)}" if worst else "nothing was judged"
    return f"Events a second and seconds behind over 24 hours: {flow.events:,} events; {behind}"


def _scale(top: float) -> SafeString:
    lines = [(top * part, _MIDDLE - part * (_MIDDLE - _TOP)) for part in (0, 0.5, 1)]
    return format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            ("grid" if value else "axis", _LEFT, WIDTH, _n(y), _n(y), _LEFT - 5, _n(y + 4), f"{value:,.6g}")
            for value, y in lines
        ),
    )


def _area(points: Sequence[tuple[float, float]]) -> SafeString:
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    left, right = points[0][0], points[-1][0]
    return format_html(
        '<path class="a-accent" d="M{} {} L{} L{} {}Z"/><path class="l-accent thin" d="M{}"/>',
        _n(left), _MIDDLE, line, _n(right), _MIDDLE, line,
    )  # fmt: skip


def _columns(flow: Flow, step: float) -> SafeString:
    """The worst waits, in red above five seconds; the highest is named."""
    most = max(max(bucket.worst_seconds for bucket in flow.buckets), BAD_SECONDS)
    rects = []
    for at, bucket in enumerate(flow.buckets):
        if bucket.worst_seconds:
            tall = max(bucket.worst_seconds / most * _LAG_TALL, 1)
            name = "f-tp" if bucket.worst_seconds > BAD_SECONDS else "f-fp"
            rects.append((name, _n(_LEFT + at * step + 0.8), _n(_BOTTOM - tall), _n(step - 1.6), _n(tall)))
    drawn = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', rects)
    axis = format_html(
        '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>', _LEFT, WIDTH, _BOTTOM + 0.5, _BOTTOM + 0.5
    )
    scale = format_html(
        '<text x="{}" y="{}" text-anchor="end">{}</text>', _LEFT - 5, _BOTTOM - _LAG_TALL + 8, _span(most)
    )
    return drawn + axis + scale + _named(flow, step)


def _named(flow: Flow, step: float) -> SafeString:
    worst = flow.worst
    if worst is None or worst.worst_seconds <= BAD_SECONDS:
        return SafeString("")
    x = _LEFT + flow.buckets.index(worst) * step
    left = x > WIDTH / 2
    return format_html(
        '<text class="strong" x="{}" y="{}" text-anchor="{}">{}</text>',
        _n(x - 4 if left else x + step + 4), _BOTTOM - _LAG_TALL + 8, "end" if left else "start",
        f"{_time(worst)} {_span(worst.worst_seconds)} behind",
    )  # fmt: skip


def _clock(buckets: Sequence[Bucket], step: float) -> SafeString:
    """Every sixth hour of the person's day, the weekday at midnight, and now."""
    local = [(at, localtime(bucket.start)) for at, bucket in enumerate(buckets)]
    hours = [(at, time) for at, time in local if not time.hour % 6 and not time.minute]
    texts = [(_LEFT + at * step, f"{time:%H:%M %a}" if not time.hour else f"{time:%H:%M}") for at, time in hours]
    placed = [(_n(x), _HEIGHT - 4, text) for x, text in texts if x < WIDTH - 70]
    drawn = format_html_join("", '<text x="{}" y="{}">{}</text>', placed)
    return drawn + format_html('<text x="{}" y="{}" text-anchor="end">now</text>', WIDTH, _HEIGHT - 4)


def _time(bucket: Bucket) -> str:
    return f"{localtime(bucket.start):%H:%M}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else short_span(timedelta(seconds=seconds))


def _n(value: float) -> str:
    return f"{value:.1f}"
