"""Where in a rule file an error lies: the place inside the query moved to that in the file, or the line of the key."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from engine.errors import LanguageError, RuleFileError

_TOML_PLACE = re.compile(r"line (\d+), column (\d+): ")
_HEADER = re.compile(r"^[ \t]*\[\[?(?P<name>[^\[\]\n=]+)\]", re.MULTILINE)
_LONG_TEXT = re.compile(
    r"""\"\"\"(?:\\.|[^\\])*?\"{3,5}|'''.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*""", re.DOTALL
)
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
    """The line of a key, else of the innermost of the tables around it that the file has, else the first."""
    if key is None:
        return Place(None, None)
    everywhere = list(_sections(text))
    path, depth, near = _narrowed(key, everywhere)
    while path:
        *table, name = path
        sections = near if len(path) >= depth else everywhere
        lines = [line for section in sections if section.name == table for line in section.lines_of(name)]
        lines += [section.line for section in sections if section.name == path]
        if lines:
            return Place(lines[0], 1)
        path = table
    return Place(1, None)


def _narrowed(key: str, sections: "list[_Section]") -> "tuple[list[str], int, list[_Section]]":
    """The names in `a.b[1].c`, how many of them lead to the innermost entry counted, and the tables of that entry."""
    path: list[str] = []
    depth = 0
    for part in key.split("."):
        name, _, count = part.partition("[")
        path.append(name)
        starts = [at for at, section in enumerate(sections) if section.name == path] if count else []
        number = int(count.rstrip("]")) if count.rstrip("]").isdecimal() else len(starts)
        if number < len(starts):
            end = starts[number + 1] if number + 1 < len(starts) else len(sections)
            depth, sections = len(path), sections[starts[number] : end]
    return path, depth, sections


class _Section(NamedTuple):
    """A table as it is written: its name, the line of its header, and what stands under it (texts blanked)."""

    name: list[str]
    line: int
    body: str

    def lines_of(self, key: str) -> Iterator[int]:
        """The lines on which a key is given a value, or a value inside it."""
        written = re.compile(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[.=]", re.MULTILINE)
        return (self.line + self.body.count("\n", 0, found.start()) for found in written.finditer(self.body))


def _sections(text: str) -> Iterator[_Section]:
    plain = _LONG_TEXT.sub(_blanked, text)
    headers = list(_HEADER.finditer(plain))
    for header, following in zip_longest(headers, headers[1:]):
        name = [part.strip(" \t\"'") for part in header["name"].split(".")]
        body = plain[header.start() : following.start() if following else len(plain)]
        yield _Section(name, plain.count("\n", 0, header.start()) + 1, body)


def _blanked(found: re.Match[str]) -> str:
    """A comment or a text of several lines without what it says, so that nothing in it is taken for a key."""
    written = found[0]
    return "\n" * written.count("\n") if written.startswith(("#", '"""', "'''")) else written
