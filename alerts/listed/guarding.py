"""Which true positives exceptions hide now that a value list they ask for has other values, and who is told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import orjson
from django.urls import reverse

from accounts.models import Notice, User
from accounts.notices import notify
from alerts.exceptions.covering import judge_alerts
from alerts.models import Alert, ExceptionCheck, Kind, Reason, Status
from alerts.reviewing.checks import check
from alerts.reviewing.signs import trees_of
from engine import EngineError, Tree
from engine.languages.exceptions import parse_each_entry
from engine.languages.value_lists import ListValues
from engine.tree import MatchNone
from rules.models import ExceptionItem
from rules.value_lists import values_of
from rules.value_lists.watching import ValuesChange

CHECKED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Hiding:
    """An exception, and the true positives (number: team) that it hides now and did not hide before."""

    item: ExceptionItem
    alerts: Mapping[int, int]


class _Before:
    """What exceptions asked while the list had its former values."""

    def __init__(self, change: ValuesChange) -> None:
        self._change = change

    @cached_property
    def _values(self) -> ListValues:
        return ListValues(self._change.before)

    def trees_of(self, item: ExceptionItem) -> tuple[Tree, ...]:
        try:
            return parse_each_entry(item.entries, self._values_of)
        except EngineError:
            return (MatchNone(),)

    def _values_of(self, list_id: str) -> ListValues | None:
        return self._values if list_id == self._change.list_id else values_of(list_id)


def newly_hidden(items: Sequence[ExceptionItem], change: ValuesChange) -> list[Hiding]:
    """Those of the exceptions that hide true positives which they did not hide with the former values.

    Items that say the same (a shared list's copies) are judged together; some 20 to 60 µs for each true positive of
    their rules, twice where something is hidden.
    """
    before = _Before(change)
    return [one for alike in _alike(items) for one in _hiding(alike, before)]


def _alike(items: Iterable[ExceptionItem]) -> list[list[ExceptionItem]]:
    found: dict[bytes, list[ExceptionItem]] = {}
    for item in items:
        found.setdefault(orjson.dumps(item.entries, option=orjson.OPT_SORT_KEYS), []).append(item)
    return list(found.values())


def _hiding(alike: Sequence[ExceptionItem], before: _Before) -> list[Hiding]:
    closed = Alert.objects.filter(
        rule__in={item.rule_id for item in alike}, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE
    ).exclude(kind=Kind.BLOCK)
    rules = {pk: (rule_id, team_id) for pk, rule_id, team_id in closed.values_list("pk", "rule_id", "team_id")}
    covered = _covered(((pk, team_id) for pk, (_, team_id) in rules.items()), trees_of(alike[0])) if rules else set()
    if covered:
        covered -= _covered(((pk, rules[pk][1]) for pk in covered), before.trees_of(alike[0]))
    found = [Hiding(item, {pk: rules[pk][1] for pk in covered if rules[pk][0] == item.rule_id}) for item in alike]
    return [one for one in found if one.alerts]


def _covered(alerts: Iterable[tuple[int, int]], trees: tuple[Tree, ...]) -> set[int]:
    return {one.alert_id for one in judge_alerts(alerts, [trees]) if one.covered}


def gate(item: ExceptionItem) -> str:
    """Why an imported exception stays off although its list is there now: nobody has looked at what it would hide."""
    closed = Alert.objects.filter(rule=item.rule_id, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    covered = _covered(closed.exclude(kind=Kind.BLOCK).values_list("pk", "team_id"), trees_of(item))
    what = "a true positive" if len(covered) == 1 else f"{len(covered)} true positives"
    return f"It would have hidden {what}." if covered else ""


def look_again_soon(items: Sequence[ExceptionItem], hiding: Sequence[Hiding], now: datetime) -> None:
    """Have what the ledger says of these exceptions found out anew: at once of the first that hide something, within
    a minute of the rest."""
    ExceptionCheck.objects.filter(item__in=[item.pk for item in items]).update(item_version=0)
    for one in hiding[:CHECKED_AT_ONCE]:
        check(one.item, now)


def tell_owners(hiding: Sequence[Hiding], change: ValuesChange) -> None:
    """One notice to each owner, however many of his exceptions hide however much; also to who brought the values, since
    a key did it for him."""
    by_owner: dict[int, list[Hiding]] = {}
    for one in hiding:
        if one.item.owner_id is not None:
            by_owner.setdefault(one.item.owner_id, []).append(one)
    of = sha256(change.list_id.encode()).hexdigest()[:16]
    for person in User.objects.filter(pk__in=by_owner):
        mine = by_owner[person.pk]
        notify(
            people=[person],
            kind=Notice.Kind.REVIEW,
            text=_told(mine, change.list_id),
            path=_path(mine),
            key=f"values:{of}:{change.version}:hides",
            actor=None,
            now=change.now,
        )


def _told(mine: Sequence[Hiding], list_id: str) -> str:
    total = len({number for one in mine for number in one.alerts})
    of = f"your exception “{mine[0].item.name[:80]}”" if len(mine) == 1 else f"{len(mine)} of your exceptions"
    what = "a true positive" if total == 1 else f"{total} true positives"
    return f"New values of the list “{list_id[:60]}” have {of} hide {what}. Look whether they belong in it."


def _path(mine: Sequence[Hiding]) -> str:
    if len(mine) == 1:
        return reverse("alerts:exception", args=[mine[0].item.pk])
    return reverse("alerts:exceptions")
