"""A rule's investigation guide, taken apart into what an analyst works through beside an alert.

Rule files carry one long Markdown `note`; here it becomes an introduction, steps, false-positive notes and
response steps. Nothing of the note is lost: what fits no section stays in the introduction or in `additional`.
Rendering the Markdown, and making it safe, is the pages' business.
Source: the headings of the public rules' guides, counted over their whole collection.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from engine.pivots.markup import Call, lift, only_marks, parted


class Part(StrEnum):
    """The sections a guide may have."""

    INTRO = "intro"
    STEPS = "steps"
    FALSE_POSITIVES = "false_positives"
    RESPONSE = "response"
    SETUP = "setup"
    RELATED = "related_rules"
    ADDITIONAL = "additional"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do or to weigh: a top-level list item with everything nested under it.

    `title` is its first line as plain text; `heading` the sub-heading it stands under, if any. `calls` are the buttons
    that its text asked for. `key` is of its words, so that it stays when the guide is put into another order, given
    buttons, or set anew; where a guide says the same twice, the second has another.
    """

    text_md: str
    title: str
    heading: str | None = None
    calls: tuple[Call, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """A rule's guide in parts; every text is Markdown from the rule's author, so not yet safe to show."""

    intro: str = ""
    steps_md: str = ""
    steps: tuple[Step, ...] = ()
    false_positives: str = ""
    false_positive_items: tuple[Step, ...] = ()
    response: str = ""
    response_steps: tuple[Step, ...] = ()
    setup: str = ""
    related_rules: str = ""
    additional: str = ""
    disclaimer: str | None = None
    calls: tuple[Call, ...] = ()  # buttons that stand outside of steps


# In this order, because "Validation & False Positive Considerations" is about false positives.
_SECTIONS: tuple[tuple[re.Pattern[str], Part], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), part)
    for pattern, part in (
        (r".{0,40}\bfalse[- ]positives?\b", Part.FALSE_POSITIVES),
        (r"(possible )?investigation steps\b", Part.STEPS),
        (r"triage (and|&) analysis\b|investigating\b", Part.INTRO),
        (r"response\b", Part.RESPONSE),
        (r"related rules?\b", Part.RELATED),
        (r"set-?up\b", Part.SETUP),
        (r"additional (information|resources)\b", Part.ADDITIONAL),
        (r"important\b|key alert fields\b", Part.INTRO),
    )
)
# The headings that only name their section; others of the same part say something and are kept.
_BARE_HEADING = re.compile(r"(triage (and|&) analysis|investigating\b.*|set-?up)\W*", re.IGNORECASE)
_MAIN_PARTS = frozenset({Part.STEPS, Part.FALSE_POSITIVES, Part.RESPONSE})

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(?:#{1,6}[ \t]+)?([^\n]*)")
_BOLD_LINE = re.compile(r"\*\*([^*\n]{1,200})\*\*:?[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r" ?(?:[-*+]|[0-9]{1,3}[.)])[ \t]+(?=\S)")
_MARKS = re.compile(r"\*\*|__|`|^#+ ")
_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)")
_BOLD_RANK = 3


@dataclass(slots=True)
class _Section:
    part: Part
    rank: int
    lines: list[str]


def split_guide(note: str, setup: str = "", false_positives: Sequence[str] = (), name: str = "") -> Guide:
    """Take a rule's `note`, `setup` and `false_positives` apart.

    `name` is the rule's: a heading that only repeats it is left out. Costs a pass over the lines; the guides that were
    last asked for are kept by their texts, since pages of alerts ask for the same few all day.
    """
    return _split(note, setup, tuple(false_positives), name)


