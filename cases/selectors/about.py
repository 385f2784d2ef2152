"""Which of several cases is about a host or a user, so that what was found there is not noted on another."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db.models import F, Q

from cases.models import CaseAlert

_EVERYWHERE = frozenset(
    {
        "root", "system", "administrator", "admin", "network service", "local service", "nobody", "www-data",
        "localsystem", "networkservice", "localservice",
    }
)  # fmt: skip
"""Accounts that every machine has: that two of them did something is no reason to think of the same case."""


def case_about(numbers: Sequence[int], *, hosts: Collection[str], users: Collection[str]) -> int | None:
    """The one of these cases whose alerts name one of the hosts or users; None for no such case.

    A case of the host comes before one of the user, one of both before either, and of several the newest. One query,
    or none.
    """
    people = [user for user in users if user.rpartition("\\")[2].lower() not in _EVERYWHERE]
    if not numbers or not (hosts or people):
        return None
    found: dict[int, tuple[bool, bool]] = defaultdict(lambda: (False, False))
    for number, host, user in _named(numbers, hosts, people):
        of_host, of_user = found[number]
        found[number] = (of_host or host in hosts, of_user or user in people)
    return max(found, key=lambda number: (found[number], number), default=None)


def _named(
    numbers: Sequence[int], hosts: Collection[str], users: Collection[str]
) -> list[tuple[int, str | None, str | None]]:
    """The hosts and users of the cases' alerts, as far as they are among those."""
    rows = CaseAlert.objects.filter(case_id__in=list(numbers), alert__team_id=F("case__team_id"))
    mine = rows.filter(Q(alert__host_name__in=list(hosts)) | Q(alert__user_name__in=list(users)))
    return list(mine.values_list("case_id", "alert__host_name", "alert__user_name").distinct())
