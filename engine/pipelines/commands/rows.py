"""Commands that look at one row at a time: WHERE, EVAL, GROK and DISSECT, MV_EXPAND, COMPLETION."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.pipelines.budget import weight_of
from engine.pipelines.computed import Computed
from engine.pipelines.extracting import Extraction
from engine.pipelines.page import Page
from engine.pipelines.parts import parted
from engine.pipelines.steps import Run, Step
from engine.pipelines.types import Column, Value

Settled = tuple[Step | None, frozenset[str]]
LARGEST_PAGE = 4_000
"""Where rows multiply: how many make a page of their own."""


@dataclass(frozen=True, slots=True)
class Filter:
    """WHERE: rows of which the condition is true; of false and of null they go."""

    condition: Computed
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        return self, after | self.condition.reads

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page, answers in parted(pages, run, self.condition.column):
            chosen = [value is True for value in answers]
            if not any(chosen):
                continue
            yield page if all(chosen) else page.where(chosen)


@dataclass(frozen=True, slots=True)
class Compute:
    """One column of EVAL. A column that nobody uses is not worked out, and one not used any more is let go.

    `held` are the columns that later steps use.
    """

    slot: str
    value: Computed
    held: frozenset[str] = frozenset()
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        if self.slot not in after:
            return None, after
        held = after - {self.slot}
        return replace(self, held=held), held | self.value.reads

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page, column in parted(pages, run, self.value.column):
            yield from _beside(page, self.held, {self.slot: column}, run)


@dataclass(frozen=True, slots=True)
class Extract:
    """GROK and DISSECT: `slots` by the names that the pattern gives to what it finds.

    `held` are the columns that later steps use.
    """

    text: Computed
    pattern: Extraction
    slots: Mapping[str, str]
    held: frozenset[str] = frozenset()
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        used = {name: slot for name, slot in self.slots.items() if slot in after}
        if not used:
            return None, after
        held = after - set(used.values())
        return replace(self, slots=used, held=held), held | self.text.reads

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page, columns in parted(pages, run, self._taken):
            yield from _beside(page, self.held, columns, run)

    def _taken(self, page: Page, run: Run) -> dict[str, Column]:
        found = self.pattern.of(self.text.column(page, run))
        columns = {slot: found[name] for name, slot in self.slots.items()}
        for column in columns.values():
            run.meter.weigh(column)
        return columns


def _beside(page: Page, held: Iterable[str], made: Mapping[str, Column], run: Run) -> Iterator[Page]:
    """What is held of a page and what was just made of it; in parts where that is heavy by now."""
    columns = {name: page.columns[name] for name in held}
    yield from replace(page, columns={**columns, **made}, weight=page.weight + run.meter.made).parts()


@dataclass(frozen=True, slots=True)
class Expand:
    """MV_EXPAND: a row for each value of a column."""

    before: str
    after: str
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        return self, (after - {self.after}) | {self.before}

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page in pages:
            column = page.columns[self.before]
            if tuple not in set(map(type, column)):
                yield replace(page, columns={**page.columns, self.after: column})
                continue
            for expanded in self._expanded(page, column, run):
                yield from expanded.parts()

    def _expanded(self, page: Page, column: Column, run: Run) -> Iterator[Page]:
        """Pages of about the size of others: rows with thousands of values each must not become one page."""
        rows: list[int] = []
        values: Column = []
        for row, value in enumerate(column):
            several = value if isinstance(value, tuple) else (value,)
            rows.extend([row] * len(several))
            values.extend(several)
            while len(rows) >= LARGEST_PAGE:
                run.meter.check_time()
                yield self._taken(page, rows[:LARGEST_PAGE], values[:LARGEST_PAGE])
                rows, values = rows[LARGEST_PAGE:], values[LARGEST_PAGE:]
        if rows:
            yield self._taken(page, rows, values)

    def _taken(self, page: Page, rows: Sequence[int], values: Column) -> Page:
        taken = page.take(rows)
        return replace(taken, columns={**taken.columns, self.after: values})


@dataclass(frozen=True, slots=True)
class Complete:
    """COMPLETION: what a language model answers to the prompt of each row; null for null."""

    slot: str
    prompt: Computed
    ask: Callable[[str], str | None]
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        if self.slot not in after:
            return None, after
        return self, (after - {self.slot}) | self.prompt.reads

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page, prompts in parted(pages, run, self.prompt.column):
            answers = [self._answer(prompt, run) for prompt in prompts]
            weight = page.weight + weight_of(answers)
            yield from replace(page, columns={**page.columns, self.slot: answers}, weight=weight).parts()

    def _answer(self, prompt: Value, run: Run) -> Value:
        run.meter.check_time()
        return self.ask(prompt) if isinstance(prompt, str) else None


@dataclass(frozen=True, slots=True)
class First:
    """LIMIT: the first rows; once it has them, nothing more is read."""

    count: int
    row_wise: bool = False

    def settled(self, after: frozenset[str]) -> Settled:
        return self, after

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:  # noqa: ARG002 - one shape for all steps
        left = self.count
        while left > 0 and (page := next(pages, None)) is not None:
            yield page if page.size <= left else page.take(range(left))
            left -= page.size
