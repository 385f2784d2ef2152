"""What asks for a value list: exceptions, by `list` entries, and rules, by the tables that their queries join."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from engine.languages.value_lists import list_misfit
from engine.rule_types.esql import tables_named
from rules.errors import ListInUse, ListRefused
from rules.models import ExceptionItem, Rule

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Users:
    """The exceptions (with the rule of each) that ask for a list, and the rules whose queries join it."""

    exceptions: list[ExceptionItem] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.exceptions or self.rules)

    def names(self, actor: User | None) -> list[str]:
        """What to call them; what is of other teams than the actor's is not named."""
        seen = _Seen(actor)
        items = [seen.item(item.name, item.rule.name, item.rule.team_id) for item in self.exceptions]
        return [*items, *(seen.rule(rule.name, rule.team_id) for rule in self.rules)]


class _Seen:
    """Names things for a person; without one, for who runs this place."""

    def __init__(self, actor: User | None) -> None:
        self._teams = None if actor is None else {None, *teams_of(actor)}

    def item(self, name: str, rule: str, team_id: int | None) -> str:
        return f"the exception “{name}” of {rule}" if self._sees(team_id) else "an exception of another team"

    def rule(self, name: str, team_id: int | None) -> str:
        return f"the rule “{name}”" if self._sees(team_id) else "a rule of another team"

    def _sees(self, team_id: int | None) -> bool:
        return self._teams is None or team_id in self._teams


def used_by(list_id: str) -> Users:
    """What asks for a list, also what is switched off or expired: it may be switched on again. Two queries."""
    items = _asking(list_id).select_related("rule").order_by("pk")[:MOST_SHOWN]
    return Users(list(items), _rules_of(list_id))


def _asking(list_id: str) -> QuerySet[ExceptionItem]:
    return ExceptionItem.objects.filter(removed_at=None, entries__contains=[{"list": {"id": list_id}}])


def _rules_of(name: str) -> list[Rule]:
    asking = Rule.objects.filter(type="esql", revision__definition__query__icontains=name).order_by("name", "pk")
    rows = asking.select_related("revision")
    return [rule for rule in rows if rule.revision and name in tables_named(rule.revision.definition["query"])]


def usage() -> Mapping[str, tuple[int, int]]:
    """How many exceptions and rules ask for each list. Two queries."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    items = ExceptionItem.objects.filter(removed_at=None, entries__contains=[{"type": "list"}])
    for entries in items.values_list("entries", flat=True):
        for list_id in set(lists_named(entries)):
            counts[list_id][0] += 1
    for query in Rule.objects.filter(type="esql").values_list("revision__definition__query", flat=True):
        for name in tables_named(query or ""):
            counts[name][1] += 1
    return {list_id: (of[0], of[1]) for list_id, of in counts.items()}


def list_entries(entries: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The entries that ask for lists."""
    return (entry for entry in entries if entry.get("type") == "list" and isinstance(entry.get("list"), Mapping))


def lists_named(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lists that an exception's entries ask for."""
    return (str(entry["list"].get("id")) for entry in list_entries(entries))


def check_unused(list_id: str, actor: User | None) -> None:
    """Raises: ListInUse when something asks for the list, since an exception without it would be another one."""
    if users := used_by(list_id):
        raise ListInUse(list_id, users.names(actor), "This list cannot be removed")


def check_own(list_id: str, actor: User | None) -> None:
    """Whether all that asks for the list is of the actor's teams, or everybody's; who runs this place may anything.

    Raises: ListRefused, when his values would decide what other teams are told.
    """
    if actor is None:
        return
    teams = teams_of(actor)
    items = _asking(list_id).exclude(rule__team=None).exclude(rule__team__in=teams)
    if items.exists() or any(rule.team_id not in {None, *teams} for rule in _rules_of(list_id)):
        told = "Something of another team asks for this list. Have an administrator change it, or make a list of yours."
        raise ListRefused("values", told)


def check_still_fits(list_id: str, values: Sequence[str], actor: User | None) -> None:
    """Whether every exception that asks for the list still can, when these are its values.

    Raises: ListInUse for none where an exception asks what is outside of it, which then would be everything;
    ListRefused for a value that an asked field never has.
    """
    asked: dict[str, str | None] = {}
    seen, columns = _Seen(actor), ("name", "rule__name", "rule__team_id", "entries")
    for name, rule, team_id, entries in _asking(list_id).values_list(*columns).order_by("pk"):
        asking = [one for one in list_entries(entries) if one["list"].get("id") == list_id]
        told = seen.item(name, rule, team_id)
        if not values and any(entry.get("operator") == "excluded" for entry in asking):
            what = "This list cannot be emptied, or everything would be outside of it"
            raise ListInUse(list_id, [told], what)
        for named in {str(entry.get("field", "")) for entry in asking} - asked.keys():
            asked[named] = list_misfit(named, values)
            if asked[named]:
                message = f"It is asked for by {told}, but it would hold {asked[named]}."
                raise ListRefused("values", message)


def asking_in_force(list_id: str) -> list[ExceptionItem]:
    """The exceptions in force that ask for a list, with their rules. One query."""
    in_force = _asking(list_id).filter(enabled=True, expired=False, not_applied_because="")
    return list(in_force.select_related("rule", "owner").order_by("pk"))


def asks(item: ExceptionItem, list_id: str, operator: str) -> bool:
    """Whether an exception demands that a value is in the list ("included"), or that it is not ("excluded")."""
    entries = (one for one in list_entries(item.entries) if one["list"].get("id") == list_id)
    return any((one.get("operator") or "included") == operator for one in entries)
