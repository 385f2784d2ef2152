"""Rules to choose one of, each with the address that it leads to; the list is templates/alerts/_rule_choices.html."""

from dataclasses import dataclass

from rules.models import Rule


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """A rule, and where choosing it leads."""

    rule: Rule
    url: str