@lru_cache(maxsize=256)
def _split(note: str, setup: str, false_positives: tuple[str, ...], name: str) -> Guide:
    lifted, calls = lift(note)
    sections = _sections(_lines(lifted), name)
    lead, of_lead = parted(_text_of(sections, Part.INTRO), calls)
    disclaimer, intro = _without_disclaimer(lead)
    response, response_steps = _with_steps(_text_of(sections, Part.RESPONSE), calls)
    steps_md, steps = _with_steps(_text_of(sections, Part.STEPS), calls)
    own_notes, own_items = _with_steps(_text_of(sections, Part.FALSE_POSITIVES), calls)
    additional, of_additional = parted(_text_of(sections, Part.ADDITIONAL), calls)
    key_notes = [text.strip() for text in false_positives if text.strip()]
    return Guide(
        intro=intro,
        steps_md=steps_md,
        steps=steps,
        false_positives=_joined((own_notes, *(_as_item(text) for text in key_notes))),
        false_positive_items=own_items + tuple(Step(text, _title(text)) for text in key_notes),
        response=response,
        response_steps=response_steps,
        setup=_joined(dict.fromkeys((_whole(setup, name), parted(_text_of(sections, Part.SETUP), calls)[0]))),
        related_rules=parted(_text_of(sections, Part.RELATED), calls)[0],
        additional=additional,
        disclaimer=disclaimer,
        calls=of_lead + of_additional,
    )


def _whole(text: str, name: str) -> str:
    lifted, calls = lift(text)
    return parted(_text_of(_sections(_lines(lifted), name), None), calls)[0]


def _with_steps(text: str, calls: Sequence[Call]) -> tuple[str, tuple[Step, ...]]:
    """A section without the marks of buttons, and its steps with theirs, each under a key of its own."""
    seen: Counter[str] = Counter()
    steps = []
    for step in _items(text):
        body, own = parted(step.text_md, calls)
        seen[words := _words(body)] += 1
        key = _key(words if seen[words] == 1 else f"{words}\n{seen[words]}")
        steps.append(replace(step, text_md=body, title=_title(body), calls=own, key=key))
    return parted(text, calls)[0], tuple(steps)


def _words(text: str) -> str:
    """A text as it is compared: without marks of Markdown, case and breaks."""
    return " ".join(_MARKS.sub("", text).casefold().split())


