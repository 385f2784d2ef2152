"""The files that a command names: rules one by one, events line by line."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.cli.errors import FAULTY, FINE, UnusableError
from engine.cli.exports import EXPORT_SUFFIXES, begins_like_an_export
from engine.cli.output import say
from engine.errors import EngineError
from engine.running import Event, EventsError, read_events

STANDARD_INPUT = "-"


def rule_files(paths: Sequence[str]) -> Iterator[Path]:
    """The rule files under the given files and folders, those of a folder sorted by path; a file named is always read,
    whatever its name.

    Raises: UnusableError for what is not there, and for folders without rules, so that a check of nothing cannot pass.
    """
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if _holds_rules(file))
            if not found:
                raise UnusableError(f"{text} holds no rule files.")
            yield from found
        elif path.exists():
            yield path
        else:
            raise UnusableError(f"{text} is not there.")


def _holds_rules(path: Path) -> bool:
    """Whether a file of a folder is meant: folders of rules hold files of events too."""
    if not path.is_file():
        return False
    return path.suffix == ".toml" or (path.suffix in EXPORT_SUFFIXES and begins_like_an_export(path))


class NotTextError(EngineError):
    """A file that is no text in UTF-8; `line` is that of the first byte that is wrong, counted from 1."""

    def __init__(self, line: int) -> None:
        super().__init__("is not text in UTF-8")
        self.line = line


def text_of_file(path: Path) -> str:
    """The text of a file. Raises NotTextError; UnusableError when the file cannot be read at all."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotTextError(error.object.count(b"\n", 0, error.start) + 1) from None
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}.") from None


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a file, and whether it held lines that are none."""

    events: list[Event]
    complete: bool

    @property
    def code(self) -> int:
        """How a command ends that had nothing else to complain of."""
        return FINE if self.complete else FAULTY


def events_in(path: str) -> Events:
    """The events of a file of NDJSON; `-` is standard input. Lines that are no events are told of and left out.

    Raises: UnusableError when the file cannot be read.
    """
    refused: list[int] = []

    def refuse(error: EventsError) -> None:
        refused.append(error.line)
        say(f"{path}, {error}. The line is left out.")

    try:
        if path == STANDARD_INPUT:
            events = list(read_events(sys.stdin.buffer, refuse))
        else:
            with Path(path).open("rb") as lines:
                events = list(read_events(lines, refuse))
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}.") from None
    return Events(events, complete=not refused)
