"""What others have done to the alerts on somebody's screen since it was drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Change, User
from alerts.models import Alert
from alerts.workflow import OBJECT_TYPE

MOST = 200
_TELLING = ("acknowledged", "closed", "reopened", "assigned", "unassigned", "escalated", "snoozed", "woken", "undid")


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """The newest change to an alert that somebody else made."""

    alert_id: int
    who: str
    verb: str
    at: datetime


def meanwhile(*, user: User, team_ids: Sequence[int], shown: Sequence[int], since: datetime) -> list[Meanwhile]:
    """What others did to these alerts, of which at most two hundred are looked after. One query, or two if anything."""
    found: dict[int, Meanwhile] = {}
    changes = Change.objects.filter(
        object_type=OBJECT_TYPE, object_id__in=[str(number) for number in shown[:MOST]], at__gt=since, verb__in=_TELLING
    ).exclude(actor=user)
    for change in changes.order_by("at", "pk").only("object_id", "actor_name", "verb", "at"):
        number = int(change.object_id)
        found[number] = Meanwhile(number, change.actor_name, change.verb, change.at)
    if not found:
        return []
    seen = set(Alert.objects.filter(pk__in=found, team_id__in=team_ids).values_list("pk", flat=True))
    return [one for number, one in found.items() if number in seen]
