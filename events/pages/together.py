"""Sequences and samples as linked rows: a block for each, titled by what its events share, with the gaps between."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.safestring import SafeString

from engine.plan import Sample
from events.errors import Busy, TooDear
from events.pages.asked import Asked, QueryMistake
from events.pages.clauses import address, clause_of
from events.pages.field_list import DEAR_SECONDS, FieldList, keep, kept, listed
from events.pages.results import BARS, Row, StepMark, chart, columns_of, iso, lasting, row
from events.sampling import Sample as Looked
from events.sampling import sample_of
from events.sequences import Found, StepEvent, Together, find
from events.summing import histogram_of
from events.watching import Cancelled, Watch, nobody

_WORDS = re.compile(r'"""(?:.*?""")?|"(?:[^"\\]|\\.)*"?|//[^\n]*|/\*.*?(?:\*/|$)|[\[\]]|[^\["\]/]+|/', re.DOTALL)
_LONGEST_STEP = 300
BUDGET_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Shared:
    """A field whose value the events of a block share, and a search for it."""

    field: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a block: its event as a row, or what stands there instead. `asked`: the step's own words."""

    number: int
    asked: str
    row: Row | None
    missing: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One sequence or sample."""

    shared: tuple[Shared, ...]
    started: datetime
    took: str
    steps: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class TogetherFound:
    """What the page shows. Without `found`, `trouble` says why there is no answer.

    `earlier_url`: the same search up to the oldest of the blocks. `width`: how many columns the table has. `chart`:
    when each of all that were found began. `seen`: the fields of the first event of each.
    """

    found: Found | None = None
    blocks: tuple[Block, ...] = ()
    columns: tuple[str, ...] = ()
    width: int = 0
    earlier_url: str = ""
    trouble: str = ""
    busy: bool = False
    cancelled: bool = False
    sample: bool = False
    chart: SafeString | None = None
    seen: Looked | None = None

    @property
    def late(self) -> bool:
        """Whether more time might find more."""
        if self.found is None:
            return not self.busy
        return self.found.stopped == "time"

    @property
    def more(self) -> bool:
        """Whether not all of those found are shown."""
        return self.found is not None and self.found.number > len(self.blocks)


def together(
    asked: Asked, team_ids: Sequence[int], *, now: datetime, watch: Watch = nobody, seconds: float = BUDGET_SECONDS
) -> TogetherFound:
    """Answer a search for sequences or samples. Takes some ten seconds at most, and says so when it was stopped."""
    if asked.eql is None or asked.window is None:
        raise ValueError("what cannot be read cannot be searched for")
    try:
        found = find(
            asked.eql,
            window=asked.window,
            team_ids=team_ids,
            now=now,
            indices=asked.indices,
            seconds=seconds,
            watch=watch,
        )
    except TooDear as error:
        return TogetherFound(trouble=error.sentence)
    except Busy as error:
        return TogetherFound(trouble=error.sentence, busy=True)
    except Cancelled:
        return TogetherFound(cancelled=True, trouble="You stopped this search.")
    words = step_words(asked.text)
    blocks = tuple(_block(one, asked, words) for one in found.matches)
    columns = columns_of(asked)
    earlier = asked.url(reverse("events:search"), to=iso(found.matches[-1].at)) if blocks else ""
    width = len(columns) + (3 if asked.columns else 4)
    sample = isinstance(asked.eql.plan, Sample)
    lines = histogram_of(found.starts, window=asked.window, bars=BARS)
    drawn = chart(lines, asked, "sample" if sample else "sequence") if lines.total.number else None
    seen = _seen(found)
    keep(seen, asked, team_ids, seconds=DEAR_SECONDS)
    return TogetherFound(found, blocks, columns, width, earlier, sample=sample, chart=drawn, seen=seen)


def fields_together(asked: Asked, team_ids: Sequence[int], opened: str, find: str, *, now: datetime) -> FieldList:
    """The fields of the first event of each. Nothing is searched for while what was found is remembered."""
    seen = kept(asked, team_ids)
    if seen is None:
        seen = together(asked, team_ids, now=now).seen
    return listed(seen or Looked(), asked, opened, find, of="first event")


def _seen(found: Found) -> Looked:
    firsts = (next((step.event for step in one.steps if step.event), None) for one in found.matches)
    fields = [event.document().flat for event in firsts if event is not None]
    return sample_of(fields, all_of_them=found.number <= len(found.matches) and not found.stopped)


def _block(one: Together, asked: Asked, words: Sequence[str]) -> Block:
    shared = tuple(_shared(field, value, asked) for field, value in one.key if value is not None)
    rows: list[StepRow] = []
    before: datetime | None = None
    for step in one.steps:
        rows.append(_step(step, asked, words, before))
        before = step.event.time if step.event else before
    return Block(shared, one.started, lasting(max(one.at - one.started, timedelta())), tuple(rows))


def _step(step: StepEvent, asked: Asked, words: Sequence[str], before: datetime | None) -> StepRow:
    text = words[step.step - 1] if step.step <= len(words) else ""
    if step.event is None:
        return StepRow(step.step, text, None, step.missing)
    gap = None if before is None else max((step.event.time - before) // timedelta(milliseconds=1), 0)
    return StepRow(step.step, text, row(step.event, asked, mark=StepMark(step.step, gap)), step.missing)


def _shared(field: str, value: str, asked: Asked) -> Shared:
    clause = clause_of(field, value)
    url = address(reverse("events:search"), q=clause, from_=asked.start, to=asked.end) if clause else ""
    return Shared(field, value, url)


def step_words(text: str) -> list[str]:
    """What stands between the brackets of a query's steps, in their order."""
    found: list[str] = []
    held: list[str] | None = None
    for word in _WORDS.findall(text):
        if word == "[":
            held = []
        elif word == "]" and held is not None:
            found.append(" ".join("".join(held).split())[:_LONGEST_STEP])
            held = None
        elif held is not None and not word.startswith(("//", "/*")):
            held.append(word)
    return found


def mistake_of_pattern(text: str, words: str) -> QueryMistake:
    """A pattern that cannot be used, as a mistake of the whole query."""
    return QueryMistake("", text.splitlines()[0][:200] if text else " ", "", words.rstrip("."), "", 1, 1)
