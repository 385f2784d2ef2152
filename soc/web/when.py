"""Times for people: relative within a day, absolute beyond it, and always the exact UTC time within reach."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone, localtime

from soc.web.markup import format_html

DAY = timedelta(hours=24)


def exact(moment: datetime) -> str:
    """The full time in UTC: "2026-11-21 14:02:17 UTC"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def short_span(span: timedelta) -> str:
    """A span in its largest unit: "now", "40 s", "12 m", "3 h", "9 d"."""
    seconds = int(span.total_seconds())
    if seconds < 5:
        return "now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def long_span(span: timedelta) -> str:
    """A span in its two largest units: "3 d 20 h", "4 h", "12 m", and below a minute "40 s"."""
    minutes = int(span.total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "m")]
    first = next((place for place, (number, _) in enumerate(parts) if number), None)
    if first is None:
        return f"{max(int(span.total_seconds()), 0)} s"
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def spoken(moment: datetime, now: datetime) -> str:
    """Relative within a day either side, else the date in the person's time zone ("19 Nov", "19 Nov 2025")."""
    if timedelta() <= now - moment < DAY:
        age = short_span(now - moment)
        return age if age == "now" else f"{age} ago"
    if timedelta() < moment - now < DAY:
        return f"in {short_span(moment - now)}"
    local = localtime(moment)
    same_year = local.year == localtime(now).year
    return f"{local.day} {local:%b}" if same_year else f"{local.day} {local:%b %Y}"


def element(moment: datetime, words: str, zone: tzinfo | None = None) -> SafeString:
    """`<time>` with the words, the machine-readable time, and UTC and local time in its title. `zone` is the person's:
    a list asks for it once.
    """
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', *_written(moment, zone or get_current_timezone()), words
    )


@lru_cache(maxsize=4_096)
def _written(moment: datetime, zone: tzinfo) -> tuple[str, str]:
    """A moment for machines and for people. Kept, since a list shows the same ones whenever it is drawn."""
    utc = moment.astimezone(UTC)
    local = utc.astimezone(zone)
    title = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if local.utcoffset():
        title = f"{title} · {local:%H:%M:%S} {local.tzname()}"
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"), title
