"""Rules out of the database, as rule files or as Kibana's NDJSON with their exceptions and lists.

Both can be imported again, here or elsewhere, without loss. Written is what the rule's own file says; with `effective`
what it is in force with, so that the settings of this place go along.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db.models import QuerySet

from engine import RuleDefinition, load_rule
from engine.errors import EngineError
from engine.rulefile import to_kibana, to_toml
from rules.effective import effective
from rules.importing.items import OURS, ids_of, in_one
from rules.models import ExceptionItem, Rule, SharedList
from rules.trees import definition_of


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule as the text of a rule file; `name` is a file name that says which."""

    name: str
    text: str


def rule_files(rules: Iterable[Rule], *, in_force: bool = False) -> Iterator[RuleText]:
    """Each rule as a rule file: the text it was loaded from where that was one, else written anew.

    Expects the revisions to be loaded along. Raises: TreeUnusable.
    """
    taken: set[str] = set()
    for rule in rules:
        if rule.revision is not None:
            definition = _definition(rule, in_force=in_force)
            text = rule.revision.source_text if _is_its_text(rule.revision.source_text, definition) else None
            yield RuleText(_file_name(rule, taken), text or to_toml(definition))


def _is_its_text(text: str, definition: RuleDefinition) -> bool:
    """Whether this text, with the comments somebody wrote in it, says exactly what is to be written."""
    if text.lstrip()[:1] == "{":
        return False
    try:
        return load_rule(text, "rule") == definition
    except EngineError:
        return False


def _file_name(rule: Rule, taken: set[str]) -> str:
    words = "".join(
        character if character.isascii() and character.isalnum() else " " for character in rule.name.lower()
    )
    name = "_".join(words.split())[:80] or rule.pk
    if name in taken:
        name = f"{name}_{rule.pk}"
    taken.add(name)
    return f"{name}.toml"


def kibana_lines(rules: Sequence[Rule], *, in_force: bool = False) -> Iterator[bytes]:
    """The lines of an export: the rules, the lists they reference, the items of those lists, a summary.

    Expects the revisions to be loaded along. Raises: TreeUnusable.
    """
    ids = [rule.pk for rule in rules]
    items = _by_list(ExceptionItem.objects.filter(rule_id__in=ids).select_related("rule").order_by("pk"))
    shared = _shared_of(ids, items)
    written = [_kibana_rule(rule, items, shared, in_force=in_force) for rule in rules if rule.revision is not None]
    lists = [_list(list_id, items.get(list_id, {}), shared.get(list_id)) for list_id in {**items, **shared}]
    yield from _lines(written, lists, list(_items(items)))


def list_lines(shared: SharedList) -> Iterator[bytes]:
    """The lines of an export of one shared list: the list, its items, a summary."""
    copies = ExceptionItem.objects.filter(list_id=shared.pk).select_related("rule").order_by("pk")
    items = _by_list(copies)
    yield from _lines(
        [], [_list(shared.pk, items.get(shared.pk, {}), _Shared(shared, frozenset()))], list(_items(items))
    )


def exception_lines(items: QuerySet[ExceptionItem]) -> Iterator[bytes]:
    """The lines of an export of exceptions alone: their lists, these of their items, a summary."""
    listed = _by_list(items.select_related("rule").order_by("pk"))
    rows = SharedList.objects.in_bulk(list(listed))
    shared = {list_id: _Shared(row, frozenset()) for list_id, row in rows.items()}
    lists = [_list(list_id, of, shared.get(list_id)) for list_id, of in listed.items()]
    yield from _lines([], lists, list(_items(listed)))


@dataclass(frozen=True, slots=True)
class _Shared:
    """A shared list and its rules."""

    row: SharedList
    rules: frozenset[str]


def _shared_of(rule_ids: Sequence[str], items: Iterable[str]) -> dict[str, _Shared]:
    """The shared lists of these rules and items, by id."""
    through = SharedList.rules.through.objects.filter(sharedlist__removed_at=None)
    pairs = list(through.filter(rule_id__in=rule_ids).values_list("sharedlist_id", "rule_id"))
    rows = SharedList.objects.in_bulk({*(list_id for list_id, _ in pairs), *items})
    rules = {list_id: frozenset(rule for one, rule in pairs if one == list_id) for list_id in rows}
    return {list_id: _Shared(row, rules[list_id]) for list_id, row in sorted(rows.items())}


