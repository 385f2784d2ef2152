"""What a rule is in force with: its file's definition, with what people here set over it (rules/overrides.py)."""

from collections.abc import Mapping
from typing import Any

from engine import RuleDefinition
from engine.rulefile.overriding import overridden
from rules.models import Rule
from rules.trees import TreeUnusable, definition_of

LOGIC_KEYS = frozenset({"multivalue"})
"""Local settings that are part of what a rule looks for."""


def effective(definition: RuleDefinition, overrides: Mapping[str, Any]) -> RuleDefinition:
    """The definition with the local settings over it."""
    return overridden(definition, overrides)


def changes_logic(overrides: Mapping[str, Any]) -> bool:
    """Whether the local settings change what the rule looks for, so that stored logic does not hold."""
    return not LOGIC_KEYS.isdisjoint(overrides)


def effective_of(rule: Rule) -> RuleDefinition:
    """What a rule is in force with; expects its revision to be loaded along.

    Raises: TreeUnusable.
    """
    if rule.revision is None:
        raise TreeUnusable("It has no revision; load its file again.")
    return effective(definition_of(rule.revision), rule.overrides)


def show_effective(rule: Rule, definition: RuleDefinition) -> None:
    """Let the columns that lists sort and filter by hold what is in force; the caller saves."""
    rule.severity, rule.risk_score, rule.tags = definition.severity, definition.risk_score, list(definition.tags)