def _key(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _lines(text: str) -> list[str]:
    """The lines; one that only asks for a button gives its mark to the line that it belongs to."""
    lines: list[str] = []
    waiting = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if marks := only_marks(line):
            waiting += "" if _gave(marks, lines) else marks
        elif waiting and _takes_marks(line):
            lines.append(line.rstrip() + waiting)
            waiting = ""
        else:
            lines.append(line.rstrip())
    return lines


def _gave(marks: str, lines: list[str]) -> bool:
    """Put marks behind the last line of text above, unless a heading or a fence comes first."""
    for place in range(len(lines) - 1, max(len(lines) - 10, -1), -1):
        if _takes_marks(lines[place]):
            lines[place] += marks
            return True
        if lines[place].strip():
            return False
    return False


def _takes_marks(line: str) -> bool:
    special = _HEADING.fullmatch(line) or _BOLD_LINE.fullmatch(line) or _FENCE.match(line)
    return bool(line.strip()) and not special


def _sections(lines: list[str], name: str) -> list[_Section]:
    """The note cut at its headings; bold lines count as headings only where no real heading names a section."""
    outside_code = list(_outside_fences(lines))
    bold_counts = not any(
        found and _part_of(found[2]) in _MAIN_PARTS
        for line, plain in zip(lines, outside_code, strict=True)
        if plain and (found := _HEADING.fullmatch(line))
    )
    sections = [_Section(Part.INTRO, 0, [])]
    for line, plain in zip(lines, outside_code, strict=True):
        heading = _heading_of(line, bold_counts) if plain else None
        if heading is None:
            sections[-1].lines.append(line)
        else:
            _open_section(sections, line, *heading, name)
    return sections


def _outside_fences(lines: Iterable[str]) -> Iterable[bool]:
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            closes = found is not None and found[1].startswith(fence) and not line.strip().strip(fence[0])
            yield False
            fence = "" if closes else fence
        else:
            fence = found[1] if found else ""
            yield not fence


def _heading_of(line: str, bold_counts: bool) -> tuple[int, str] | None:
    if found := _HEADING.fullmatch(line):
        return len(found[1]), found[2].rstrip("# \t")
    if bold_counts and (found := _BOLD_LINE.fullmatch(line)) and _part_of(found[1]):
        return _BOLD_RANK, found[1]
    return None


def _open_section(sections: list[_Section], line: str, rank: int, title: str, name: str) -> None:
    """Start the section that a heading names; an unknown heading stays where it is, unless it outranks that."""
    part, current = _part_of(title), sections[-1]
    if part is None and (current.part is Part.INTRO or rank >= current.rank):
        if title.strip().casefold() != name.strip().casefold():
            current.lines.append(line)
        return
    kept = part is None or (part in (Part.INTRO, Part.SETUP) and not _BARE_HEADING.fullmatch(title))
    sections.append(_Section(part or Part.ADDITIONAL, rank, [line] if kept else []))


def _part_of(title: str) -> Part | None:
    plain = title.strip(" *_:")
    return next((part for pattern, part in _SECTIONS if pattern.match(plain)), None)


def _text_of(sections: list[_Section], part: Part | None) -> str:
    return _joined("\n".join(section.lines) for section in sections if part in (section.part, None))


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(stripped for text in texts if (stripped := text.strip("\n")))


def _without_disclaimer(text: str) -> tuple[str | None, str]:
    """The block quote that says a machine wrote the guide, and the text without it."""
    kept: list[str] = []
    quotes: list[str] = []
    for block in re.split(r"\n{2,}", text):
        is_disclaimer = block.lstrip().startswith(">") and "disclaimer" in block.casefold()
        (quotes if is_disclaimer else kept).append(block)
    disclaimer = "\n\n".join(re.sub(r"^[ \t]*>[ \t]?", "", quote, flags=re.MULTILINE) for quote in quotes)
    return disclaimer.strip() or None, _joined(kept)


def _items(text: str) -> tuple[Step, ...]:
    """The section's list items with what is nested under them; a paragraph between lists is an item too."""
    steps: list[Step] = []
    heading: str | None = None
    for block in _blocks(text):
        if (found := _sub_heading(block)) is not None:
            heading = found
        else:
            body = _dedented(block)
            steps.append(Step(body, _title(body), heading))
    return tuple(steps)


def _blocks(text: str) -> Iterable[list[str]]:
    """Items, paragraphs and sub-headings, each with the lines that belong to it."""
    block: list[str] = []
    after_blank = False
    lines = text.split("\n")
    for line, plain in zip(lines, _outside_fences(lines), strict=True):
        if block and plain and _starts_block(line, after_blank, block):
            yield block
            block = []
        if line or block:
            block.append(line)
        after_blank = not line
    if block:
        yield block


def _starts_block(line: str, after_blank: bool, block: list[str]) -> bool:
    if not line:
        return False
    if _ITEM.match(line) or _sub_heading([line]) is not None or _sub_heading(block) is not None:
        return True
    # A quote or an indented line after a blank one belongs to the item above it; other text stands alone.
    return after_blank and not line.startswith((" ", "\t", ">"))


def _sub_heading(block: list[str]) -> str | None:
    if any(block[1:]):
        return None
    found = _HEADING.fullmatch(block[0]) or _BOLD_LINE.fullmatch(block[0])
    return found[found.re.groups].strip(" :#*") if found else None


def _dedented(block: list[str]) -> str:
    found = _ITEM.match(block[0])
    if found is None:
        return "\n".join(block).strip("\n")
    width = found.end()
    rest = [line[min(width, len(line) - len(line.lstrip())) :] for line in block[1:]]
    return "\n".join([block[0][width:], *rest]).strip("\n")


def _as_item(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([f"- {first}", *(f"  {line}".rstrip() for line in rest)])


def _title(text: str) -> str:
    """The first line as plain text, without Markdown's marks."""
    first = text.split("\n", 1)[0]
    return _MARKS.sub("", _LINK.sub(r"\1", first)).strip()
