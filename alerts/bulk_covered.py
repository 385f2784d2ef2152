"""Closing the hundreds or thousands of alerts that new exceptions cover, as an act that a worker works off.

Its number is the group under which the exceptions were saved, so one undo takes back both. It closes by the exceptions
as they were saved: where one of them was changed, switched off or taken back meanwhile, nothing more is closed by it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from accounts.models import Change, User
from accounts.roles import Permission
from alerts.bulk import TEAMS, UNKNOWN, newest, teams_for
from alerts.bulk_verbs import Next, Portion, Verb, register
from alerts.errors import AlertError
from alerts.exceptions.closing import Closing, Covering, Place, close_all
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.groups import parse_groups
from alerts.models import BulkAct, Status
from engine import ExceptionEntryError
from rules.models import ExceptionItem, Rule

VERB = "close covered"
CHANGED = "The exception was changed or taken back meanwhile, so nothing more is closed by it."
LEFT_OPEN = "left_open"


class CoveringGone(AlertError):  # noqa: N818
    """None of the exceptions is as it was saved."""

    def __init__(self) -> None:
        super().__init__(CHANGED)


def start(items: Iterable[ExceptionItem], how: Closing, team_ids: Sequence[int]) -> BulkAct:
    """Have everything of these teams closed that these exceptions cover, of what there is now; part of the transaction
    that saved them, which holds the epoch, so that nothing slips in before."""
    told = {"reason": how.reason, "note": how.note, "door": str(how.door), LEFT_OPEN: 0, "along": True}
    act = BulkAct(id=how.group, actor=how.actor, verb=VERB, query="", as_of=how.now, up_to_id=newest(), total=UNKNOWN)
    act.arguments = {**told, TEAMS: list(team_ids), "covering": [[item.pk, item.version] for item in items]}
    act.created_at = how.now
    act.save(force_insert=True)
    return act


def find(act: BulkAct, actor: User, most: int) -> Next:
    """The next open alerts that are covered; those that stand for counted hits, too, stay open and are counted."""
    rules, covering = _covering(act.arguments)
    waiting = alerts_of(rules, teams_for(act, actor)).exclude(status=Status.CLOSED)
    rest = waiting.filter(pk__gt=act.last_key or 0, pk__lte=act.up_to_id)
    looked = {pk: (team_id, hits) for pk, team_id, hits in rest.values_list("pk", "team_id", "suppressed")[:most]}
    covered = covering.of(((pk, team_id) for pk, (team_id, _) in looked.items()), most)
    numbers = sorted(pk for pk in covered if not looked[pk][1])
    act.arguments[LEFT_OPEN] += len(covered) - len(numbers)
    return Next(numbers, max(looked, default=act.up_to_id), len(looked) < most)


def close(portion: Portion, arguments: dict[str, Any]) -> list[int]:
    """Close those of the portion that are covered still."""
    _, covering = _covering(arguments)
    by_group = covering.of([(alert.pk, alert.team_id) for alert in portion.alerts], len(portion.alerts))
    alerts = [alert for alert in portion.alerts if alert.pk in by_group]
    reason, note, door = arguments["reason"], arguments["note"], Change.Door(arguments["door"])
    how = Closing(reason, note, portion.actor, portion.now, door, portion.group)
    return close_all(alerts, by_group, covering, how).closed


class _Grouped(NamedTuple):
    rules: Sequence[Rule]
    covering: Covering


def _covering(arguments: dict[str, Any]) -> _Grouped:
    """The exceptions that are as they were saved, those that say the same together. Raises: CoveringGone."""
    versions: dict[int, int] = dict(arguments["covering"])
    in_force = ExceptionItem.objects.filter(pk__in=versions, enabled=True, expired=False, removed_at=None)
    same = [item for item in in_force.select_related("rule").order_by("pk") if item.version == versions[item.pk]]
    if not same:
        raise CoveringGone
    groups: dict[bytes, int] = {}
    items: dict[Place, ExceptionItem] = {}
    for item in same:
        at = groups.setdefault(orjson.dumps(item.entries, option=orjson.OPT_SORT_KEYS), len(groups))
        items[item.rule_id, at] = item
    try:
        trees = parse_groups([orjson.loads(entries) for entries in groups])
    except ExceptionEntryError as error:  # a list that it asks for is gone
        raise CoveringGone from error
    return _Grouped(list({item.rule_id: item.rule for item in same}.values()), Covering(trees, items))


def register_verb() -> None:
    """Let acts close what exceptions cover."""
    register(VERB, Verb(close, Permission.EXCEPT, find=find))
