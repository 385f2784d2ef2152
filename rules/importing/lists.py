"""The exceptions of an export: each item becomes an exception of every rule that references its list.

An item keeps the ids of its list and of itself, so that importing again updates it. One that cannot be applied here is
kept, off, with the reason: an exception that is not understood must not hide anything. What people here have switched
off or removed stays so.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from accounts.record import record_all
from engine import RuleDefinition
from rules import epoch
from rules.errors import ImportRefused
from rules.exceptions import content_of, entry_about
from rules.importing.bounds import FREE, Bounds
from rules.importing.items import OURS, Content, export_item, for_rule, ids_of, in_one, read_item
from rules.importing.report import Line
from rules.importing.sharing import keep_shared, new_lists
from rules.importing.sources import Found, Kind
from rules.models import ExceptionItem, Rule, SharedList
from rules.storing import Origin, Status

MAX_DEPTH = 40
MAX_ITEM_BYTES = 300_000  # its conditions are up to 100 kB, twice where they say upper and lower case
MAX_LIST_BYTES = 4_000
BATCH = 200

_LIST_TEXTS = {"list_id": 255, "type": 40, "namespace_type": 40, "name": 255, "description": 2_000}
_LIST_KEYS = (*_LIST_TEXTS, "os_types", "tags", "meta", "immutable", "version")

_Ids = tuple[str, str, str]
"""Rule, list and item."""


@dataclass(slots=True)
class _Here:
    """What is known here: rules by the lists they reference, exceptions by rule and ids.

    `brought`: what this import has met of them already, with its line, since several files may hold the same list.
    """

    rules: dict[str, list[str]]
    names: dict[str, str]
    items: dict[_Ids, ExceptionItem] = field(default_factory=dict)
    brought: dict[_Ids, tuple[str, Content]] = field(default_factory=dict)

    def of_list(self, list_id: str) -> list[str]:
        """The rules that reference a list; one of our own exports belongs to the rule that its name names."""
        own = list_id.removeprefix(f"{OURS}-")
        return [own] if own != list_id and own in self.names else self.rules.get(list_id, [])


@dataclass(frozen=True, slots=True)
class _Step:
    """An item on its way to one rule, and what becomes of it there. `size`: so many bytes are kept of it."""

    path: str
    rule_id: str
    content: Content
    status: Status
    existing: ExceptionItem | None
    message: str = ""
    note: str = ""
    size: int = 0


def import_exceptions(
    found: Sequence[Found],
    definitions: Mapping[str, RuleDefinition],
    origin: Origin,
    *,
    dry_run: bool,
    bounds: Bounds = FREE,
    tell_lists: bool = False,
) -> list[Line]:
    """Apply the items to the rules that reference their lists; a line for each item and rule, and with `tell_lists` for
    each shared list that is new.

    Raises: ImportRefused, for more of them than the bounds allow.
    """
    lists = {str(one.data.get("list_id")): one for one in found if one.kind is Kind.LIST}
    items = [one for one in found if one.kind is Kind.ITEM]
    kept = _kept_here(definitions, {str(one.data.get("list_id")) for one in items})
    if not items and not kept and not lists:
        return []
    here = _here(definitions, [*items, *kept], _said_by(found, definitions))
    fitting = {list_id for list_id in lists if all(map(bounds.allow, here.of_list(list_id)))}
    plain = [one for list_id, one in lists.items() if list_id in fitting and _is_plain(one.data, 0)]
    lines = new_lists(plain) if tell_lists else []
    steps: list[_Step] = []
    kept_bytes = 0
    for one in items:
        made = _steps(one, here, origin.now, bounds)
        lines += made if isinstance(made, list) else []
        steps += made if isinstance(made, tuple) else []
        kept_bytes += sum(step.size for step in made if isinstance(step, _Step))
        _check_bounds(len(steps), kept_bytes, bounds)
    for one in kept:
        made = _steps(one, here, origin.now, bounds)
        steps += [step for step in made if isinstance(step, _Step) and step.status is Status.NEW]
    steps = _guarded(steps, bounds, origin.now)
    if not dry_run:
        for start in range(0, len(steps), BATCH):
            _apply(steps[start : start + BATCH], lists, origin)
        named = {**dict.fromkeys(step.content.list_id for step in steps), **_plain_lists(lists)}
        kept_lists = {one: said for one, said in named.items() if all(map(bounds.allow, here.of_list(one)))}
        keep_shared(kept_lists, here.rules, origin)
    return [*lines, *map(_told, steps)]


def _check_bounds(count: int, size: int, bounds: Bounds) -> None:
    if bounds.most is not None and count > bounds.most:
        raise ImportRefused(f"These are over {bounds.most:,} exceptions, each counted on each of its rules.")
    if bounds.most_bytes is not None and size > bounds.most_bytes:
        most = f"{bounds.most_bytes // 1_000_000} MB"
        raise ImportRefused(f"These are over {most} of exceptions, each counted on each of its rules. Split the file.")


def _guarded(steps: Sequence[_Step], bounds: Bounds, now: datetime) -> list[_Step]:
    """The steps, or why they may not be: asked only of those that would take events out of their rules."""
    asked = [at for at, step in enumerate(steps) if _takes_out(step, now)]
    items = [ExceptionItem(rule_id=steps[at].rule_id, entries=steps[at].content.entries) for at in asked]
    told = list(steps)
    for at, verdict in zip(asked, bounds.judge(items), strict=True):
        told[at] = replace(told[at], note=verdict.note)
        if verdict.refused:
            told[at] = replace(told[at], status=Status.ERROR, message=verdict.refused)
    return told


def _takes_out(step: _Step, now: datetime) -> bool:
    content, existing = step.content, step.existing
    if step.status not in (Status.NEW, Status.CHANGED) or content.off or content.problem:
        return False
    ended = content.expires_at is not None and content.expires_at <= now
    switched_off = existing is not None and not existing.enabled and not existing.not_applied_because
    return not ended and not switched_off


def _plain_lists(lists: Mapping[str, Found]) -> dict[str, Mapping[str, Any] | None]:
    return {list_id: _plain_list(found) for list_id, found in lists.items()}


def _kept_here(definitions: Mapping[str, RuleDefinition], brought: Set[str]) -> list[Found]:
    """The items of lists that the rules reference and that were imported before, with other rules."""
    listed = {str(one.get("list_id")) for rule in definitions.values() for one in rule.exceptions_list} - brought
    items: dict[tuple[str, str], list[ExceptionItem]] = defaultdict(list)
    for item in ExceptionItem.objects.filter(list_id__in=listed).exclude(list_id="").order_by("pk"):
        items[item.list_id, item.item_id].append(item)
    whole = ((list_id, in_one(of)) for (list_id, _), of in items.items())
    return [Found(f"list {list_id}", Kind.ITEM, data=data) for list_id, data in whole if data is not None]


def _said_by(found: Sequence[Found], definitions: Mapping[str, RuleDefinition]) -> Iterator[tuple[str, str]]:
    """The lists that exported rules name, with the rule; also those that our own export added to what the rule says."""
    for one in found:
        rule_id, listed = str(one.data.get("rule_id")), one.data.get("exceptions_list")
        if one.kind is Kind.RULE and rule_id in definitions and isinstance(listed, list):
            yield from ((str(entry.get("list_id")), rule_id) for entry in listed if isinstance(entry, dict))


def _here(definitions: Mapping[str, RuleDefinition], items: Iterable[Found], said: Iterable[tuple[str, str]]) -> _Here:
    rules: dict[str, set[str]] = defaultdict(set)
    names = dict(Rule.objects.values_list("pk", "name"))
    stored = Rule.objects.filter(revision__isnull=False).values_list("pk", "revision__definition__exceptions_list")
    references = dict(stored) | {pk: rule.exceptions_list for pk, rule in definitions.items()}
    for rule_id, listed in references.items():
        for one in listed or ():
            if isinstance(one, dict):
                rules[str(one.get("list_id"))].add(rule_id)
    added = SharedList.rules.through.objects.values_list("sharedlist_id", "rule_id")
    for list_id, rule_id in (*added, *said):
        rules[list_id].add(rule_id)
    names |= {pk: rule.name for pk, rule in definitions.items()}
    here = _Here({list_id: sorted(of) for list_id, of in rules.items()}, names)
    wanted = {str(one.data.get("list_id")) for one in items}
    of_ours = {rule_id for list_id in wanted for rule_id in here.of_list(list_id)}
    for item in ExceptionItem.objects.filter(rule_id__in=of_ours).order_by("pk"):
        here.items[item.rule_id, *ids_of(item)] = item
    return here


def _steps(one: Found, here: _Here, now: datetime, bounds: Bounds) -> list[Line] | tuple[_Step, ...]:
    """The item on its way to each of its rules, or the line that says why it goes to none."""
    if not _is_plain(one.data, 0):
        return [_line(one, Status.ERROR, "holds a NUL character, or is nested too deeply")]
    list_id, item_id = (one.data.get(key) for key in ("list_id", "item_id"))
    if not all(isinstance(text, str) and 0 < len(text) <= 255 for text in (list_id, item_id)):
        return [_line(one, Status.ERROR, "has no list_id and item_id of up to 255 characters")]
    rules = here.of_list(str(list_id))
    if not any(map(bounds.allow, rules)):
        return [_line(one, Status.SKIPPED, f"no rule here references the list “{str(list_id)[:80]}”")]
    if not all(map(bounds.allow, rules)):
        return [_line(one, Status.ERROR, "its list holds for rules of a team that you are not in as well")]
    return tuple(
        _step(one.path, rule_id, read_item(for_rule(one.data, rule_id), now), here, once=bounds.once)
        for rule_id in rules
    )


def _step(path: str, rule_id: str, content: Content, here: _Here, *, once: bool) -> _Step:
    ids = (rule_id, content.list_id, content.item_id)
    existing, brought = here.items.get(ids), here.brought.get(ids)
    if (size := len(orjson.dumps(content.data))) > MAX_ITEM_BYTES:
        return _Step(path, rule_id, content, Status.ERROR, existing, f"is over {MAX_ITEM_BYTES // 1_000} kB")
    if existing is not None and existing.removed_at is not None:
        return _Step(path, rule_id, content, Status.KEPT, existing, "it was removed here")
    if brought is not None:
        step = _Step(path, rule_id, content, Status.CHANGED, existing, content.problem, size=size)
        return _again(step, here, ids, once=once)
    here.brought[ids] = path, content
    if existing is None:
        return _Step(path, rule_id, content, Status.NEW, None, content.problem, size=size)
    was = dict((existing.imported or {}).get("item") or {})
    if content.data in (was, export_item(existing)):
        return _Step(path, rule_id, content, Status.UNCHANGED, existing, existing.not_applied_because)
    return _Step(path, rule_id, content, Status.CHANGED, existing, content.problem, size=size)


def _again(step: _Step, here: _Here, ids: _Ids, *, once: bool) -> _Step:
    """An item that this import has met already. Of several files what was said last holds; where the first may yet be
    refused, nobody knows which of them is meant."""
    path, content = here.brought[ids]
    if once:
        return replace(step, status=Status.ERROR, message=f"the same list_id and item_id stand in {path} already")
    here.brought[ids] = step.path, step.content
    return step if step.content.data != content.data else replace(step, status=Status.UNCHANGED)


def _told(step: _Step) -> Line:
    """Its line; one that is kept but cannot be applied is told as unsupported."""
    status, stored = (
        (Status.UNSUPPORTED, step.status) if step.message and step.status in _STORED else (step.status, None)
    )
    name = f"{step.content.name} (rule {step.rule_id})"
    return Line(step.path, status, "exception", step.content.item_id, name, step.message, stored)


_STORED = (Status.NEW, Status.CHANGED, Status.UNCHANGED)


def _line(one: Found, status: Status, message: str) -> Line:
    return Line(one.path, status, "exception", str(one.data.get("item_id", ""))[:255], message=message)


@transaction.atomic
def _apply(steps: Iterable[_Step], lists: Mapping[str, Found], origin: Origin) -> None:
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


def _number(step: _Step) -> int:
    """The item that is changed: one that was known here, or that an earlier file of this import brought."""
    if step.existing is not None:
        return step.existing.pk
    ids = {"list_id": step.content.list_id, "item_id": step.content.item_id}
    return ExceptionItem.objects.values_list("pk", flat=True).get(rule_id=step.rule_id, **ids)


def _values(content: Content, listed: Found | None, now: datetime) -> dict[str, Any]:
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
        "imported": {"item": content.data, "list": _plain_list(listed)},
        "updated_at": now,
    }


def _plain_list(listed: Found | None) -> dict[str, Any] | None:
    """What is kept of its list with each item: what an export needs of it, of a long one only what it is."""
    if listed is None or not _is_plain(listed.data, 0):
        return None
    kept = {key: listed.data[key] for key in _LIST_KEYS if key in listed.data}
    if len(orjson.dumps(kept)) <= MAX_LIST_BYTES:
        return kept
    texts = {key: kept.get(key) for key in _LIST_TEXTS}
    return {key: text[: _LIST_TEXTS[key]] for key, text in texts.items() if isinstance(text, str)}


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


def _is_plain(value: Any, depth: int) -> bool:
    """Whether a JSON column can hold it: no NUL, not bottomless."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return all("\0" not in key and _is_plain(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_plain(item, depth + 1) for item in value)
    return not isinstance(value, str) or "\0" not in value
