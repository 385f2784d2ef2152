"""Foreign text in a Markdown document of ours: it is shown as it is, and can neither end nor begin anything.

Names of hosts, command lines and titles come from agents and rules, comments from people. In running text every mark of
Markdown is escaped; longer texts stand in quotes or in a fence that is longer than any they hold.
"""

import re

# Everywhere, in an address that would become a link, and at the beginning: a list, a line under a heading.
_MARKS = re.compile(r"[\\`*_\[\]<>#|~&!@$]|:(?=//)|(?<=www)\.|\A[-+=]", re.IGNORECASE)
_NUMBERED = re.compile(r"\A([0-9]{1,9})([.)])")
_BLANKS = re.compile(r"\s+")
_TICKS = re.compile(r"`+")
# Control characters, and those that turn the direction of text or cannot be seen: a reader would be misled by them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000\ue001]")


def inline(text: object, longest: int = 1_000) -> str:
    """In running text, a heading, a list item or a table's cell: one line, every mark that matters escaped."""
    plain = _shown(_BLANKS.sub(" ", str(text)).strip())
    return _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", _cut(plain, longest)))


def code(text: object, longest: int = 1_000) -> str:
    """A value as code within a line or a cell; a bar is written as its entity outside of the code."""
    plain = _cut(_shown(_BLANKS.sub(" ", str(text)).strip()), longest)
    if not plain:
        return ""
    if "|" in plain:
        return inline(plain, longest)
    ticks = "`" * (_longest_run(plain) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{ticks}{pad}{plain}{pad}{ticks}"


def fenced(text: str) -> str:
    """A block of text as it is, in a fence longer than any run of backticks in it."""
    fence = "`" * max(3, _longest_run(text) + 1)
    lines = [_shown(line) for line in text.splitlines()]
    return "\n".join([f"{fence}text", *lines, fence])


def quoted(text: str) -> str:
    """What a person wrote, as a quotation: its Markdown works inside the quotation and nowhere else.

    Raw HTML and images are shown as they were typed, a fence or comment left open ends with the quotation, and a link's
    definition is none: it would hold for the whole document.
    """
    lines = [_quotable(_shown(line)) for line in text.strip().splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are Markdown of ours already."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _quotable(line: str) -> str:
    return line.replace("<", "&lt;").replace("![", "!\\[").replace("]:", "]\\:")


def _shown(text: str) -> str:
    """Unseen characters as their numbers."""
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>" if found[0] != "\t" else " ", text)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _longest_run(text: str) -> int:
    return max((len(run[0]) for run in _TICKS.finditer(text)), default=0)
