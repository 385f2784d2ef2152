"""What a run of a pipeline gives."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.pipelines.schema import ResultColumn
from engine.pipelines.types import Value


@dataclass(slots=True)
class Result:
    """Rows, in the order of the pipeline.

    `origins` (with lineage): for each row the numbers of the source's rows that it came from, in order, each once.
    `keys`: for each row its group of the last STATS, by the values of `CompiledQuery.by`, also where KEEP left their
    columns out; empty when nothing is grouped. `warnings` counts what was made null on the way, by what was said.
    """

    columns: tuple[ResultColumn, ...]
    rows: list[tuple[Value, ...]] = field(default_factory=list)
    origins: list[tuple[int, ...]] = field(default_factory=list)
    keys: list[tuple[Value, ...]] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)

    def row_dicts(self) -> Iterator[dict[str, Value]]:
        """Each row by the names of its columns."""
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)
