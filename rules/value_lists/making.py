"""Value lists made, called something else, and removed."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import Change, User
from rules import epoch
from rules.errors import ListRefused
from rules.models import ValueList
from rules.value_lists import restoring
from rules.value_lists.common import By, Changed, allowed, bump, described, locked, record, some, state, stored
from rules.value_lists.reading import Content, read_lines
from rules.value_lists.stored import unpacked
from rules.value_lists.users import check_unused
from rules.value_lists.waiting import apply_exceptions, try_again

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
Kind = ValueList.Type


@transaction.atomic
def create_list(
    *,
    list_id: str,
    name: str,
    type: str,  # noqa: A002 - what it is called everywhere
    lines: Iterable[str] = (),
    description: str = "",
    skip_bad: bool = False,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Changed:
    """Make a list with the values of these lines; rules that waited for a table of its name are evaluated from now on.

    Raises: NotAllowed, ListRefused.
    """
    allowed(actor)
    if type not in Kind.values:
        raise ListRefused("type", f"A list is one of {', '.join(Kind.values)}.")
    checked_id, told, by = _checked_id(list_id), described(name or list_id, description), By(actor, now, door)
    content = read_lines(type, lines, skip_bad=skip_bad) if lines or type == Kind.TABLE else Content()
    columns = stored(content)  # packed before alerting is held up
    epoch.bump()
    if ValueList.objects.filter(pk=checked_id).exists():
        raise ListRefused("list_id", f"There is a list “{checked_id}” already.")
    made = ValueList.objects.create(
        pk=checked_id, type=type, **told, **columns, owner=actor, created_at=now, updated_at=now
    )
    after = {**state(made), "added": some(content.items)}
    record("create", made, by, after=after, inverse={"verb": "remove", "version": made.version})
    try_again(made.pk, actor=actor, now=now, door=door)
    kept_off = apply_exceptions(made.pk, actor=actor, now=now, door=door)
    return Changed(
        made,
        added=len(content.items),
        duplicates=content.duplicates,
        passed=content.passed,
        bad=tuple(content.bad),
        kept_off=kept_off,
    )


@transaction.atomic
def describe_list(
    *,
    list_id: str,
    version: int,
    name: str,
    description: str,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> ValueList:
    """Call the list something else; its id stays.

    Raises: NotAllowed, ListGone, StaleList, ListRefused.
    """
    allowed(actor)
    told, row = described(name, description), locked(list_id, version)
    before = {"name": row.name, "description": row.description}
    if before == told:
        return row
    row.name, row.description = told["name"], told["description"]
    bump(row, now, "name", "description")
    inverse = {"verb": "describe", "version": row.version, "values": before}
    record("describe", row, By(actor, now, door), before=before, after=told, inverse=inverse)
    return row


@transaction.atomic
def remove_list(
    *,
    list_id: str,
    version: int | None,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Change:
    """Remove a list that nothing asks for; returns the change by which it can be brought back for ten minutes.

    Raises: NotAllowed, ListGone, StaleList, ListInUse naming what asks for it.
    """
    allowed(actor)
    epoch.bump()
    row = locked(list_id, version)
    check_unused(list_id, actor)
    before = {**state(row), "removed": some(unpacked(row.data))}
    entry = record("remove", row, By(actor, now, door), before=before)
    restoring.keep(entry, row)
    row.delete()
    return entry


def _checked_id(list_id: str) -> str:
    text = list_id.strip()
    if not _ID.fullmatch(text):
        raise ListRefused("list_id", "An id has up to 128 letters, digits, dots, dashes and underscores.")
    return text
