"""The time zones a person may choose; times are stored in UTC and only shown in these."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def names() -> tuple[str, ...]:
    """Every zone of the system's database that stands for a place, and UTC first."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ("UTC", *places)


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC if this machine does not know it (any more)."""
    return ZoneInfo(name if name in names() else "UTC")
