"""What a guide asks to have made into a button, taken out of its Markdown: our pivots, and Kibana's.

    {{pivot: Logons by this user | event.category: authentication and user.name: {user.name} | 7d}}
    !{investigate{"label": "…", "providers": [[…]]}}      !{osquery{"label": "…", "query": "…"}}
    $investigate_0   $osquery_0        alone on a line: the entry of that number in the file's [transform] table

Where one stood, `lift` leaves a mark of two private characters around its number, so that the text can be cut into
steps before it is known whose they are; `parted` takes the marks out. Costs a pass over the text.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

START, END = "\ue010", "\ue011"
MOST_CALLS = 200
LONGEST_PIVOT = 2_000
LONGEST_BLOCK = 20_000

_FOREIGN = re.compile(f"[{START}{END}]")
_MARK = re.compile(f"[ \t]?{START}([0-9]{{1,3}}){END}")
_BARE_ITEM = re.compile(r"[ \t]*(?:(?:[-*+]|[0-9]{1,3}[.)])[ \t]*)?")
_OPENING = re.compile(
    r"(?P<pivot>\{\{[ \t]*pivot[ \t]*:)"
    r"|!\{(?P<block>investigate|osquery)(?=\{)"
    r"|(?m:^)(?P<bullet>[ \t]*(?:[-*+][ \t]+)?)\$(?P<named>investigate|osquery)_(?P<number>[0-9]{1,3})[ \t]*(?m:$)"
)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a button. `kind` is pivot, investigate or osquery; it holds its text, its block, or the number
    of an entry of [transform]."""

    kind: str
    text: str = ""
    block: dict[str, Any] | None = None
    number: int | None = None


def lift(text: str) -> tuple[str, tuple[Call, ...]]:
    """The text with a mark for each call, and the calls. What cannot be read stays as it is."""
    text = _FOREIGN.sub("", text)
    kept: list[str] = []
    calls: list[Call] = []
    at = tried = 0
    while tried < MOST_CALLS and (found := _OPENING.search(text, at)):
        tried += 1
        call, end = _call_at(text, found)
        if call is None:
            kept.append(text[at : found.end()])
        else:
            kept.append(text[at : found.start()] + (found["bullet"] or "") + f"{START}{len(calls)}{END}")
            calls.append(call)
        at = max(end, found.end())
    return "".join(kept) + text[at:], tuple(calls)


def parted(text: str, calls: Sequence[Call]) -> tuple[str, tuple[Call, ...]]:
    """A piece of a text without its marks, and the calls that they stood for. A line of marks alone goes."""
    if START not in text:
        return text, ()
    found: list[Call] = []
    lines: list[str] = []
    for line in text.split("\n"):
        plain = _MARK.sub("", line)
        found += [calls[int(mark[1])] for mark in _MARK.finditer(line)]
        if plain == line or not _BARE_ITEM.fullmatch(plain):
            lines.append(plain)
    return "\n".join(lines), tuple(found)


def only_marks(line: str) -> str:
    """The marks of a line that has nothing else but its bullet; empty for any other line."""
    if START not in line or not _BARE_ITEM.fullmatch(_MARK.sub("", line)):
        return ""
    return "".join(mark[0].strip() for mark in _MARK.finditer(line))


def _call_at(text: str, found: "re.Match[str]") -> tuple[Call | None, int]:
    if found["named"]:
        return Call(found["named"], number=int(found["number"])), found.end()
    if found["block"]:
        return _block_at(text, found.end(), found["block"])
    end = _closed_at(text, found.end())
    return (Call("pivot", text[found.end() : end - 2].strip()), end) if end else (None, 0)


def _block_at(text: str, start: int, kind: str) -> tuple[Call | None, int]:
    try:
        block, length = _DECODER.raw_decode(text[start : start + LONGEST_BLOCK])
    except (ValueError, RecursionError):
        return None, 0
    end = start + length
    if not isinstance(block, dict) or not text.startswith("}", end):
        return None, 0
    return Call(kind, block=block), end + 1


def _closed_at(text: str, start: int) -> int:
    """Behind the brackets that close a pivot; places such as {user.name} have brackets of their own. 0: never."""
    open_brackets = 2
    for at in range(start, min(len(text), start + LONGEST_PIVOT)):
        if text[at] == "{":
            open_brackets += 1
        elif text[at] == "}":
            open_brackets -= 1
            if not open_brackets:
                return at + 1
        elif text[at] == "\n":
            return 0
    return 0
