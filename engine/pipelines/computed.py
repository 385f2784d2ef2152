"""An expression made ready to be worked out for whole pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from engine.pipelines.budget import Meter, weight_of
from engine.pipelines.functions.several import joined, ones
from engine.pipelines.operands import ColumnWork, Operand
from engine.pipelines.page import Page
from engine.pipelines.steps import Run
from engine.pipelines.types import Column, Type, Value
from engine.pipelines.unknown import NUMBERS, Read

_LONGEST_TOLD = 80
_MOST_KEPT = 100_000
_GROWING = frozenset({Type.KEYWORD, Type.TEXT, Type.UNKNOWN})
"""Types of which a value can be much larger than what it was made of."""

OfPage: TypeAlias = Callable[[Page, Run], Column]


@dataclass(frozen=True, slots=True)
class Computed:
    """What an expression gives: its type, its value where that is constant, the slots it reads, and the work.

    `column` answers a column as long as the page; it may be one of the page's own, so nobody changes it.
    """

    operand: Operand
    column: OfPage
    reads: frozenset[str] = frozenset()

    @property
    def type(self) -> Type:
        return self.operand.type


def constant(value: Value, kind: Type) -> Computed:
    """The same value in every row."""
    return Computed(Operand(kind, value), lambda page, _: [value] * page.size)


def slot(name: str, kind: Type) -> Computed:
    """What stands in a column."""
    return Computed(Operand(kind), lambda page, _: page.columns[name], frozenset({name}))


def reads_of(parts: Iterable[Computed]) -> frozenset[str]:
    """The slots that any of these read."""
    return frozenset[str]().union(*(part.reads for part in parts))


def applied(
    kind: Type,
    work: ColumnWork,
    parts: Sequence[Computed],
    *,
    told_as: str | None = None,
    grows: bool = False,
    several: bool = False,
) -> Computed:
    """A work of columns applied to what other expressions give; worked out at once where all of them are constant,
    unless that is large: it would be kept as long as the query.

    `told_as`: count rows that are null though nothing in them was, as losses of the expression so written.
    `several`: it takes several values as they are, so that they are no reason.
    `grows`: what it makes can be much larger than what it is made of. Texts always may.
    """
    if parts and all(part.operand.is_constant for part in parts):
        value = _folded(work, parts)
        if weight_of([value]) <= _MOST_KEPT:
            return constant(value, kind)
    makers = [part.column for part in parts]
    reads = reads_of(parts)
    growing = grows or kind in _GROWING
    written = _cut(told_as or "")

    def column(page: Page, run: Run) -> Column:
        columns = [make(page, run) for make in makers]
        answer = _paced(work, columns, page.size, run.meter)
        if growing:
            run.meter.weigh(answer)
        if written and None in answer:
            _count_losses(columns, answer, written, run, several)
        return answer

    return Computed(Operand(kind), column, reads)


def _paced(work: ColumnWork, columns: Sequence[Column], size: int, meter: Meter) -> Column:
    """What a work makes of the rows, given as many at once as it is quick with."""
    answer: Column = []
    while len(answer) < size:
        at, rows = len(answer), min(meter.pace(work), size - len(answer))
        if rows == size:
            answer = work(columns, size)
        else:
            answer += work([column[at : at + rows] for column in columns], rows)
        meter.worked(work, rows)
    return answer


def _folded(work: ColumnWork, parts: Sequence[Computed]) -> Value:
    nowhere = Page(1, {})
    run = Run(datetime.min.replace(tzinfo=UTC))
    return work([part.column(nowhere, run) for part in parts], 1)[0]


def read_as(part: Computed, read: Read, written: str, kind: Type) -> Computed:
    """A column of an unknown type read as a type. Rows with values that cannot be are counted, as losses of the
    expression so written."""
    wanted = "number" if kind in NUMBERS else kind.value

    def column(page: Page, run: Run) -> Column:
        values = part.column(page, run)
        answer = [value if value is None else joined(map(read, ones(value))) for value in values]
        pairs = zip(values, answer, strict=True)
        lost = sum(value is not None and len(ones(value)) > len(ones(found)) for value, found in pairs)
        if lost:
            run.warnings[f"{_cut(written)}: null, because it is no {wanted}"] += lost
        return answer

    return Computed(Operand(Type.UNKNOWN), column, part.reads)


def _cut(written: str) -> str:
    return written if len(written) <= _LONGEST_TOLD else written[: _LONGEST_TOLD - 1] + "…"


def _count_losses(
    columns: Sequence[Column], answer: Column, written: str, run: Run, takes_several: bool = False
) -> None:
    several = failed = 0
    given = [column for column in columns if column]
    for row, value in enumerate(answer):
        if value is not None:
            continue
        values = [column[row] for column in given]
        if None in values:
            continue
        if not takes_several and any(value.__class__ is tuple for value in values):
            several += 1
        else:
            failed += 1
    if several:
        run.warnings[f"{written}: null for a field with several values"] += several
    if failed:
        run.warnings[f"{written}: null, because it cannot be worked out"] += failed
