"""Where in a rule file an error lies: the place inside the query moved to that in the file, or the line of the key."""

import re
from typing import NamedTuple

from engine.errors import RuleFileError

_TOML_PLACE = re.compile(r"line (\d+), column (\d+): ")


class Place(NamedTuple):
    """Line and column, counted from 1; None where nobody knows."""

    line: int | None
    column: int | None


def place_in_file(text: str, error: RuleFileError, query: str | None = None) -> Place:
    """The place of an error in a TOML rule file. Where the query of the file is written with escapes it cannot be found
    in its text; then the place is that inside the query."""
    if error.cause is not None:
        start = text.find(query) if query else -1
        return _within(text, start, error.cause.line, error.cause.column)
    found = _TOML_PLACE.match(error.message)
    if found is not None:
        return Place(int(found[1]), int(found[2]))
    return _of_key(text, error.key)


def _within(text: str, start: int, line: int, column: int) -> Place:
    if start < 0:
        return Place(line, column)
    before = text.count("\n", 0, start)
    first = start - (text.rfind("\n", 0, start) + 1)
    return Place(before + line, column + first if line == 1 else column)


def _of_key(text: str, key: str | None) -> Place:
    """Where the key is written, when it is written once as `key =` or as a table."""
    if key is None:
        return Place(None, None)
    name = re.escape(re.sub(r"\[\d+\]$", "", key.rpartition(".")[2]))
    written = re.compile(rf"^[ \t]*(?:{name}[ \t]*=|\[+[\w.\"]*{name}\]+)", re.MULTILINE)
    places = [found.start() for found in written.finditer(text)]
    return Place(text.count("\n", 0, places[0]) + 1, 1) if len(places) == 1 else Place(None, None)
