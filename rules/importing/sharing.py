"""Imported lists that several rules may share become shared lists, with the rules that their items stand on."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.record import record_change
from rules.importing.items import OURS
from rules.importing.report import Line
from rules.importing.sources import Found, Kind
from rules.list_ids import recorded_id
from rules.models import ExceptionItem, Rule, SharedList
from rules.storing import Origin, Status

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_OF_ONE_RULE = "rule_default"


@transaction.atomic
def keep_shared(
    lists: Mapping[str, Mapping[str, Any] | None], referenced: Mapping[str, Collection[str]], origin: Origin
) -> None:
    """Make or complete the shared list of each of these; `lists` has what an export says of one.

    One that was removed here stays so. A rule's own list is none, nor is one whose id no address can hold.
    """
    for list_id, said in lists.items():
        if _is_shared(list_id, said or {}):
            _keep(list_id, said or {}, referenced.get(list_id, ()), origin)


def new_lists(found: Iterable[Found]) -> list[Line]:
    """A line for each shared list that an import would make of what an export says of its lists."""
    said = {str(one.data.get("list_id")): one for one in found if one.kind is Kind.LIST}
    fitting = {list_id: one for list_id, one in said.items() if _is_shared(list_id, one.data)}
    there = SharedList.objects.in_bulk(list(fitting))
    return [
        Line(one.path, Status.NEW, Kind.LIST.value, list_id, _text(one.data.get("name"), 255) or list_id)
        for list_id, one in fitting.items()
        if list_id not in there
    ]


def _is_shared(list_id: str, said: Mapping[str, Any]) -> bool:
    named = _ID.fullmatch(list_id) and not list_id.startswith(f"{OURS}-")
    return bool(named) and said.get("type") != _OF_ONE_RULE


def _keep(list_id: str, said: Mapping[str, Any], referenced: Collection[str], origin: Origin) -> None:
    shared = SharedList.objects.select_for_update(no_key=True).filter(pk=list_id).first()
    if shared is not None and shared.removed_at is not None:
        return
    items, made = ExceptionItem.objects.filter(list_id=list_id), shared is None
    standing = set(items.filter(removed_at=None).values_list("rule_id", flat=True))
    if made and not standing and not said:
        return
    off = items.exclude(removed_at=None).values_list("rule_id", flat=True)
    # A list that is made only now was never taken off a rule, even where an item of its id was removed.
    gone = set[str]() if made else set(off) - standing
    rules = set(Rule.objects.filter(pk__in=(standing | set(referenced)) - gone))
    shared = shared or SharedList.objects.create(
        pk=list_id,
        name=_text(said.get("name"), 255) or list_id,
        description=_text(said.get("description"), 2_000),
        owner=origin.actor,
        created_at=origin.now,
        updated_at=origin.now,
    )
    new = sorted(rules - set(shared.rules.all()), key=lambda rule: rule.pk)
    if not made and not new:
        return
    shared.rules.add(*new)
    record_change(
        at=origin.now,
        actor=origin.actor,
        door=origin.door,
        verb="create" if made else "add rules",
        object_type="shared list",
        object_id=recorded_id(list_id),
        after={"name": shared.name, "description": shared.description, "rules": [rule.pk for rule in new]},
        **_undone_with(shared, origin) if made else {},
    )


def _undone_with(shared: SharedList, origin: Origin) -> dict[str, Any]:
    """A list that the import made goes with it when it is undone (rules/shared/unmaking.py)."""
    return {"group": origin.group, "inverse": {"verb": "unmake", "list_id": shared.pk, "version": shared.version}}


def _text(value: Any, limit: int) -> str:
    return value.replace("\0", "").strip()[:limit] if isinstance(value, str) else ""
