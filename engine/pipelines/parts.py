"""Pages worked on in parts where they are heavy, so that what is held for one page stays bounded."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from engine.pipelines.budget import PageTooHeavy
from engine.pipelines.page import Page
from engine.pipelines.steps import Run

T = TypeVar("T")


def parted(pages: Iterator[Page], run: Run, make: Callable[[Page, Run], T]) -> Iterator[tuple[Page, T]]:
    """Each page with what is made of it; by halves where that would be too large. `run.meter.made` tells its weight.

    Warnings of what did not become anything are taken back.
    Raises: BudgetExceeded.
    """
    for page in pages:
        yield from _made(page, run, make)


def _made(page: Page, run: Run, make: Callable[[Page, Run], T]) -> Iterator[tuple[Page, T]]:
    told = dict(run.warnings)
    run.meter.begin(page.size, page.weight)
    try:
        made = make(page, run)
    except PageTooHeavy:
        if page.size <= 1:
            raise
        run.warnings.clear()
        run.warnings.update(told)
    else:
        yield page, made
        return
    half = page.size // 2
    yield from _made(page.part(0, half), run, make)
    yield from _made(page.part(half, page.size), run, make)
