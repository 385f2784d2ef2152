"""The rules of a folder as they would be stored: compiled once, then only ever read back from JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from engine import EngineError, Expression, RuleDefinition, compile_rule, load_rule, logic_from_json, logic_to_json
from engine.tree import Tree

TYPES = frozenset({"query", "eql", "new_terms", "threshold"})
LANGUAGES = ("kuery", "eql")


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule with what it compiles to, as plain JSON. `number` is 0 for a rule of the folder, else that of the copy."""

    rule_id: str
    type: str
    language: str
    query: str
    indices: tuple[str, ...]
    logic: dict[str, Any]
    number: int = 0


@dataclass(slots=True)
class RuleFolder:
    """What a folder gave: the rules that compile with the text of their files, and why the others are left out."""

    rules: list[StoredRule] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def summary(self) -> str:
        """One line for people."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.most_common())
        return f"{len(self.rules)} rules compile; left out: {reasons or 'none'}"


def read_folder(folder: Path, languages: Sequence[str] = LANGUAGES) -> RuleFolder:
    """Load and compile every rule of the measured types below a folder. Costs some milliseconds a rule."""
    found = RuleFolder()
    for path in sorted(folder.rglob("*.toml")):
        text = path.read_text(encoding="utf-8")
        try:
            _take(text, path.name, languages, found)
        except EngineError as error:
            found.left_out[f"cannot be read ({type(error).__name__})"] += 1
    return found


def _take(text: str, name: str, languages: Sequence[str], found: RuleFolder) -> None:
    definition = load_rule(text, name)
    if definition.type not in TYPES or definition.language not in languages:
        found.left_out[f"of type {definition.type} in {definition.language or 'no language'}"] += 1
    elif (rule := stored(definition)) is None:
        found.left_out[f"not evaluated yet ({definition.type} in {definition.language})"] += 1
    else:
        found.rules.append(rule)
        found.texts.append(text)


def stored(definition: RuleDefinition, number: int = 0) -> StoredRule | None:
    """The rule compiled; None when it is not evaluated.

    Raises: EngineError.
    """
    compiled = compile_rule(definition)
    if compiled.logic is None:
        return None
    return StoredRule(
        definition.rule_id,
        definition.type,
        definition.language or "",
        definition.query,
        compiled.indices,
        logic_to_json(compiled.logic),
        number,
    )


def write_stored(rules: Sequence[StoredRule], path: Path) -> Path:
    """The rules as one JSON file, which the measured processes load."""
    path.write_bytes(orjson.dumps([[rule.rule_id, rule.logic, rule.indices] for rule in rules]))
    return path


def expressions_of(data: bytes) -> list[Expression]:
    """What the file of `write_stored` says, as the matcher takes it: nothing is parsed or compiled here."""
    return [
        Expression(f"{rule_id}#{part.name}", part.tree, part.indices)
        for rule_id, logic, indices in orjson.loads(data)
        for part in logic_from_json(logic).parts(tuple(indices))
    ]


def trees_of(rules: Iterable[StoredRule]) -> list[Tree]:
    """The filters of the rules."""
    return [part.tree for rule in rules for part in logic_from_json(rule.logic).parts(())]
