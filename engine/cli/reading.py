"""Rules out of files, each with what is wrong with it, so that one bad rule never hides the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.cli.files import text_of_file
from engine.cli.places import Place, place_in_file
from engine.errors import EngineError, LanguageError, RuleFileError
from engine.rulefile import RuleDefinition, compile_rule, load_rule
from engine.running import Rule

NOWHERE = Place(None, None)


@dataclass(frozen=True, slots=True)
class Read:
    """A rule of a file: compiled (`rule`), or the reason why not. `status` is ok, error or unsupported."""

    path: str
    status: str
    message: str = ""
    place: Place = NOWHERE
    definition: RuleDefinition | None = None
    rule: Rule | None = None

    def to_json(self) -> dict[str, Any]:
        """The line that `check` prints."""
        known = self.definition
        return {
            "path": self.path,
            "rule_id": known.rule_id if known else None,
            "type": known.type if known else None,
            "status": self.status,
            "message": self.message or None,
            "line": self.place.line,
            "column": self.place.column,
        }


def rules_in(path: Path) -> Iterator[Read]:
    """The rules of a file: the one of a TOML file. Raises UnusableError when the file itself cannot be read."""
    yield _toml(path, text_of_file(path))


def _toml(path: Path, text: str) -> Read:
    try:
        definition = load_rule(text, str(path))
    except RuleFileError as error:
        return Read(str(path), "error", _message(error), place_in_file(text, error))
    return _compiled(str(path), definition, text)


def _compiled(path: str, definition: RuleDefinition, text: str) -> Read:
    try:
        compiled = compile_rule(definition, path)
    except RuleFileError as error:
        place = place_in_file(text, error, _query_of(definition, error))
        return Read(path, "error", _message(error), place, definition)
    except EngineError as error:
        return Read(path, "error", str(error), NOWHERE, definition)
    if compiled.reason_not_evaluated is not None:
        return Read(path, "unsupported", compiled.reason_not_evaluated, NOWHERE, definition)
    return Read(path, "ok", definition=definition, rule=Rule(definition, compiled))


def _query_of(definition: RuleDefinition, error: RuleFileError) -> str:
    key = (error.key or "").rpartition(".")[2]
    text = definition.raw.get(key)
    return text if isinstance(text, str) else definition.query


def _message(error: RuleFileError) -> str:
    cause = error.cause
    if isinstance(cause, LanguageError):
        return f"{error.key}: {cause.message}{f' {cause.hint}' if cause.hint else ''}"
    return f"{error.key}: {error.message}" if error.key else error.message
