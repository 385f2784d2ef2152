"""Times between the events of one alert: short, and exact where seconds tell attackers from people."""

from datetime import timedelta

from soc.web.when import long_span

_MINUTE = timedelta(minutes=1)


def span_of(span: timedelta) -> str:
    """A span: "120 ms", "3.2 s", "1 m 20 s", "2 h 5 m"; empty for none."""
    if not span:
        return ""
    if span < timedelta(seconds=1):
        return f"{max(round(span / timedelta(milliseconds=1)), 1)} ms"
    if span < _MINUTE:
        return f"{span.total_seconds():.1f} s".replace(".0 s", " s")
    if span < timedelta(hours=1):
        minutes, seconds = divmod(int(span.total_seconds()), 60)
        return f"{minutes} m {seconds} s" if seconds else f"{minutes} m"
    return long_span(span)


def gap(span: timedelta) -> str:
    """The time since the event before: "+3.2 s", "at once" for none."""
    return f"+{span_of(span)}" if span else "at once"
