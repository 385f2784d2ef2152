"""What was planned of an export's exceptions (rules/importing/planning.py), done: written, and told in the record."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.record import record_all
from rules import epoch
from rules.exceptions import content_of, entry_about
from rules.importing.items import Content
from rules.importing.planning import ExceptionsPlan, Step
from rules.importing.sharing import keep_shared
from rules.models import ExceptionItem, Rule
from rules.storing import Origin, Status

BATCH = 200

Lists = Mapping[str, Mapping[str, Any] | None]


def apply_exceptions(plan: ExceptionsPlan, origin: Origin) -> None:
    """Write the exceptions, some to a transaction, and keep their shared lists."""
    for start in range(0, len(plan.steps), BATCH):
        _apply(plan.steps[start : start + BATCH], plan.lists, origin)
    keep_shared(plan.shared, plan.rules, origin)


@transaction.atomic
def _apply(steps: Iterable[Step], lists: Lists, origin: Origin) -> None:
    changes = [step for step in steps if step.status in (Status.NEW, Status.CHANGED)]
    if not changes:
        return
    epoch.bump()
    rules = Rule.objects.select_related("team").in_bulk({step.rule_id for step in changes})
    for step in changes:
        if step.rule_id in rules:  # one whose rule could not be stored has nowhere to go
            values = _values(step.content, lists.get(step.content.list_id), origin.now)
            if step.status is Status.NEW:
                _create(rules[step.rule_id], values, origin, step.note)
            else:
                _update(_number(step), values, origin, step.note)


def _number(step: Step) -> int:
    """The item that is changed: one that was known here, or that an earlier file of this import brought."""
    if step.existing is not None:
        return step.existing.pk
    ids = {"list_id": step.content.list_id, "item_id": step.content.item_id}
    return ExceptionItem.objects.values_list("pk", flat=True).get(rule_id=step.rule_id, **ids)


def _values(content: Content, listed: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    return {
        "name": content.name,
        "reason": content.reason,
        "entries": content.entries,
        "expires_at": content.expires_at,
        "expired": content.expires_at is not None and content.expires_at <= now,
        "review_at": content.review_at,
        "enabled": not content.off and not content.problem,
        "not_applied_because": content.problem,
        "list_id": content.list_id,
        "item_id": content.item_id,
        "imported": {"item": content.data, "list": listed},
        "updated_at": now,
    }


def _create(rule: Rule, values: dict[str, Any], origin: Origin, note: str) -> None:
    item = ExceptionItem.objects.create(rule=rule, owner=origin.actor, created_at=origin.now, **values)
    by = (origin.actor, origin.now, origin.door, origin.group)
    record_all([entry_about("create", item, *by, after=_recorded(item), inverse={"verb": "remove"}, note=note)])


def _update(pk: int, values: dict[str, Any], origin: Origin, note: str) -> None:
    """Let the item say what the export says; switched off by somebody here, it stays off."""
    item = ExceptionItem.objects.select_for_update(no_key=True, of=("self",)).select_related("rule__team").get(pk=pk)
    if item.removed_at is not None:
        return
    before = _recorded(item)
    was = {key: getattr(item, key) for key in ("imported", "not_applied_because")}
    values = {**values, "enabled": values["enabled"] and (item.enabled or bool(item.not_applied_because))}
    for key, value in values.items():
        setattr(item, key, value)
    item.version += 1
    item.save(update_fields=[*values, "version"])
    back = {"verb": "edit", "version": item.version, "values": before | was}
    by = (origin.actor, origin.now, origin.door, origin.group)
    record_all([entry_about("edit", item, *by, before=before, after=_recorded(item), inverse=back, note=note)])


def _recorded(item: ExceptionItem) -> dict[str, Any]:
    return {**content_of(item), "enabled": item.enabled, "list_id": item.list_id, "item_id": item.item_id}
