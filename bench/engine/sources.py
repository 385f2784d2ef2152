"""Where the events of a measurement come from: a file of NDJSON, or the generator; both can be read from any place.

A batch is made just before it is judged and dropped after, so that the memory measured is the engine's.
"""

import gzip
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from bench.engine.telemetry import telemetry

Row = tuple[str, bytes]


class Source(Protocol):
    """Events in an order that is always the same."""

    @property
    def name(self) -> str:
        """What they are, in words."""

    def rows(self, start: int, count: int) -> Iterator[Row]:
        """`count` events from the `start`-th on, fewer at the end: index and NDJSON line."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """The lines of an NDJSON file, gzipped or not."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def rows(self, start: int, count: int) -> Iterator[Row]:
        with gzip.open(self.path, "rb") if self.path.suffix == ".gz" else self.path.open("rb") as file:
            for line in itertools.islice(file, start, start + count):
                yield index_of(orjson.loads(line)), line.rstrip()


@dataclass(frozen=True, slots=True)
class MadeSource:
    """Events made from a seed, without end."""

    seed: int = 1

    @property
    def name(self) -> str:
        return f"made, seed {self.seed}"

    def rows(self, start: int, count: int) -> Iterator[Row]:
        for number in range(start, start + count):
            document = telemetry(self.seed, number)
            yield index_of(document), orjson.dumps(document)


def index_of(document: dict[str, object]) -> str:
    """The index that the event's data stream names."""
    stream = document.get("data_stream")
    parts = stream if isinstance(stream, dict) else {}
    return f"{parts.get('type', 'logs')}-{parts.get('dataset', 'generic')}-{parts.get('namespace', 'default')}"


def batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of `size`; the last may be shorter."""
    while batch := list(itertools.islice(rows, size)):
        yield batch
