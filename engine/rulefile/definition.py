"""What a rule is once its file has been read: plain values, ready to be stored as a revision.

Nothing here judges events; turning a definition into a tree is in compiling.py.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from engine.languages.esql.sources import sources_of
from engine.rulefile.table import Table


@dataclass(frozen=True, slots=True)
class Subtechnique:
    """An ATT&CK sub-technique that a rule is mapped to, such as T1059.006."""

    id: str
    name: str
    reference: str


@dataclass(frozen=True, slots=True)
class Technique:
    """An ATT&CK technique that a rule is mapped to, with the sub-techniques that apply."""

    id: str
    name: str
    reference: str
    subtechniques: tuple[Subtechnique, ...] = ()


@dataclass(frozen=True, slots=True)
class Tactic:
    """An ATT&CK tactic that a rule is mapped to, with the techniques that serve it here."""

    id: str
    name: str
    reference: str
    techniques: tuple[Technique, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """Everything a rule file says about one rule, defaults filled in and checked.

    `raw` is the file's [rule] table as it stands, for what no attribute carries (threshold, threat_match and
    machine-learning settings among it). `transform` holds the queries that a guide refers to as `$osquery_0`.
    """

    rule_id: str
    name: str
    description: str
    type: str
    language: str | None
    query: str
    index: tuple[str, ...]
    filters: tuple[dict[str, Any], ...]
    severity: str
    risk_score: int
    interval: str
    from_: str
    to: str
    max_signals: int
    tags: tuple[str, ...]
    threat: tuple[Tactic, ...]
    references: tuple[str, ...]
    author: tuple[str, ...]
    license: str
    note: str
    setup: str
    false_positives: tuple[str, ...]
    enabled: bool | None
    version: int | None
    timestamp_override: str | None
    building_block_type: str | None
    rule_name_override: str | None
    investigation_fields: tuple[str, ...]
    new_terms_fields: tuple[str, ...]
    history_window_start: str | None
    integrations: tuple[str, ...]
    exceptions_list: tuple[dict[str, Any], ...]
    severity_mapping: tuple[dict[str, Any], ...]
    risk_score_mapping: tuple[dict[str, Any], ...]
    alert_suppression: dict[str, Any] | None
    metadata: dict[str, Any]
    transform: dict[str, Any]
    raw: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The definition as plain JSON values, for storage in a revision."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "RuleDefinition":
        """The definition that `to_json` wrote.

        Raises: msgspec.ValidationError when the stored value has another shape.
        """
        return msgspec.convert(data, cls)

    @property
    def is_building_block(self) -> bool:
        """Whether its alerts are kept out of the queue and serve only other rules."""
        return self.building_block_type is not None

    @property
    def indices(self) -> tuple[str, ...]:
        """The index patterns to judge, those of FROM for a pipeline: without any, every index but those whose name
        begins with a dot.

        A rule that names no index must not start to read alerts: it would feed on its own.
        """
        named = sources_of(self.query) if self.language == "esql" else self.index
        return named or ("*",)

    @property
    def settings(self) -> Table:
        """The file's [rule] table to be read key by key, for what only one type of rule has."""
        return Table(self.name, self.raw, "rule")
