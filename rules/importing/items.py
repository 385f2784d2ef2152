"""An exception in the form of Kibana's exports, and back.

What Kibana has no key for (case, review date, whether it is off) goes along under `meta`. One that is off here leaves
as expired, which Kibana does not apply: nothing may be hidden elsewhere that is not hidden here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from engine import ExceptionEntryError
from rules.errors import ExceptionRefused
from rules.exceptions import EARLIEST, LATEST, MAX_NAME, MAX_REASON, check_content, is_near
from rules.models import ExceptionItem
from rules.storable import is_storable
from rules.value_lists import lists_named, types_of

OURS = "watchbill"
MAX_ID = 255
_SERVER_KEYS = frozenset(
    {"id", "_version", "created_at", "created_by", "updated_at", "updated_by", "tie_breaker_id", "exported_count"}
)
_VARIANTS = "rules"
_OS_FIELD = "host.os.type"
_NO_REASON = "Imported without a description."
_TOO_FAR = f"lies before {EARLIEST.year} or after {LATEST.year}."


@dataclass(frozen=True, slots=True)
class Content:
    """What an exported exception means here; `problem` says why it cannot be applied, so that it stays off."""

    list_id: str
    item_id: str
    name: str
    reason: str
    entries: list[dict[str, Any]]
    expires_at: datetime | None
    review_at: datetime | None
    off: bool
    problem: str
    data: dict[str, Any]


def read_item(data: Mapping[str, Any], now: datetime) -> Content:
    """What an exported exception says; whatever is not understood becomes its `problem`."""
    own = {key: value for key, value in data.items() if key not in _SERVER_KEYS}
    ours = _ours(own)
    name, reason = _line(own.get("name"), MAX_NAME) or "Imported exception", _reason(own)
    problems = [_unknown_kind(own)]
    expires_at, problem = _moment(ours.get("expires_at", own.get("expire_time")), "expiry")
    problems.append(problem)
    review_at, problem = _moment(ours.get("review_at"), "review date")
    problems.append(problem)
    entries, problem = _entries(own, ours)
    problems.append(problem)
    if not any(problems):
        problems.append(_refusal(entries, name, reason, now))
    return Content(
        list_id=str(own.get("list_id", "")),
        item_id=str(own.get("item_id", "")),
        name=name,
        reason=reason,
        entries=entries,
        expires_at=expires_at,
        review_at=review_at,
        off=ours.get("enabled") is False,
        problem=next(filter(None, problems), ""),
        data=own,
    )


def _ours(own: Mapping[str, Any]) -> dict[str, Any]:
    ours = _meta(own).get(OURS)
    return ours if isinstance(ours, dict) else {}


def _meta(own: Mapping[str, Any]) -> dict[str, Any]:
    meta = own.get("meta")
    return meta if isinstance(meta, dict) else {}


def _line(value: Any, limit: int) -> str:
    return value.replace("\0", "").strip()[:limit] if isinstance(value, str) else ""


def _reason(own: Mapping[str, Any]) -> str:
    """The description and the comments, as far as there is room; all of it is kept with the item."""
    comments = own.get("comments")
    said = (
        [_line(one.get("comment"), MAX_REASON) for one in comments if isinstance(one, dict)]
        if isinstance(comments, list)
        else []
    )
    return "\n".join(filter(None, [_line(own.get("description"), MAX_REASON), *said]))[:MAX_REASON] or _NO_REASON


def _unknown_kind(own: Mapping[str, Any]) -> str:
    kind = own.get("type", "simple")
    return "" if kind == "simple" else f"It is of type {str(kind)[:40]!r}, which is not known here."


def _moment(value: Any, what: str) -> tuple[datetime | None, str]:
    """A date in UTC, or why it is none: an exception must not outlive a date that could not be read."""
    if value is None or value == "":
        return None, ""
    try:
        moment = datetime.fromisoformat(value)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError):
        return None, f"Its {what} {str(value)[:40]!r} is no date."
    except OverflowError:
        return None, f"Its {what} {_TOO_FAR}"
    return (moment, "") if is_near(moment) else (None, f"Its {what} {_TOO_FAR}")


def _entries(own: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The conditions as they can be kept. Where it names operating systems, that is one more condition."""
    entries = own.get("entries")
    if not isinstance(entries, list) or not all(is_storable(entry) for entry in entries):
        return [], "Its conditions hold parts that are not known here."
    kept = [dict(entry) for entry in entries]
    with_case = ours.get("entries")
    if isinstance(with_case, list) and [_without_case(entry) for entry in with_case] == kept:
        kept = [dict(entry) for entry in with_case]
    systems = own.get("os_types") or []
    if not isinstance(systems, list) or not all(isinstance(system, str) for system in systems):
        return kept, "Its operating systems cannot be read."
    if systems:
        kept.append({"field": _OS_FIELD, "operator": "included", "type": "match_any", "value": systems})
    return kept, _value_list(kept)


