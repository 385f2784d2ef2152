"""Where an exception is to hold: on one rule, on several, or on every rule of a shared list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django.db.models import Prefetch

from accounts.models import User
from alerts.errors import ScopeRefused
from alerts.exceptions import allowed
from rules.models import ExceptionItem, Rule, SharedList
from rules.shared import list_of

MOST_RULES = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """The rule it was written on, the further ones, or the shared list that holds it."""

    rule: Rule
    others: tuple[Rule, ...] = ()
    shared: SharedList | None = None

    @property
    def rules(self) -> list[Rule]:
        """Every rule on which it holds, each once."""
        return list({one.pk: one for one in (self.rule, *self.others)}.values())

    @property
    def rule_ids(self) -> list[str]:
        """The further rules, as a draft keeps them; none for a list, whose rules are its own affair."""
        return [] if self.shared else [one.pk for one in self.rules if one.pk != self.rule.pk]

    @property
    def list_id(self) -> str:
        """The shared list, as a draft keeps it."""
        return self.shared.list_id if self.shared else ""


def scope_of(rule: Rule, rule_ids: Sequence[str] = (), list_id: str = "") -> Scope:
    """Where an exception on a rule is to hold. A shared list has to hold the rule. Two queries at most.

    Raises: ScopeRefused.
    """
    (scope,) = scopes_of([(rule, rule_ids, list_id)])
    if isinstance(scope, ScopeRefused):
        raise scope
    return scope


def scope_of_item(item: ExceptionItem) -> Scope:
    """Where a stored exception holds: an item of a list changes on all of its rules. Two queries for one of a list."""
    shared = list_of(item)
    return Scope(item.rule, tuple(shared.rules.order_by("name", "pk")), shared) if shared else Scope(item.rule)


Asked: TypeAlias = tuple[Rule, Sequence[str], str]
"""A rule, the further ones, and the shared list, as a draft keeps them."""


def scopes_of(asked: Sequence[Asked]) -> list[Scope | ScopeRefused]:
    """The same of several, each with why it cannot be. Three queries at most."""
    further = {pk for _, rule_ids, _ in asked for pk in rule_ids[:MOST_RULES]}
    named = {list_id for *_, list_id in asked if list_id}
    rules = Rule.objects.in_bulk(list(further)) if further else {}
    found = SharedList.objects.filter(pk__in=named, removed_at=None) if named else SharedList.objects.none()
    by_name = Prefetch("rules", Rule.objects.order_by("name", "pk"))
    lists = {one.pk: one for one in found.prefetch_related(by_name)}
    return [
        _in_list(rule, lists.get(list_id)) if list_id else _on_rules(rule, rule_ids, rules)
        for rule, rule_ids, list_id in asked
    ]


def _on_rules(rule: Rule, rule_ids: Sequence[str], rules: Mapping[str, Rule]) -> Scope | ScopeRefused:
    wanted = [one for one in dict.fromkeys(rule_ids) if one != rule.pk]
    if len(wanted) >= MOST_RULES:
        return ScopeRefused(f"An exception is written on at most {MOST_RULES} rules at once. Use a shared list.")
    if missing := [one for one in wanted if one not in rules]:
        return ScopeRefused(f"There is no rule {missing[0][:80]}.")
    return Scope(rule, tuple(rules[one] for one in wanted))


def _in_list(rule: Rule, shared: SharedList | None) -> Scope | ScopeRefused:
    if shared is None:
        return ScopeRefused("There is no such shared list any more.")
    rules = tuple(shared.rules.all())
    if rule.pk not in {one.pk for one in rules}:
        return ScopeRefused(f"The shared list “{shared.name}” does not hold for this rule.")
    return Scope(rule, rules, shared)


def check_unchanged(scope: Scope) -> None:
    """Refuse when the shared list got or lost rules since the scope was read: nobody asked whether the person may write
    on those, and the guard would not look at them. With the epoch held it stays as it is. Raises: ScopeRefused.
    """
    if scope.shared is None:
        return
    now = SharedList.objects.filter(pk=scope.shared.pk, removed_at=None).values_list("rules", flat=True)
    if set(now) != {rule.pk for rule in scope.rules}:
        raise ScopeRefused(f"The rules of the shared list “{scope.shared.name}” have just changed. Look again.")


def need_to_save_on(actor: User, scope: Scope) -> None:
    """Refuse who may not put an exception in force on each of the rules.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded.
    """
    allowed.need_to_save_on(actor, scope.rules)


def need_to_except_on(actor: User, scope: Scope) -> None:
    """Refuse who may not write exceptions on each of the rules.

    Raises: NotAllowed, NotYourTeam.
    """
    allowed.need_to_except_on(actor, scope.rules)
