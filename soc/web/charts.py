"""Charts as SVG made on the server: geometry in attributes, colours by class, so a strict style policy suffices.

Every chart has a sentence for who cannot see it; pages add the same numbers as a table where they matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from soc.web.markup import NOTHING, format_html, format_html_join, joined

SEVERITIES = ("low", "medium", "high", "critical")  # from the base of a column upwards, in the order of the ramp


@dataclass(frozen=True, slots=True)
class Column:
    """One bucket of a histogram: a count for each severity, low first, and where a click on it leads."""

    counts: tuple[int, ...]
    label: str
    url: str = ""


def histogram(
    columns: Sequence[Column],
    *,
    summary: str,
    ticks: Sequence[tuple[int, str]] = (),
    classes: Sequence[str] = SEVERITIES,
    width: int = 1328,
    height: int = 60,
) -> SafeString:
    """Stacked columns on a common base line; `ticks` are (index of the column, text)."""
    base = height - 16
    step = width / max(len(columns), 1)
    tallest = max((sum(column.counts) for column in columns), default=0) or 1
    scale = (base - 2) / tallest
    names = tuple(classes)
    bars = joined(_column(c, i * step, step, base, scale, names) for i, c in enumerate(columns))
    role = "group" if any(column.url for column in columns) else "img"  # what is inside an image cannot be a link
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="{}" aria-label="{}">{}'
        '<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/>{}</svg>',
        width, height, role, summary, bars, width, base + 0.5, base + 0.5, _ticks(ticks, step, width, height),
    )  # fmt: skip


@lru_cache(maxsize=2_048)
def _column(column: Column, x: float, step: float, base: int, scale: float, classes: tuple[str, ...]) -> SafeString:
    """A hundred of them stand above a list, so what is nothing but numbers and classes of ours is written as it is, and
    those that were drawn are kept: all but the last few are the same from list to list."""
    y, rects = float(base), ""
    place = f'x="{x + 1:.1f}" width="{max(step - 2, 1):.1f}"'
    for name, count in zip(classes, column.counts, strict=False):
        if count:
            tall = max(count * scale - 0.6, 0.8)
            y -= tall
            rects += f'<rect class="f-{name}" {place} y="{y:.1f}" height="{tall:.1f}"/>'
            y -= 0.6
    if not rects:
        return NOTHING
    titled = format_html("<g><title>{}</title>{}</g>", column.label, SafeString(rects))
    if not column.url:
        return titled
    return format_html('<a href="{}" aria-label="{}">{}</a>', column.url, column.label, titled)


def _ticks(ticks: Sequence[tuple[int, str]], step: float, width: int, height: int) -> SafeString:
    placed = []
    for index, text in ticks:
        x = index * step
        anchor = "start" if x < 40 else "end" if x > width - 40 else "middle"
        placed.append((_n(x), height - 2, anchor, text))
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', placed)


def ranges(bars: int) -> SafeString:
    """The brush for the keyboard; shown by the script that it needs."""
    return format_html(
        '<span class="ranges" data-brush-ranges hidden><label><span class="visually-hidden">{}</span>'
        '<input type="range" min="0" max="{}" value="0" step="1" data-brush-range="from"></label>'
        '<label><span class="visually-hidden">{}</span>'
        '<input type="range" min="0" max="{}" value="{}" step="1" data-brush-range="to"></label></span>',
        _("First bar"), bars, _("Last bar"), bars, bars,
    )  # fmt: skip


def verdict_bar(
    *, true_positive: int, benign: int, false_positive: int, duplicate: int = 0, few: bool = False, width: int = 88,
    height: int = 8,
) -> SafeString:  # fmt: skip
    """How alerts like this one were closed, as one bar: faded while they are too `few` to say anything; words where
    nothing was closed yet."""
    parts = (("tp", true_positive), ("benign", benign), ("fp", false_positive), ("dup", duplicate))
    total = sum(count for _, count in parts)
    if not total:
        return format_html('<span class="faint xs">{}</span>', "no verdicts yet")
    x, rects = 0.0, []
    for name, count in parts:
        share = width * count / total
        if count:
            rects.append((name, _n(x), _n(max(share - 1, 1.5)), height))
        x += share
    label = (
        f"Past verdicts: {true_positive} true positive, {benign} benign positive, "
        f"{false_positive} false positive, {duplicate} duplicate{', too few to say' if few else ''}"
    )
    drawn = format_html_join("", '<rect class="f-{}" x="{}" y="0" width="{}" height="{}" rx="1"/>', rects)
    return format_html(
        '<svg class="minibar{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        " few" if few else "", width, height, label, drawn,
    )  # fmt: skip


def sparkline(values: Sequence[float], *, summary: str = "", width: int = 84, height: int = 28) -> SafeString:
    """A line without axes for a table cell; the last value has a dot."""
    if not values:
        return SafeString("")
    low, high = min(values), max(values)
    across, span = (width - 6) / max(len(values) - 1, 1), (high - low) or 1
    points = [(2 + i * across, height - 4 - (value - low) / span * (height - 8)) for i, value in enumerate(values)]
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><path class="l-accent" d="{}"/>'
        '<circle class="f-accent" cx="{}" cy="{}" r="2.6"/></svg>',
        width, height, summary, path, _n(points[-1][0]), _n(points[-1][1]),
    )  # fmt: skip


def bar(share: float, *, tone: str = "accent", summary: str = "", width: int = 100, height: int = 6) -> SafeString:
    """A share between 0 and 1 as one bar."""
    filled = width * min(max(share, 0.0), 1.0)
    return format_html(
        '<svg class="bar" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="f-line" width="{}" height="{}"/><rect class="f-{}" width="{}" height="{}"/></svg>',
        width, height, summary, width, height, tone, _n(filled), height,
    )  # fmt: skip


def _n(value: float) -> str:
    return f"{value:.1f}"