def _value_list(entries: list[dict[str, Any]]) -> str:
    """Why an entry's value list cannot be asked: it is not here (yet). A query where an entry asks for one."""
    named = list(lists_named(entries))
    known = types_of(named) if named else {}
    missing = next((list_id for list_id in named if list_id not in known), None)
    return f"It asks for the value list “{missing[:60]}”, which is not here." if missing is not None else ""


def _refusal(entries: list[dict[str, Any]], name: str, reason: str, now: datetime) -> str:
    try:
        check_content(entries=entries, reason=reason, name=name, expires_at=None, review_at=None, now=now)
    except ExceptionEntryError as error:
        return f"Condition {error.index + 1}: {error.key} {error.message}."
    except ExceptionRefused as error:
        return error.message
    return ""


def _without_case(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    plain = {key: value for key, value in entry.items() if key != "case_sensitive"}
    inner = plain.get("entries")
    return {**plain, "entries": [_without_case(part) for part in inner]} if isinstance(inner, list) else plain


def export_item(item: ExceptionItem) -> dict[str, Any]:
    """The exception as an exported object; one that was imported and not changed since is what it was."""
    kept = dict((item.imported or {}).get("item") or {})
    list_id, item_id = ids_of(item)
    if kept and _says(kept, item):
        return kept
    plain = [_without_case(entry) for entry in item.entries]
    meta = {**_meta(kept), OURS: _ours_of(item, plain)}
    return {
        "list_id": list_id,
        "namespace_type": "single",
        "tags": [],
        **kept,
        "comments": [],
        "item_id": item_id,
        "type": "simple",
        "name": item.name,
        "description": item.reason,
        "entries": plain,
        "os_types": [],
        "expire_time": _until(item),
        "meta": meta,
    }


def for_rule(data: Mapping[str, Any], rule_id: str) -> Mapping[str, Any]:
    """An item of a shared list as it is for one rule, where an export says that it differs (`in_one`)."""
    variants = _ours(data).get(_VARIANTS)
    if not isinstance(variants, dict):
        return data
    variant = variants.get(rule_id)
    if isinstance(variant, dict):
        return {**variant, "list_id": data.get("list_id"), "item_id": data.get("item_id")}
    meta = {key: value for key, value in _meta(data).items() if key != OURS}
    ours = {key: value for key, value in _ours(data).items() if key != _VARIANTS}
    rest = {**meta, OURS: ours} if ours else meta
    return {key: value for key, value in data.items() if key != "meta"} | ({"meta": rest} if rest else {})


def in_one(items: Sequence[ExceptionItem]) -> dict[str, Any] | None:
    """One item of a shared list for all its rules: as most have it, with what is different on some kept beside.

    None when it was removed from all of them.
    """
    standing = [item for item in items if item.removed_at is None]
    if not standing:
        return None
    exported = {item.rule_id: export_item(item) for item in items}
    versions = [exported[item.rule_id] for item in standing]
    most = max(versions, key=versions.count)
    variants = {rule_id: version for rule_id, version in exported.items() if version != most}
    if not variants:
        return most
    return {**most, "meta": {**_meta(most), OURS: {**_ours(most), _VARIANTS: variants}}}


def _says(kept: Mapping[str, Any], item: ExceptionItem) -> bool:
    """Whether what was imported still is what the item says."""
    content = read_item(kept, item.updated_at)
    same = (content.name, content.reason, content.entries) == (item.name, item.reason, item.entries)
    dates = (content.expires_at, content.review_at) == (item.expires_at, item.review_at)
    return same and dates and item.enabled == (not content.off and not content.problem)


def _ours_of(item: ExceptionItem, plain: list[Any]) -> dict[str, Any]:
    ours: dict[str, Any] = {}
    if plain != item.entries:
        ours["entries"] = item.entries
    if not item.enabled:
        ours |= {"enabled": False, "expires_at": item.expires_at.isoformat() if item.expires_at else None}
    if item.review_at:
        ours["review_at"] = item.review_at.isoformat()
    return ours


def _until(item: ExceptionItem) -> str | None:
    """Until when it applies elsewhere: one that is off ended when it was switched off."""
    if not item.enabled:
        return item.updated_at.isoformat()
    return item.expires_at.isoformat() if item.expires_at else None


def ids_of(item: ExceptionItem) -> tuple[str, str]:
    """The list and item id by which an export names an exception: as imported, else the same at every export."""
    if item.item_id:
        return item.list_id, item.item_id
    own = uuid5(NAMESPACE_URL, f"{OURS}:{item.rule_id}:{item.pk}:{item.created_at.isoformat()}")
    return f"{OURS}-{item.rule_id}"[:MAX_ID], str(own)
