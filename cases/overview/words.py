"""Figures as people say them: spans in their two largest units, changes, and how a line goes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR = 60, 3_600


def span_parts(seconds: float) -> list[tuple[str, str]]:
    """A span in at most two units, small ones where they matter: 4.2 s, 9 min 30 s, 14 min, 3 h 14 min, 2 d 5 h."""
    if seconds < 9.95:
        return [(f"{seconds:.1f}".removesuffix(".0"), "s")]
    if round(seconds) < 10 * MINUTE:
        return _two(round(seconds), MINUTE, ("min", "s"))
    if round(seconds / MINUTE) < 60:
        return [(str(round(seconds / MINUTE)), "min")]
    if round(seconds / MINUTE) < 24 * 60:
        return _two(round(seconds / MINUTE), 60, ("h", "min"))
    return _two(round(seconds / HOUR), 24, ("d", "h"))


def _two(whole: int, many: int, units: tuple[str, str]) -> list[tuple[str, str]]:
    """`whole` of the smaller unit, `many` of which make one of the larger; without what is nothing."""
    parts = zip(divmod(whole, many), units, strict=True)
    return [(str(number), unit) for number, unit in parts if number]


def span_text(seconds: float | None) -> str:
    """The span as text; a dash for none."""
    if seconds is None:
        return "–"
    return " ".join(f"{number} {unit}" for number, unit in span_parts(seconds))


def span_html(seconds: float | None) -> SafeString:
    """The span with small units."""
    if seconds is None:
        return SafeString("–")
    return format_html_join(" ", "{} <small>{}</small>", span_parts(seconds))


def percent_html(share: float | None) -> SafeString:
    """A share between 0 and 1, in whole hundredths."""
    return SafeString("–") if share is None else format_html("{} <small>%</small>", round(share * 100))


def within(span: timedelta) -> str:
    """A target: "4 h", "1 d", "30 min"."""
    return span_text(span.total_seconds())


def change(now: int, before: int) -> str:
    """What became of a number in a week."""
    if now == before:
        return _("as a week ago")
    words = _("up %(n)s from a week ago") if now > before else _("down %(n)s from a week ago")
    return words % {"n": f"{abs(now - before):,}"}


def run_of(values: Sequence[float | None]) -> tuple[int, bool]:
    """For how many of the latest steps the value rose, or fell, without a break; and whether it rose."""
    known = [value for value in values if value is not None]
    steps = [after - before for before, after in pairwise(known)]
    if not steps or steps[-1] == 0:
        return 0, False
    rises = steps[-1] > 0
    number = 0
    for step in reversed(steps):
        if step == 0 or (step > 0) != rises:
            break
        number += 1
    return number, rises


def course(values: Sequence[float | None]) -> str:
    """How a weekly line goes, in a word or two; empty where there is too little to say."""
    number, rises = run_of(values)
    if number >= 3:
        words = _("rising for %(n)s weeks") if rises else _("falling for %(n)s weeks")
        return words % {"n": number}
    known = [value for value in values if value is not None]
    if len(known) < 4 or not known[0]:
        return ""
    ratio = known[-1] / known[0]
    if ratio <= 0.55:
        return _("halved") if ratio > 0.4 else _("much shorter")
    return _("doubled") if 1.8 <= ratio < 2.5 else _("steady") if 0.85 <= ratio <= 1.15 else ""


def day(moment: datetime) -> str:
    """The day of a moment in the person's zone: "7 Nov"."""
    return f"{localtime(moment):%-d %b}"


def alerts_word(number: int) -> str:
    """ "1 alert", "12 alerts"."""
    return ngettext("%(n)s alert", "%(n)s alerts", number) % {"n": f"{number:,}"}
