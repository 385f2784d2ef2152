"""Rows in columns, some thousand at a time, as they pass through a pipeline."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count
from typing import Any, TypeAlias

import orjson

from engine.document import Document
from engine.pipelines.budget import PART, weight_of
from engine.pipelines.reading import reader
from engine.pipelines.schema import METADATA
from engine.pipelines.types import Column, Value
from engine.portions import portions

PAGE_SIZE = 1_000
HIDDEN = "\x1f$"
"""What columns begin with that hold an answer of the event itself; a query cannot name such a field."""
Origin: TypeAlias = int | tuple[int, ...]
"""Which rows of the source a row came from, by their numbers from 0."""
Metadata: TypeAlias = Callable[[int], Mapping[str, Value]]
"""`_id`, `_index`, `_version` and `_ignored` of an event, by its number in the order they are read."""


@dataclass(slots=True)
class Page:
    """Some rows: every column has `size` values. `documents` are the events behind the rows, while somebody needs them;
    `origins` the numbers of the source's rows, when lineage is asked for. `weight` is about how many bytes its texts
    and several values take (`weight_of`), as far as whoever made it knows."""

    size: int
    columns: dict[str, Column]
    documents: Sequence[Document] | None = None
    origins: list[Origin] | None = None
    weight: int = 0

    def where(self, chosen: Sequence[object]) -> "Page":
        """The rows for which `chosen` is true."""
        columns = {name: list(compress(column, chosen)) for name, column in self.columns.items()}
        documents = None if self.documents is None else list(compress(self.documents, chosen))
        origins = None if self.origins is None else list(compress(self.origins, chosen))
        return Page(sum(map(bool, chosen)), columns, documents, origins, self.weight)

    def take(self, rows: Sequence[int]) -> "Page":
        """These rows by their numbers in the page, in this order, as often as they are named."""
        columns = {name: [column[row] for row in rows] for name, column in self.columns.items()}
        documents = None if self.documents is None else [self.documents[row] for row in rows]
        origins = None if self.origins is None else [self.origins[row] for row in rows]
        return Page(len(rows), columns, documents, origins, self._share(len(rows)))

    def part(self, start: int, end: int) -> "Page":
        """The rows from one number to before another."""
        columns = {name: column[start:end] for name, column in self.columns.items()}
        documents = None if self.documents is None else self.documents[start:end]
        origins = None if self.origins is None else self.origins[start:end]
        size = min(end, self.size) - start
        return Page(size, columns, documents, origins, self._share(size))

    def parts(self) -> "Iterator[Page]":
        """The page, or several where it is heavy."""
        if self.weight > PART:
            self.weight = sum(map(weight_of, self.columns.values()))
        step = self.size if self.weight <= PART else max(1, self.size * PART // (2 * self.weight))
        if step >= self.size:
            yield self
            return
        for start in range(0, self.size, step):
            yield self.part(start, start + step)

    def _share(self, size: int) -> int:
        return self.weight * size // max(self.size, 1)

    def only(self, names: Iterable[str]) -> "Page":
        """The same rows with these of their columns."""
        return Page(self.size, {name: self.columns[name] for name in names}, self.documents, self.origins, self.weight)


def pages_of(
    documents: Iterable[Document],
    fields: Iterable[str],
    *,
    metadata: Metadata | None = None,
    size: int = PAGE_SIZE,
) -> Iterator[Page]:
    """Events as pages that have these columns (`CompiledQuery.fields`); costs some microseconds a field and event.

    Columns for full text are left to the query, which has the documents to ask.
    """
    wanted = [name for name in fields if not name.startswith(HIDDEN)]
    readers = {name: reader(name) for name in wanted if name not in METADATA}
    special = [name for name in wanted if name in METADATA]
    numbers = count()
    for batch in portions(documents, size):
        columns = {name: list(map(read, batch)) for name, read in readers.items()}
        columns |= _metadata_columns(special, batch, [next(numbers) for _ in batch], metadata)
        yield Page(len(batch), columns, batch, weight=sum(map(weight_of, columns.values())))


def _metadata_columns(
    names: Sequence[str], batch: Sequence[Document], numbers: Sequence[int], metadata: Metadata | None
) -> dict[str, Column]:
    if not names:
        return {}
    given = [metadata(number) if metadata else {} for number in numbers]
    return {
        name: [_metadata(name, known, document) for known, document in zip(given, batch, strict=True)] for name in names
    }


def _metadata(name: str, known: Mapping[str, Value], document: Document) -> Value:
    if name in known:
        return known[name]
    if name == "_source":
        return source_text(document.raw)
    return 1 if name == "_version" else None


def source_text(raw: Mapping[str, Any]) -> str:
    """An event as text of JSON, as `_source` gives it."""
    return orjson.dumps(raw, option=orjson.OPT_NON_STR_KEYS).decode()


def joined(pages: Sequence[Page]) -> Page:
    """Several pages as one; they have the same columns."""
    columns = {name: [value for page in pages for value in page.columns[name]] for name in pages[0].columns}
    documents = [document for page in pages for document in page.documents or ()]
    origins = [origin for page in pages for origin in page.origins or ()]
    return Page(
        sum(page.size for page in pages),
        columns,
        None if pages[0].documents is None else documents,
        None if pages[0].origins is None else origins,
        sum(page.weight for page in pages),
    )
