"""Rules out of files, each with what is wrong with it, so that one bad rule never hides the others."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from engine.cli.exports import EXPORT_SUFFIXES, Entry, entries_of, is_rule
from engine.cli.files import NotTextError, text_of_file
from engine.cli.places import Place, place_in_file
from engine.errors import EngineError, LanguageError, RuleFileError
from engine.linting import lint
from engine.rulefile import RuleDefinition, compile_rule, load_rule
from engine.rulefile.kibana import read_kibana_rule
from engine.running import Rule

NOWHERE = Place(None, None)
PlaceOf: TypeAlias = Callable[[RuleFileError], Place]
MessageOf: TypeAlias = Callable[[RuleFileError], str]


@dataclass(frozen=True, slots=True)
class Read:
    """A rule of a file: compiled (`rule`), or the reason why not. `status` is ok, error or unsupported."""

    path: str
    status: str
    message: str = ""
    place: Place = NOWHERE
    rule_id: str | None = None
    type: str | None = None
    rule: Rule | None = None
    definition: RuleDefinition | None = None

    def to_json(self) -> dict[str, Any]:
        """The line that `check` prints."""
        return {
            "path": self.path,
            "rule_id": self.rule_id,
            "type": self.type,
            "status": self.status,
            "message": self.message or None,
            "line": self.place.line,
            "column": self.place.column,
        }

    def findings(self) -> list[dict[str, Any]]:
        """What the linter says of the rule; places are those inside the text of the key."""
        return [asdict(finding) for finding in lint(self.definition)] if self.definition else []


def rules_in(path: Path) -> Iterator[Read]:
    """The rules of a file: the one of a TOML file, or those of an export from Kibana.

    Raises: UnusableError when the file itself cannot be read.
    """
    try:
        text = text_of_file(path)
    except NotTextError as error:
        yield Read(str(path), "error", str(error), Place(error.line, None))
        return
    if path.suffix not in EXPORT_SUFFIXES:
        yield _toml(path, text)
        return
    entries = [entry for entry in entries_of(text) if entry.error is not None or is_rule(entry.data)]
    if not entries:
        yield Read(str(path), "error", "holds no rules", Place(1, None))
    for entry in entries:
        yield _exported(path, entry) if entry.error is None else _unreadable(path, entry)


def _unreadable(path: Path, entry: Entry) -> Read:
    return Read(str(path), "error", entry.error or "", Place(entry.line, None))


def _exported(path: Path, entry: Entry) -> Read:
    try:
        definition = read_kibana_rule(entry.data, str(path)).definition
    except RuleFileError as error:
        return Read(str(path), "error", _message_in_export(error), Place(entry.line, None), *_named(entry.data))
    return _compiled(str(path), definition, lambda _: Place(entry.line, None), _message_in_export)


def _toml(path: Path, text: str) -> Read:
    try:
        definition = load_rule(text, str(path))
    except RuleFileError as error:
        return Read(str(path), "error", _message(error), place_in_file(text, error), *_named(_rule_table(text)))
    return _compiled(
        str(path), definition, lambda error: place_in_file(text, error, _query_of(definition, error)), _message
    )


def _compiled(path: str, definition: RuleDefinition, place: PlaceOf, message: MessageOf) -> Read:
    names = definition.rule_id, definition.type
    try:
        compiled = compile_rule(definition, path)
    except RuleFileError as error:
        return Read(path, "error", message(error), place(error), *names)
    except EngineError as error:
        return Read(path, "error", str(error), place(RuleFileError(path, "rule.query", str(error))), *names)
    if compiled.reason_not_evaluated is not None:
        return Read(path, "unsupported", compiled.reason_not_evaluated, NOWHERE, *names, definition=definition)
    return Read(path, "ok", "", NOWHERE, *names, Rule(definition, compiled), definition)


def _rule_table(text: str) -> Mapping[str, Any]:
    """The [rule] table of a file that could not be used, as far as it is TOML at all."""
    try:
        table = tomllib.loads(text).get("rule")
    except (ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}


def _named(table: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The id and the type that a rule claims to have, so that its line can be told from others."""
    rule_id, kind = table.get("rule_id"), table.get("type")
    return rule_id if isinstance(rule_id, str) else None, kind if isinstance(kind, str) else None


def _query_of(definition: RuleDefinition, error: RuleFileError) -> str:
    key = (error.key or "").rpartition(".")[2]
    text = definition.raw.get(key)
    return text if isinstance(text, str) else definition.query


def _message(error: RuleFileError) -> str:
    cause = error.cause
    if isinstance(cause, LanguageError):
        return f"{error.key}: {_words(cause)}"
    return f"{error.key}: {error.message}" if error.key else error.message


def _message_in_export(error: RuleFileError) -> str:
    """An export has a query on one line, whatever its own lines are, so the place in it goes into the message."""
    cause = error.cause
    if isinstance(cause, LanguageError):
        return f"{error.key}: query line {cause.line}, column {cause.column}: {_words(cause)}"
    return _message(error)


def _words(cause: LanguageError) -> str:
    return f"{cause.message}{f' {cause.hint}' if cause.hint else ''}"
