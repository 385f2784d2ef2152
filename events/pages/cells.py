"""Values of columns as cells of a table: made here and not in templates, since a page has ten thousand of them.

What stands in an event is hostile: everything is escaped, and what cannot be seen is drawn (soc/web/evidence.py).
"""

from collections.abc import Callable
from datetime import datetime
from html import escape as quoted

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from engine.pipelines.types import One, Type, Value
from engine.pipelines.writing import text_of_double
from soc.web import when
from soc.web.evidence import show

FOLD_AT = 300
MOST_CHARACTERS = 2_000
"""So many of a text are drawn; its event, or the query over the API, has the rest."""
SHOWN_VALUES = 10
"""Of several values of a cell the first so many; a column of VALUES() may have very many."""
NUMBERS = frozenset({Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG, Type.DOUBLE})
_LONG = 60
"""Longer texts are broken into lines; shorter ones make their column as wide as they are."""
_CLASS = SafeString(' class="long"')
_NULL = SafeString('<td class="null">null</td>')
_EMPTY = SafeString('<span class="null">empty</span>')


def cell(value: Value, kind: Type, led: Callable[[One, bool], str] | None = None) -> SafeString:
    """One `<td>`, its values buttons where they lead somewhere (row_links.py). Costs some microseconds for short
    texts."""
    if value is None:
        return _NULL
    if isinstance(value, tuple):
        long = any(isinstance(one, str) and len(one) > _LONG for one in value[:SHOWN_VALUES])
        return format_html("<td{}>{}</td>", _CLASS if long else "", _several(value, led))
    inside = _led(value, led, several=False)
    if isinstance(value, str) and len(value) > _LONG:
        return mark_safe(f'<td class="long"><span>{inside}</span></td>')  # noqa: S308  (`_one` has escaped it)
    if kind in NUMBERS:
        return mark_safe(f'<td class="num">{inside}</td>')  # noqa: S308
    return mark_safe(f"<td>{inside}</td>")  # noqa: S308


def _several(values: tuple[One, ...], led: Callable[[One, bool], str] | None) -> SafeString:
    shown = ((_led(value, led, several=True),) for value in values[:SHOWN_VALUES])
    items = format_html_join("", "<li>{}</li>", shown)
    left = len(values) - SHOWN_VALUES
    more = format_html('<li class="null">and {} more</li>', f"{left:,}") if left > 0 else ""
    return format_html('<ul class="several">{}{}</ul>', items, more)


def _led(value: One, led: Callable[[One, bool], str] | None, *, several: bool) -> SafeString:
    inside, told = _one(value), led(value, several) if led is not None else ""
    if not told:
        return inside
    return SafeString(f'<button class="v" name="only" value="{quoted(told)}">{inside}</button>')


def _one(value: One) -> SafeString:
    if isinstance(value, str):
        return _text(value) if value else _EMPTY
    if isinstance(value, bool):
        return SafeString("true" if value else "false")
    if isinstance(value, float):
        return SafeString(text_of_double(value))
    if isinstance(value, datetime):
        return when.element(value, f"{localtime(value):%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}")
    return escape(str(value))


def _text(text: str) -> SafeString:
    if len(text) <= FOLD_AT and text.isascii() and text.isprintable():
        return escape(text)
    left = len(text) - MOST_CHARACTERS
    more = format_html(' <span class="null">and {} more characters</span>', f"{left:,}") if left > 0 else ""
    return format_html("{}{}", show(text[:MOST_CHARACTERS], FOLD_AT), more)
