"""Lucene's `<1-99>`: expressions for the whole numbers of an interval, as short as the digits of its bounds.

Source: Lucene's documentation of RegExp: bounds written with as many digits ask for exactly so many.
"""


def is_bound(text: str) -> bool:
    """Whether a text can bound an interval."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def interval_source(low: int, high: int, digits: int) -> str:
    """Whole numbers from low to high: of exactly so many digits, or (0) with any zeros in front."""
    if digits:
        return "(?:" + "|".join(_spans(str(low).zfill(digits), str(high).zfill(digits))) + ")"
    parts: list[str] = []
    for length in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (length - 1) if length > 1 else 0)
        parts += _spans(str(first), str(min(high, 10**length - 1)))
    return "(?:0*(?:" + "|".join(parts) + "))"


def _spans(low: str, high: str) -> list[str]:
    """Expressions for the numbers between two of the same length, as many as the length at most on either side."""
    if low == high:
        return [low]
    shared = 0
    while low[shared] == high[shared]:
        shared += 1
    head, low, high = low[:shared], low[shared:], high[shared:]
    rest = len(low) - 1
    if rest == 0:
        return [f"{head}[{low}-{high}]"]
    parts = [head + low[0] + tail for tail in _from(low[1:])]
    if int(high[0]) - int(low[0]) > 1:
        parts.append(f"{head}[{int(low[0]) + 1}-{int(high[0]) - 1}][0-9]{{{rest}}}")
    return parts + [head + high[0] + tail for tail in _up_to(high[1:])]


def _from(low: str) -> list[str]:
    """The numbers of this length that are not smaller."""
    parts = [low]
    for at in range(len(low) - 1, -1, -1):
        if low[at] < "9":
            rest = len(low) - at - 1
            parts.append(f"{low[:at]}[{int(low[at]) + 1}-9]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return parts


def _up_to(high: str) -> list[str]:
    """The numbers of this length that are not larger."""
    parts = [high]
    for at in range(len(high) - 1, -1, -1):
        if high[at] > "0":
            rest = len(high) - at - 1
            parts.append(f"{high[:at]}[0-{int(high[at]) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return parts
