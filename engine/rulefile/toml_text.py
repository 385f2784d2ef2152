"""A rule definition as the text of a rule file, such that `load_rule` reads the same definition back.

Tables of the first levels get headers of their own, deeper ones stand inline; texts of several lines stand as such.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.rulefile.definition import RuleDefinition

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\r": "\\r", "\n": "\\n"}
_SPECIAL = re.compile(r'[\\"\x00-\x1f\x7f]')
_SPECIAL_IN_LINES = re.compile(r'\\|"(?="")|"$|[\x00-\x08\x0b-\x1f\x7f]')
_HEADER_DEPTH = 5
_LIST_WIDTH = 100
# As a person writes them: what it is, then what it looks for, then the long texts.
_FIRST = ("rule_id", "name", "description", "type", "language", "index", "severity", "risk_score", "interval", "from")
_LAST = ("query", "setup", "note")


def to_toml(definition: RuleDefinition) -> str:
    """The text of a rule file that says what the definition says."""
    tables = {"metadata": definition.metadata, "rule": _in_order(definition.raw), "transform": definition.transform}
    blocks = [block for name, values in tables.items() if values for block in _table((name,), values)]
    return "\n".join(blocks)


def _in_order(raw: Mapping[str, Any]) -> dict[str, Any]:
    middle = sorted(key for key in raw if key not in {*_FIRST, *_LAST})
    return {key: raw[key] for key in (*_FIRST, *middle, *_LAST) if key in raw}


def _table(path: tuple[str, ...], values: Mapping[str, Any], *, listed: bool = False) -> Iterator[str]:
    """The lines of a table and of those below it, a block for each header."""
    name = ".".join(map(_key, path))
    lines = [f"[[{name}]]" if listed else f"[{name}]"]
    below = {key: value for key, value in values.items() if len(path) < _HEADER_DEPTH and _has_header(value)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in values.items() if key not in below]
    yield "\n".join(lines) + "\n"
    for key, value in below.items():
        if isinstance(value, dict):
            yield from _table((*path, key), value)
        else:
            for item in value:
                yield from _table((*path, key), item, listed=True)


def _has_header(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return _list(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    return _number(value)


def _number(value: float) -> str:
    text = repr(value)
    if isinstance(value, float) and "e" in text and "." not in text.split("e")[0]:
        return text.replace("e", ".0e")
    return text


def _list(value: list[Any] | tuple[Any, ...]) -> str:
    items = [_value(item) if not isinstance(item, str) else _line(item) for item in value]
    short = "[" + ", ".join(items) + "]"
    return short if len(short) <= _LIST_WIDTH else "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _text(value: str) -> str:
    return _lines(value) if "\n" in value else _line(value)


def _line(value: str) -> str:
    return '"' + _SPECIAL.sub(_escape, value) + '"'


def _lines(value: str) -> str:
    """A text of several lines; the line break after the opening quotes is not part of it."""
    return '"""\n' + _SPECIAL_IN_LINES.sub(_escape, value) + '"""'


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _line(key)
