"""ROW: where a pipeline starts that reads nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.pipelines.commands.rows import Settled
from engine.pipelines.page import Page
from engine.pipelines.steps import Run


@dataclass(frozen=True, slots=True)
class OneRow:
    """One row without columns, whatever there is to read."""

    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        return self, after

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:  # noqa: ARG002 - one shape for all steps
        yield Page(1, {}, None, [()] if run.lineage else None)
