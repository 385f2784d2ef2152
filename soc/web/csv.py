"""CSV that is safe to open in a spreadsheet, written row by row so that its length costs no memory.

A spreadsheet runs a cell that begins like a formula, and names from events may: such a cell gets an apostrophe in
front, which spreadsheets take for "this is text". Where the comma is the decimal sign, spreadsheets split lines at
semicolons and heed a quote only where such a cell begins, so what follows a semicolon or a line's end within a cell is
treated alike. Source: OWASP, CSV Injection.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import StreamingHttpResponse

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also the full-width ones
_UNSEEN = " \u00a0\ufeff\u200b"  # blanks, and signs without width, which a spreadsheet skips before it looks
_WITHIN = re.compile(
    r'((?:(?s:(?<=.))[\t\r\n]|;)[;\t\r\n]*)(?=[\s"\u00a0\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20])'
)


class _Echo:
    """A file that hands back what is written to it, which is what csv.writer returns."""

    def write(self, line: str) -> str:
        return line


def safe_cell(value: object) -> str:
    """The value as a cell: nothing for None, times as UTC, numbers as they are, and no text that runs as a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).replace("\x00", "")
    if isinstance(value, int | float):
        return text
    text = _WITHIN.sub(r"\1'", text)
    return f"'{text}" if text.lstrip(_UNSEEN).startswith(_FORMULA) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file line by line, every cell quoted and safe."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield str(writer.writerow([safe_cell(cell) for cell in header]))
    for row in rows:
        yield str(writer.writerow([safe_cell(cell) for cell in row]))


def answer(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """The file as a download. `filename` is ours, never what a client sent."""
    response = StreamingHttpResponse(lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response
