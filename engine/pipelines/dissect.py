"""DISSECT: columns out of a text by what stands between them, `%{user}@%{host}:%{?rest}`.

The delimiters are looked for one after the other from the left; a text fits when all of them are there and every key
has got its part. A delimiter that follows itself at once gives the next key the empty text, unless its key is padded
(`%{key->}`): then all of them are one. What stands behind the last delimiter is ignored.

`%{}` and `%{?name}` skip, `%{+name}` joins parts, `%{+name/2}` in that order. A key that is met twice without `+` keeps
its last part. `%{*name}` and `%{&name}` would name columns by what the text says; ES|QL has no such columns.
Source: Elasticsearch reference, dissect processor and ES|QL DISSECT.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.errors import PatternError
from engine.pipelines.extracting import Extraction, Taken
from engine.pipelines.types import Type

DissectPattern = Extraction

MAX_LENGTH = 10_000
MAX_KEYS = 500
_KEY = re.compile(r"%\{([^}]*)\}")
_MODIFIERS = re.compile(r"[/+*&?]")
_ORDERED = re.compile(r"\+(?P<name>[^/]*)/(?P<place>[0-9]{1,4})$")
_FIRST_PLACE = -1_000
"""Parts without a place come before those with one, in the order of the text."""


@dataclass(frozen=True, slots=True)
class _Key:
    """One `%{…}` and the delimiter behind it. `name` is None where the part is skipped."""

    name: str | None
    delimiter: str
    padded: bool = False
    joins: bool = False
    place: int | None = None


def compile_dissect(pattern: str, append_separator: str = "") -> DissectPattern:
    """Make a pattern ready; the columns are in the order of the pattern. Raises: PatternError."""
    return _compiled(pattern, append_separator)


@lru_cache(maxsize=256)
def _compiled(pattern: str, separator: str) -> DissectPattern:
    if len(pattern) > MAX_LENGTH:
        raise PatternError(f"a pattern may have at most {MAX_LENGTH:,} characters")
    leading, keys = _read(pattern)
    names = dict.fromkeys(key.name for key in keys if key.name is not None)
    if not names:
        raise PatternError("the pattern names no key; write %{name} for what becomes a column")

    def test(text: str) -> Taken | None:
        parts = _parts(text, leading, keys)
        return None if parts is None else _joined(keys, parts, separator)

    return DissectPattern(tuple((name, Type.KEYWORD) for name in names), test)


def _read(pattern: str) -> tuple[str, list[_Key]]:
    found = list(_KEY.finditer(pattern))
    if not found:
        raise PatternError("the pattern has no keys such as %{name}")
    if len(found) > MAX_KEYS:
        raise PatternError(f"a pattern may have at most {MAX_KEYS} keys")
    ends = [one.start() for one in found[1:]] + [len(pattern)]
    keys = [_key(one[1], pattern[one.end() : end]) for one, end in zip(found, ends, strict=True)]
    joined = {key.name for key in keys if key.joins}
    keys = [_joining(key) if key.name in joined else key for key in keys]
    return pattern[: found[0].start()], keys


def _joining(key: _Key) -> _Key:
    """A key without `+` whose name has one elsewhere is joined all the same."""
    return _Key(key.name, key.delimiter, key.padded, True, key.place)


def _key(text: str, delimiter: str) -> _Key:
    """A key by its modifier. What stands before that means nothing, as in Elasticsearch: public rules have `%{{?x}`."""
    padded = text.endswith("->")
    body = text.removesuffix("->")
    modifiers = "".join(_MODIFIERS.findall(body))
    if modifiers == "":
        return _Key(body or None, delimiter, padded)
    if modifiers == "?":
        return _Key(None, delimiter, padded)
    if modifiers in ("*", "&"):
        raise PatternError("`*` and `&` would name columns by what the text says, which ES|QL does not do")
    if modifiers == "+":
        return _Key(_named(body.partition("+")[2]), delimiter, padded, True)
    if modifiers == "+/" and (ordered := _ORDERED.search(body)):
        return _Key(_named(ordered["name"]), delimiter, padded, True, int(ordered["place"]))
    raise _several(text)


def _several(text: str) -> PatternError:
    return PatternError(f"%{{{text[:60]}}} is not a key; write name, ?name, +name or +name/2, and -> behind it")


def _named(name: str) -> str:
    if not name:
        raise PatternError("a key with `+` needs a name")
    return name


def _parts(text: str, leading: str, keys: list[_Key]) -> list[str] | None:
    """The part of every key, or None where the text does not fit."""
    if not (text.startswith(leading) and len(text) > len(leading)):
        return None
    parts: list[str] = []
    at, rest = len(leading), iter(keys)
    for key in rest:
        if not key.delimiter:
            parts.append(text[at:])
            break
        end = text.find(key.delimiter, at)
        if end < 0:
            return None
        parts.append(text[at:end])
        at = _after(text, end + len(key.delimiter), key, rest, parts)
    return parts if len(parts) == len(keys) else None


def _after(text: str, at: int, key: _Key, rest: Iterator[_Key], parts: list[str]) -> int:
    """Where the next part begins, behind a delimiter that may come again at once.

    Each that does is an empty part of the next key, and whether that one is padded then counts.
    """
    delimiter = key.delimiter
    while text.startswith(delimiter, at):
        if not key.padded:
            following = next(rest, None)
            if following is None:
                return at
            key = following
            parts.append("")
        at += len(delimiter)
    return at


def _joined(keys: list[_Key], parts: list[str], separator: str) -> Taken:
    found: dict[str, str] = {}
    several: dict[str, list[tuple[int, str]]] = {}
    for number, (key, part) in enumerate(zip(keys, parts, strict=True)):
        if key.name is None:
            continue
        if key.joins:
            place = _FIRST_PLACE + number if key.place is None else key.place
            several.setdefault(key.name, []).append((place, part))
        else:
            found[key.name] = part
    for name, placed in several.items():
        found[name] = separator.join(part for _, part in sorted(placed, key=lambda one: one[0]))
    return found