def _lines(written: list[Any], lists: list[Any], items: list[Any]) -> Iterator[bytes]:
    """What was exported, a line each, and the summary that Kibana's exports end with."""
    lines = [*written, *lists, *items]
    yield from (orjson.dumps(line) + b"\n" for line in lines)
    summary = {
        "exported_count": len(lines),
        "exported_rules_count": len(written),
        "missing_rules": [],
        "missing_rules_count": 0,
        "exported_exception_list_count": len(lists),
        "exported_exception_list_item_count": len(items),
    }
    yield orjson.dumps(summary) + b"\n"


def _definition(rule: Rule, *, in_force: bool) -> RuleDefinition:
    if rule.revision is None:
        raise AssertionError("the caller leaves out what has no revision")
    definition = definition_of(rule.revision)
    return _settled(effective(definition, rule.overrides)) if in_force else definition


def _settled(definition: RuleDefinition) -> RuleDefinition:
    """The definition whose raw table says what its attributes do."""
    said = {
        "severity": definition.severity,
        "risk_score": definition.risk_score,
        "interval": definition.interval,
        "from": definition.from_,
        "max_signals": definition.max_signals,
        "tags": list(definition.tags),
    }
    defaults = {"interval": "5m", "from": "now-6m", "max_signals": 100, "tags": []}
    raw = definition.raw
    changed = {key: value for key, value in said.items() if raw.get(key, defaults.get(key)) != value}
    return replace(definition, raw={**raw, **changed})


def _by_list(items: Iterable[ExceptionItem]) -> dict[str, dict[str, list[ExceptionItem]]]:
    """The exceptions by list and item id; those of a list that were removed from every rule are left out."""
    found: dict[str, dict[str, list[ExceptionItem]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        list_id, item_id = ids_of(item)
        found[list_id][item_id].append(item)
    standing = {
        list_id: {item_id: of for item_id, of in listed.items() if any(item.removed_at is None for item in of)}
        for list_id, listed in found.items()
    }
    return {list_id: listed for list_id, listed in standing.items() if listed}


def _kibana_rule(
    rule: Rule,
    items: Mapping[str, Mapping[str, list[ExceptionItem]]],
    shared: Mapping[str, _Shared],
    *,
    in_force: bool,
) -> dict[str, Any]:
    definition = _definition(rule, in_force=in_force)
    named = {one.get("list_id") for one in definition.exceptions_list}
    here = [list_id for list_id, of in items.items() if list_id not in named and _concerns(rule, of)]
    here += [list_id for list_id, one in shared.items() if rule.pk in one.rules and list_id not in {*named, *here}]
    kinds = {list_id: "detection" if list_id in shared else "rule_default" for list_id in here}
    return to_kibana(definition, [_reference(list_id, kind) for list_id, kind in kinds.items()])


def _concerns(rule: Rule, listed: Mapping[str, list[ExceptionItem]]) -> bool:
    return any(item.rule_id == rule.pk for of in listed.values() for item in of)


def _reference(list_id: str, kind: str) -> dict[str, Any]:
    return {"id": list_id, "list_id": list_id, "type": kind, "namespace_type": "single"}


def _list(list_id: str, listed: Mapping[str, list[ExceptionItem]], shared: _Shared | None) -> dict[str, Any]:
    """A list as it was imported, with its name here; or one that stands for the exceptions written on a rule here."""
    imported = (item.imported or {} for of in listed.values() for item in of)
    kept = next((one["list"] for one in imported if one.get("list")), None)
    called = {"name": shared.row.name, "description": shared.row.description} if shared else {}
    if kept:
        return {**kept, **{key: text for key, text in called.items() if text != str(kept.get(key) or "").strip()}}
    if shared:
        return _new_list(list_id, "detection", **called)
    own, first = list_id.startswith(f"{OURS}-"), next(item for of in listed.values() for item in of)
    if own:
        name = f"Exceptions of {first.rule.name}"
        return _new_list(list_id, "rule_default", name=name, description="Exceptions written on this rule.")
    return _new_list(list_id, "detection", name=list_id, description="An exception list.")


def _new_list(list_id: str, kind: str, *, name: str, description: str) -> dict[str, Any]:
    return {
        "list_id": list_id,
        "type": kind,
        "namespace_type": "single",
        "name": name,
        "description": description,
        "os_types": [],
        "tags": [],
        "meta": {},
    }


def _items(items: Mapping[str, Mapping[str, list[ExceptionItem]]]) -> Iterator[dict[str, Any]]:
    for listed in items.values():
        for of in listed.values():
            exported = in_one(of)
            if exported is not None:
                yield exported
