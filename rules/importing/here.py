"""What an import of exceptions finds here: the rules that reference each list, and the exceptions that there are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine import RuleDefinition
from rules.importing.items import OURS, Content, ids_of
from rules.importing.sources import Found, Kind
from rules.models import ExceptionItem, Rule, SharedList

Ids = tuple[str, str, str]
"""Rule, list and item."""


@dataclass(slots=True)
class Here:
    """What is known here: rules by the lists they reference, exceptions by rule and ids.

    `brought`: what this import has met of them already, with its line, since several files may hold the same list.
    """

    rules: dict[str, list[str]]
    names: dict[str, str]
    items: dict[Ids, ExceptionItem] = field(default_factory=dict)
    brought: dict[Ids, tuple[str, Content]] = field(default_factory=dict)

    def of_list(self, list_id: str) -> list[str]:
        """The rules that reference a list; one of our own exports belongs to the rule that its name names."""
        own = list_id.removeprefix(f"{OURS}-")
        return [own] if own != list_id and own in self.names else self.rules.get(list_id, [])


def what_is_here(
    definitions: Mapping[str, RuleDefinition], items: Iterable[Found], said: Iterable[tuple[str, str]]
) -> Here:
    """What is known of the lists of these items; `said`: lists with a rule that the import itself says belongs to them.
    Four queries."""
    rules: dict[str, set[str]] = defaultdict(set)
    names = dict(Rule.objects.values_list("pk", "name"))
    stored = Rule.objects.filter(revision__isnull=False).values_list("pk", "revision__definition__exceptions_list")
    references = dict(stored) | {pk: rule.exceptions_list for pk, rule in definitions.items()}
    for rule_id, listed in references.items():
        for one in listed or ():
            if isinstance(one, dict):
                rules[str(one.get("list_id"))].add(rule_id)
    added = SharedList.rules.through.objects.values_list("sharedlist_id", "rule_id")
    for list_id, rule_id in (*added, *said):
        rules[list_id].add(rule_id)
    names |= {pk: rule.name for pk, rule in definitions.items()}
    here = Here({list_id: sorted(of) for list_id, of in rules.items()}, names)
    wanted = {str(one.data.get("list_id")) for one in items}
    of_ours = {rule_id for list_id in wanted for rule_id in here.of_list(list_id)}
    for item in ExceptionItem.objects.filter(rule_id__in=of_ours).order_by("pk"):
        here.items[item.rule_id, *ids_of(item)] = item
    return here


def said_by(found: Sequence[Found], definitions: Mapping[str, RuleDefinition]) -> Iterator[tuple[str, str]]:
    """The lists that exported rules name, with the rule; also those that our own export added to what the rule says."""
    for one in found:
        rule_id, listed = str(one.data.get("rule_id")), one.data.get("exceptions_list")
        if one.kind is Kind.RULE and rule_id in definitions and isinstance(listed, list):
            yield from ((str(entry.get("list_id")), rule_id) for entry in listed if isinstance(entry, dict))
