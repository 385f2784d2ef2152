"""Rule files into the database: each becomes a rule with a new revision when its content has changed.

A file that cannot be used is reported with its error and the others load. Loading a rule again changes what fires from
the next claim on; whether a rule is on stays as people have set it. Folders of thousands, zips and Kibana's exports go
through rules/importing/.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from accounts.models import Change, User
from engine import EngineError, RuleDefinition, RuleFileError, compile_rule, load_rule
from rules import epoch
from rules.headings import MAX_NAME
from rules.models import Rule
from rules.storing import Origin, Prepared, Status, compare, keep_up, store
from rules.superseding import PACK, relink

__all__ = ["MAX_FILE_BYTES", "PACK", "LoadReport", "LoadedFile", "Status", "check_ids", "load_rules", "read_text"]

MAX_FILE_BYTES = 1_000_000
MAX_ID = 64


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One rule file and what became of it; `message` is the error, or what changed."""

    path: str
    status: Status
    rule_id: str | None = None
    name: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every file, in the order of their names."""

    files: tuple[LoadedFile, ...]

    def count(self, status: Status) -> int:
        """How many files ended so."""
        return Counter(file.status for file in self.files)[status]

    @property
    def errors(self) -> tuple[LoadedFile, ...]:
        """The files that were not loaded."""
        return tuple(file for file in self.files if file.status is Status.ERROR)


def load_rules(
    *, paths: Sequence[Path], source: str, actor: User | None, now: datetime, enable: bool = False
) -> LoadReport:
    """Load rule files and the *.toml files of folders. With `enable`, rules that are new here are switched on.

    `source` names the origin on the rule's page. The shipped pack leaves alone what somebody loaded from elsewhere.
    One transaction a file. Costs about 5 ms a changed rule, less than one an unchanged.
    """
    origin = Origin(source, actor, now, enable)
    seen: dict[str, str] = {}
    files = tuple(_load_file(path, origin, seen) for path in _files(paths))
    with transaction.atomic():
        relink(actor=actor, now=now, door=Change.Door.COMMAND)
    return LoadReport(files)


def _files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.rglob("*.toml")) if path.is_dir() else [path])]


def _load_file(path: Path, origin: Origin, seen: dict[str, str]) -> LoadedFile:
    shown = path.name
    try:
        text = read_text(path)
        definition = load_rule(text, shown)
        check_ids(definition, shown, seen)
        return _load(text, shown, definition, origin)
    except EngineError as error:
        told = str(error)
        return LoadedFile(shown, Status.ERROR, message=told if told.startswith(shown) else f"{shown}: {told}")


def read_text(path: Path) -> str:
    """The file's text, never more than a rule file may hold.

    Raises: RuleFileError.
    """
    try:
        with path.open("rb") as file:
            return decoded(file.read(MAX_FILE_BYTES + 1), path.name)
    except OSError as error:
        raise RuleFileError(path.name, None, f"cannot be opened: {error.strerror}") from error


def decoded(data: bytes, name: str) -> str:
    """The text of a rule file's bytes.

    Raises: RuleFileError.
    """
    if len(data) > MAX_FILE_BYTES:
        raise RuleFileError(name, None, "is over a megabyte; that is no rule file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RuleFileError(name, None, f"is not UTF-8 text (byte {error.start + 1})") from error


def check_ids(definition: RuleDefinition, path: str, seen: dict[str, str]) -> None:
    """Refuse a rule that the database cannot hold, or whose id another file of this run has.

    Raises: RuleFileError.
    """
    if len(definition.rule_id) > MAX_ID:
        raise RuleFileError(path, "rule.rule_id", f"is over {MAX_ID} characters long")
    if len(definition.name) > MAX_NAME:
        raise RuleFileError(path, "rule.name", f"is over {MAX_NAME} characters long")
    if definition.rule_id in seen:
        raise RuleFileError(path, "rule.rule_id", f"is the id of the rule in {seen[definition.rule_id]} too")
    seen[definition.rule_id] = path


def _load(text: str, path: str, definition: RuleDefinition, origin: Origin) -> LoadedFile:
    existing = Rule.objects.select_related("revision").filter(pk=definition.rule_id).first()
    outcome = compare(text, definition, existing, origin.name)
    if existing is not None and outcome.status is Status.UNCHANGED:
        keep_up(existing, definition)
    elif outcome.status is not Status.KEPT:
        prepared = Prepared(text, definition, compile_rule(definition))
        with transaction.atomic():
            outcome = store(prepared, origin, epoch.bump())
    return LoadedFile(path, outcome.status, definition.rule_id, definition.name, outcome.message)
