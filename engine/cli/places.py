"""Where in a rule file an error lies: the place inside the query moved to that in the file, or the line of the key."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.errors import LanguageError, RuleFileError

_TOML_PLACE = re.compile(r"line (\d+), column (\d+): ")
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\n\s*|.)", re.DOTALL)
_SHORT_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class Place(NamedTuple):
    """Line and column, counted from 1; None where nobody knows."""

    line: int | None
    column: int | None


def place_in_file(text: str, error: RuleFileError, query: str | None = None) -> Place:
    """The place of an error in a TOML rule file; that inside the query where the file does not show the query."""
    if error.cause is not None:
        return _of_query(text, error, error.cause, query or "")
    found = _TOML_PLACE.match(error.message)
    if found is not None:
        return Place(int(found[1]), int(found[2]))
    return _of_key(text, error.key)


def _of_query(text: str, error: RuleFileError, cause: LanguageError, query: str) -> Place:
    key = re.escape((error.key or "").rpartition(".")[2])
    opening = re.compile(rf"^[ \t]*{key}[ \t]*=[ \t]*(\"\"\"\n?|'''\n?|\"|')", re.MULTILINE)
    for found in opening.finditer(text):
        offsets = _offsets(text, found.end(), query, basic=found[1].startswith('"'))
        if offsets is not None:
            return _at(text, offsets[min(_offset_of(query, cause), len(offsets) - 1)])
    return Place(cause.line, cause.column)


def _offset_of(query: str, cause: LanguageError) -> int:
    lines = query.split("\n")[: cause.line - 1]
    return sum(len(line) + 1 for line in lines) + cause.column - 1


def _offsets(text: str, start: int, query: str, *, basic: bool) -> list[int] | None:
    """Where in the file each character of the query is written, and where it ends; None when it is not this text."""
    offsets: list[int] = []
    for offset, character in _characters(text, start, basic=basic):
        offsets.append(offset)
        if len(offsets) > len(query):
            return offsets
        if character != query[len(offsets) - 1]:
            return None
    return None


def _characters(text: str, start: int, *, basic: bool) -> Iterator[tuple[int, str]]:
    """The characters of a TOML string from its first on, each with its place; goes on behind its end."""
    at = start
    while at < len(text):
        escape = _ESCAPE.match(text, at) if basic else None
        if escape is None:
            yield at, text[at]
            at += 1
            continue
        if not escape[0][1:].isspace():
            yield at, _unescaped(escape[0][1:])
        at = escape.end()
    yield at, ""


def _unescaped(escape: str) -> str:
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _SHORT_ESCAPES.get(escape, escape)


def _at(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _of_key(text: str, key: str | None) -> Place:
    """Where the key is written, when it is written once as `key =` or as a table."""
    if key is None:
        return Place(None, None)
    name = re.escape(re.sub(r"\[\d+\]$", "", key.rpartition(".")[2]))
    written = re.compile(rf"^[ \t]*(?:{name}[ \t]*=|\[+[\w.\"]*{name}\]+)", re.MULTILINE)
    places = [found.start() for found in written.finditer(text)]
    return Place(text.count("\n", 0, places[0]) + 1, 1) if len(places) == 1 else Place(None, None)
