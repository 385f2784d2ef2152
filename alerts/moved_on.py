"""What happened to alerts since the list was drawn on which a person acts: what others did is to be looked at first.

What the person did since is known to him, also where the list still shows it as it was: of a list that was read on, an
act draws anew only so many rows (alerts/views/queue.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import Change, User
from alerts.models import Alert
from alerts.workflow import COMMENTED, OBJECT_TYPE

COMMITTED = timedelta(seconds=30)
"""A change tells when it was asked for, and may be seen only so much later, when its transaction ends."""


def moved_by_others(numbers: Sequence[int], at: datetime, person: User) -> set[int]:
    """Those of the alerts that anybody but the person has moved on since. One query."""
    return _numbers(_moves(numbers).filter(at__gt=at).exclude(actor=person))


def as_known(versions: Mapping[int, int], at: datetime, person: User) -> dict[int, int]:
    """The versions that were seen, with those of alerts that the person alone has moved on since as they are now. One
    query, and two more where any was moved on.
    """
    now = dict(Alert.objects.filter(pk__in=list(versions)).values_list("pk", "version"))
    later = [number for number, version in now.items() if version != versions[number]]
    if not later:
        return dict(versions)
    others = Q(at__gt=at - COMMITTED) & ~Q(actor=person)
    mine = _numbers(_moves(later).filter(at__gt=at, actor=person)) - _numbers(_moves(later).filter(others))
    return {**versions, **{number: now[number] for number in mine}}


def _moves(numbers: Sequence[int]) -> QuerySet[Change]:
    names = [str(number) for number in numbers]
    found = Change.objects.filter(object_type=OBJECT_TYPE, object_id__in=names, inverse__isnull=False)
    return found.exclude(verb=COMMENTED)


def _numbers(changes: QuerySet[Change]) -> set[int]:
    return {int(name) for name in changes.values_list("object_id", flat=True)}
