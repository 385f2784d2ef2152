"""What an export's exceptions would become: each item an exception of every rule that references its list.

An item keeps the ids of its list and of itself, so that importing again updates it. One that cannot be applied here is
kept, off, with the reason: an exception that is not understood must not hide anything. What people here have switched
off or removed stays so. Nothing is written here: rules/importing/applying.py does what was planned.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from engine import RuleDefinition
from rules.errors import ImportRefused
from rules.importing.bounds import FREE, Bounds
from rules.importing.here import Here, Ids, said_by, what_is_here
from rules.importing.items import Content, export_item, for_rule, in_one, read_item
from rules.importing.plain import is_plain, plain_list
from rules.importing.report import Line
from rules.importing.sharing import new_lists
from rules.importing.sources import Found, Kind
from rules.models import ExceptionItem
from rules.storing import Status

MAX_ITEM_BYTES = 300_000  # its conditions are up to 100 kB, twice where they say upper and lower case
_STORED = (Status.NEW, Status.CHANGED, Status.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Step:
    """An item on its way to one rule, and what becomes of it there. `size`: so many bytes are kept of it."""

    path: str
    rule_id: str
    content: Content
    status: Status
    existing: ExceptionItem | None
    message: str = ""
    note: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class ExceptionsPlan:
    """What importing exceptions would do: a line for each thing, and the steps. `lists`: what is kept of each list that
    came along; `shared`: the lists that are to be there afterwards, with what is said of them; `rules`: those that
    reference a list."""

    lines: tuple[Line, ...] = ()
    steps: tuple[Step, ...] = ()
    lists: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    shared: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    rules: Mapping[str, Sequence[str]] = field(default_factory=dict)


def plan_exceptions(
    found: Sequence[Found],
    definitions: Mapping[str, RuleDefinition],
    now: datetime,
    *,
    bounds: Bounds = FREE,
    tell_lists: bool = False,
) -> ExceptionsPlan:
    """How the items come to the rules that reference their lists; a line for each item and rule, and with `tell_lists`
    for each shared list that would be new. It holds for as long as nobody changes an exception, a list or a rule.

    Raises: ImportRefused, for more of them than the bounds allow.
    """
    lists = {str(one.data.get("list_id")): one for one in found if one.kind is Kind.LIST}
    items = [one for one in found if one.kind is Kind.ITEM]
    kept = _kept_here(definitions, {str(one.data.get("list_id")) for one in items})
    if not items and not kept and not lists:
        return ExceptionsPlan()
    here = what_is_here(definitions, [*items, *kept], said_by(found, definitions))
    lines = _new_lists(lists, here, bounds) if tell_lists else []
    told, steps = _all_steps(items, kept, here, now, bounds)
    steps = _guarded(steps, bounds, now)
    plain = {list_id: plain_list(one) for list_id, one in lists.items()}
    named = {**dict.fromkeys(step.content.list_id for step in steps), **plain}
    shared = {list_id: said for list_id, said in named.items() if _may_all(here, list_id, bounds)}
    return ExceptionsPlan((*lines, *told, *map(_told, steps)), tuple(steps), plain, shared, here.rules)


def _may_all(here: Here, list_id: str, bounds: Bounds) -> bool:
    """Whether exceptions may be written on every rule of the list."""
    return all(map(bounds.allow, here.of_list(list_id)))


def _new_lists(lists: Mapping[str, Found], here: Here, bounds: Bounds) -> list[Line]:
    fitting = (one for list_id, one in lists.items() if _may_all(here, list_id, bounds))
    return new_lists([one for one in fitting if is_plain(one.data)])


def _all_steps(
    items: Iterable[Found], kept: Iterable[Found], here: Here, now: datetime, bounds: Bounds
) -> tuple[list[Line], list[Step]]:
    """The steps of what came and, to rules that have not got it yet, of what is kept here; and the lines of what goes
    nowhere."""
    lines: list[Line] = []
    steps: list[Step] = []
    kept_bytes = 0
    for one in items:
        made = _steps(one, here, now, bounds)
        lines += made if isinstance(made, list) else []
        steps += made if isinstance(made, tuple) else []
        kept_bytes += sum(step.size for step in made if isinstance(step, Step))
        _check_bounds(len(steps), kept_bytes, bounds)
    for one in kept:
        made = _steps(one, here, now, bounds)
        steps += [step for step in made if isinstance(step, Step) and step.status is Status.NEW]
    return lines, steps


def _check_bounds(count: int, size: int, bounds: Bounds) -> None:
    if bounds.most is not None and count > bounds.most:
        raise ImportRefused(f"These are over {bounds.most:,} exceptions, each counted on each of its rules.")
    if bounds.most_bytes is not None and size > bounds.most_bytes:
        most = f"{bounds.most_bytes // 1_000_000} MB"
        raise ImportRefused(f"These are over {most} of exceptions, each counted on each of its rules. Split the file.")


def _kept_here(definitions: Mapping[str, RuleDefinition], brought: Set[str]) -> list[Found]:
    """The items of lists that the rules reference and that were imported before, with other rules."""
    listed = {str(one.get("list_id")) for rule in definitions.values() for one in rule.exceptions_list} - brought
    items: dict[tuple[str, str], list[ExceptionItem]] = defaultdict(list)
    for item in ExceptionItem.objects.filter(list_id__in=listed).exclude(list_id="").order_by("pk"):
        items[item.list_id, item.item_id].append(item)
    whole = ((list_id, in_one(of)) for (list_id, _), of in items.items())
    return [Found(f"list {list_id}", Kind.ITEM, data=data) for list_id, data in whole if data is not None]


def _steps(one: Found, here: Here, now: datetime, bounds: Bounds) -> list[Line] | tuple[Step, ...]:
    """The item on its way to each of its rules, or the line that says why it goes to none."""
    if not is_plain(one.data):
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


def _step(path: str, rule_id: str, content: Content, here: Here, *, once: bool) -> Step:
    ids: Ids = (rule_id, content.list_id, content.item_id)
    existing, brought = here.items.get(ids), here.brought.get(ids)
    if (size := len(orjson.dumps(content.data))) > MAX_ITEM_BYTES:
        return Step(path, rule_id, content, Status.ERROR, existing, f"is over {MAX_ITEM_BYTES // 1_000} kB")
    if existing is not None and existing.removed_at is not None:
        return Step(path, rule_id, content, Status.KEPT, existing, "it was removed here")
    if brought is not None:
        step = Step(path, rule_id, content, Status.CHANGED, existing, content.problem, size=size)
        return _again(step, here, ids, once=once)
    here.brought[ids] = path, content
    if existing is None:
        return Step(path, rule_id, content, Status.NEW, None, content.problem, size=size)
    was = dict((existing.imported or {}).get("item") or {})
    if content.data in (was, export_item(existing)):
        return Step(path, rule_id, content, Status.UNCHANGED, existing, existing.not_applied_because)
    return Step(path, rule_id, content, Status.CHANGED, existing, content.problem, size=size)


def _again(step: Step, here: Here, ids: Ids, *, once: bool) -> Step:
    """An item that this import has met already. Of several files what was said last holds; where the first may yet be
    refused, nobody knows which of them is meant."""
    path, content = here.brought[ids]
    if once:
        return replace(step, status=Status.ERROR, message=f"the same list_id and item_id stand in {path} already")
    here.brought[ids] = step.path, step.content
    return step if step.content.data != content.data else replace(step, status=Status.UNCHANGED)


def _guarded(steps: Sequence[Step], bounds: Bounds, now: datetime) -> list[Step]:
    """The steps, or why they may not be: asked only of those that would take events out of their rules."""
    asked = [at for at, step in enumerate(steps) if _takes_out(step, now)]
    items = [ExceptionItem(rule_id=steps[at].rule_id, entries=steps[at].content.entries) for at in asked]
    told = list(steps)
    for at, verdict in zip(asked, bounds.judge(items), strict=True):
        told[at] = replace(told[at], note=verdict.note)
        if verdict.refused:
            told[at] = replace(told[at], status=Status.ERROR, message=verdict.refused)
    return told


def _takes_out(step: Step, now: datetime) -> bool:
    content, existing = step.content, step.existing
    if step.status not in (Status.NEW, Status.CHANGED) or content.off or content.problem:
        return False
    ended = content.expires_at is not None and content.expires_at <= now
    switched_off = existing is not None and not existing.enabled and not existing.not_applied_because
    return not ended and not switched_off


def _told(step: Step) -> Line:
    """Its line; one that is kept but cannot be applied is told as unsupported."""
    status, stored = (
        (Status.UNSUPPORTED, step.status) if step.message and step.status in _STORED else (step.status, None)
    )
    name = f"{step.content.name} (rule {step.rule_id})"
    return Line(step.path, status, "exception", step.content.item_id, name, step.message, stored)


def _line(one: Found, status: Status, message: str) -> Line:
    return Line(one.path, status, "exception", str(one.data.get("item_id", ""))[:255], message=message)
