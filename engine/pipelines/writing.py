"""How values are written: dates, and numbers with a fraction as Java writes them."""

import math
from datetime import datetime


def text_of_date(date: datetime) -> str:
    """A date in UTC to the millisecond: `2026-11-20T10:00:00.000Z`."""
    return f"{date.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def text_of_double(number: float) -> str:
    """A number with a fraction as Java writes it: `1.0`, `1.5E7`, `1.0E-4`."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    mantissa, exponent = _digits(number)
    return f"{mantissa}E{exponent}"


def _digits(number: float) -> tuple[str, int]:
    """The shortest digits that tell a number from all others, and its power of ten."""
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    lead = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1)
    digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}", power + lead
