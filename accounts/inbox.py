"""A person's notices: how many are unread, the list, and marking them read.

Marking read is not written in the record of changes: it is the person's own, like the place of a bookmark.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import Notice, User
from soc.web import counts, paging

BELL_CAP = 99
PAGE = 50
_SALT = "notices"
_UNREAD, _READ = 0, 1
_UNREAD_OF = """
SELECT count(*) FROM (SELECT FROM accounts_notice WHERE user_id = %s AND read_at IS NULL LIMIT %s) AS waiting
"""


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of notices, unread ones first; `newest` is what "mark all read" reaches up to."""

    page: paging.KeyPage[Notice]
    unread: counts.Count
    newest: int

    @property
    def waiting(self) -> list[Notice]:
        """Those of this page that have not been read."""
        return [notice for notice in self.page.items if notice.read_at is None]

    @property
    def earlier(self) -> list[Notice]:
        """Those of this page that have been read."""
        return [notice for notice in self.page.items if notice.read_at is not None]


def unread(user: User) -> counts.Count:
    """How many the person has not read, up to 99. One query on the index of the unread; every page asks it."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD_OF, [user.pk, BELL_CAP + 1])
        [number] = cursor.fetchone() or [0]
    return counts.of(number, BELL_CAP)


def inbox(*, user: User, after: str | None, limit: int = PAGE) -> Inbox:
    """The notices that follow the key `after`: unread, then read, each newest first. Costs at most four queries."""
    start = paging.read_key(after, _SALT)
    rows = _rows(user, start.values, limit + 1)
    page = paging.cut(rows, limit, _key_of, _SALT, start.notice)
    newest = _of(user).order_by("-pk").values_list("pk", flat=True).first()
    return Inbox(page, unread(user), newest or 0)


def open_notice(*, user: User, notice_id: int, now: datetime) -> Notice | None:
    """Mark one of the person's own notices read, the first time; none if it is not there, or somebody else's."""
    _of(user).filter(pk=notice_id, read_at=None).update(read_at=now)
    return _of(user).filter(pk=notice_id).first()


def mark_read(*, user: User, now: datetime, upto: int | None = None) -> int:
    """Mark all of the person's notices read, but those that came after the page was made (`upto`, a number)."""
    waiting = _of(user).filter(read_at=None)
    return (waiting if upto is None else waiting.filter(pk__lte=upto)).update(read_at=now)


def _of(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(user=user)


def _rows(user: User, start: tuple[Any, ...] | None, limit: int) -> list[Notice]:
    """Two questions with an index each instead of one that would sort everything."""
    group, at, pk = start if start and len(start) == 3 else (_UNREAD, None, None)
    found: list[Notice] = []
    if group == _UNREAD:
        found = _next(_of(user).filter(read_at=None), at, pk, limit)
        at = pk = None
    if len(found) < limit:
        found += _next(_of(user).filter(read_at__isnull=False), at, pk, limit - len(found))
    return found


def _next(notices: QuerySet[Notice], at: Any, pk: Any, limit: int) -> list[Notice]:
    if at is not None:
        notices = notices.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk))
    return list(notices.order_by("-at", "-pk")[:limit])


def _key_of(notice: Notice) -> tuple[int, str, int]:
    return (_UNREAD if notice.read_at is None else _READ, notice.at.isoformat(), notice.pk)
