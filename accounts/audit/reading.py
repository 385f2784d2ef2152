"""Which entries of the record a person may read, filtered and paged by key.

The record grows without end, so every filter has an index that ends in the time (accounts/models.py), and the number of
a thing is looked up together with its kind.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.access import may, need
from accounts.audit.words import KINDS
from accounts.models import Change, User
from accounts.roles import Permission
from accounts.selectors import teams_of
from soc.web import paging

WATCHBILL = "watchbill"
SALT = "audit"
PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What is looked for; nothing set: everything. `who` is a person's number, or "watchbill" for what nobody did."""

    who: str = ""
    verb: str = ""
    kind: str = ""
    object_id: str = ""
    team: int | None = None
    door: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """What is set, for the record of an export."""
        told = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}


def visible_to(user: User) -> QuerySet[Change]:
    """What of the record the person may read. Raises: NotAllowed."""
    need(user, Permission.AUDIT)
    if may(user, Permission.MANAGE_USERS):
        return Change.objects.all()
    return Change.objects.filter(team__in=teams_of(user))


def filtered(user: User, filters: AuditFilters) -> QuerySet[Change]:
    """The entries that are looked for, newest first. Raises: NotAllowed."""
    found = visible_to(user).filter(**_exact(filters))
    if filters.who == WATCHBILL:
        found = found.filter(actor=None)
    elif filters.who:
        found = found.filter(actor=int(filters.who))
    if filters.object_id and not filters.kind:
        found = found.filter(object_type__in=list(KINDS))
    if filters.text:
        found = found.exclude(note="").filter(note__icontains=filters.text)
    return found.order_by("-at", "-pk")


def changes(
    *, user: User, filters: AuditFilters, after: str | None = None, limit: int = PAGE
) -> paging.KeyPage[Change]:
    """The entries that follow the key `after`, newest first. One query. Raises: NotAllowed."""
    start = paging.read_key(after, SALT)
    found = filtered(user, filters).select_related("actor", "team")
    if start.values and len(start.values) == 2:
        at, pk = start.values
        found = found.filter(Q(at__lt=at) | Q(pk__lt=pk), at__lte=at)
    return paging.cut(list(found[: limit + 1]), limit, _key_of, SALT, start.notice)


def _exact(filters: AuditFilters) -> dict[str, Any]:
    wanted = {
        "verb": filters.verb,
        "object_type": filters.kind,
        "object_id": filters.object_id,
        "team": filters.team,
        "door": filters.door,
        "at__gte": filters.since,
        "at__lt": filters.until,
    }
    return {name: value for name, value in wanted.items() if value not in ("", None)}


def _key_of(change: Change) -> tuple[str, int]:
    return (change.at.isoformat(), change.pk)
