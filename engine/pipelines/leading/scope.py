"""What the names of a query stand for at a place in it, as far as that leads back to fields of the event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from engine.errors import EngineError
from engine.languages.esql.nodes import (
    Command,
    Completion,
    Dissect,
    Drop,
    Eval,
    Expression,
    From,
    Grok,
    Keep,
    MvExpand,
    Name,
    Rename,
    Sort,
    Where,
)
from engine.pipelines.dissect import compile_dissect
from engine.pipelines.grok import compile_grok
from engine.pipelines.schema import METADATA


@dataclass(frozen=True, slots=True)
class Worked:
    """A column that EVAL has worked out; `one`: MV_EXPAND has taken its values apart since."""

    expression: Expression
    scope: "Scope"
    one: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A column that GROK or DISSECT took out of a text: null where that is null; without one, anything at all."""

    out_of: Worked | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the event under its own or another name."""

    name: str
    one: bool = False


Meaning = Field | Worked | Taken


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that are no longer, or never were, the field of that name."""

    names: Mapping[str, Meaning] = field(default_factory=dict)

    def meaning(self, name: str) -> Meaning:
        return self.names.get(name) or Field(name)

    def field(self, name: Name) -> str | None:
        """The field that words are asked of under this name: one that is only called otherwise, or by two names."""
        meaning = self.meaning(name.name)
        while isinstance(meaning, Worked) and isinstance(meaning.expression, Name) and not meaning.one:
            meaning = meaning.scope.meaning(meaning.expression.name)
        return meaning.name if isinstance(meaning, Field) and not meaning.one else None

    def plus(self, name: str, meaning: Meaning) -> "Scope":
        return Scope({**self.names, name: meaning})


def after(command: Command, scope: Scope) -> Scope | None:
    """What the names stand for after a command; None when from there on rows no longer are events by themselves, or
    some of them are cut off, so that no later condition says anything about an event alone."""
    change = _CHANGES.get(type(command))
    try:
        return change(command, scope) if change else None
    except EngineError:
        return None


def _from(command: From, scope: Scope) -> Scope:
    return Scope({**scope.names, **{name: Taken() for name in (*METADATA, *command.metadata)}})


def _unchanged(_: Command, scope: Scope) -> Scope:
    return scope


def _eval(command: Eval, scope: Scope) -> Scope:
    for assignment in command.assignments:
        scope = scope.plus(assignment.name, Worked(assignment.expression, scope))
    return scope


def _rename(command: Rename, scope: Scope) -> Scope:
    for old, new in command.pairs:
        scope = scope.plus(new.name, scope.meaning(old.name)).plus(old.name, Taken())
    return scope


def _expand(command: MvExpand, scope: Scope) -> Scope:
    name = command.column.name
    meaning = scope.meaning(name)
    return scope.plus(name, meaning if isinstance(meaning, Taken) else replace(meaning, one=True))


def _grok(command: Grok, scope: Scope) -> Scope:
    return _with_columns(compile_grok(*command.patterns).columns, command.operand, scope)


def _dissect(command: Dissect, scope: Scope) -> Scope:
    return _with_columns(compile_dissect(command.pattern, command.append_separator).columns, command.operand, scope)


def _with_columns(columns: tuple[tuple[str, object], ...], operand: Expression, scope: Scope) -> Scope:
    taken = Taken(Worked(operand, scope))
    return Scope({**scope.names, **dict.fromkeys([name for name, _ in columns], taken)})


def _completion(command: Completion, scope: Scope) -> Scope:
    return scope.plus(command.target, Taken())


_CHANGES: Mapping[type, Callable[..., Scope]] = {
    From: _from,
    Where: _unchanged,
    Keep: _unchanged,
    Drop: _unchanged,
    Sort: _unchanged,
    Eval: _eval,
    Rename: _rename,
    MvExpand: _expand,
    Grok: _grok,
    Dissect: _dissect,
    Completion: _completion,
}
