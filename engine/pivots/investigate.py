"""Elastic's investigate buttons as searches of ours, and its osquery queries as text.

An entry has a label, and providers in groups: one group must hold (`or`), in a group everything must (`and`). A
provider asks whether a field is a phrase, exists, or lies in a range; `{{user.name}}` stands for the alert's value, and
event.kind "signal" means alerts. `relativeFrom` and `relativeTo` are read from the time of the alert, and a plain "now"
to end at as the day after it: there it means when somebody looks.
Source: Elastic's documentation of interactive investigation guides, and the [transform] tables of public rule files.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from engine.pivots.explicit import checked
from engine.pivots.markup import Call
from engine.pivots.template import DAY, LONGEST, Search, Span, Table
from engine.pivots.writing import UnwritableError, field_name, quoted

_WHOLE_PLACE = re.compile(r"\{\{[ \t]*([A-Za-z_@][A-Za-z0-9_@.-]*)[ \t]*\}\}")
_RELATIVE = re.compile(r"now(?:([+-])([0-9]{1,6})([smhdwMy]))?(?:/[smhdwMy])?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
_SIGNS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
MOST_GROUPS, MOST_PROVIDERS = 10, 20


def searches_of_call(call: Call, transform: Mapping[str, Any]) -> list[Search]:
    """The search behind an investigate call, or the text behind an osquery call; nothing where the entry is missing."""
    block = call.block if call.block is not None else _entry(transform, call)
    if block is None:
        return []
    return [_osquery(block)] if call.kind == "osquery" else [read_block(block)]


def queries_as_text(transform: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and text of the file's osquery queries."""
    return [(_text(entry, "label"), _text(entry, "query")) for entry in _entries(transform, "osquery")]


def read_block(block: Mapping[str, Any]) -> Search:
    """One investigate entry; what is wrong with it stands in `problem`."""
    label = _text(block, "label") or _text(block, "description") or "Investigate"
    span = _span(_text(block, "relativeFrom"), _text(block, "relativeTo"))
    try:
        query, table = _query(block.get("providers"))
    except UnwritableError as error:
        return Search(label, "", span, problem=f"This search cannot be read: {error}")
    return checked(Search(label, query, span, table))


def _query(providers: object) -> tuple[str, Table]:
    groups = [group for group in _listed(providers)[:MOST_GROUPS] if isinstance(group, list)]
    if not groups:
        raise UnwritableError("it has no providers")
    of_alerts = any(_is_signal(provider) for group in groups for provider in group)
    parts = [" and ".join(_clauses(group)) for group in groups]
    told = [part for part in parts if part]
    if not told:
        raise UnwritableError("its providers ask nothing")
    query = told[0] if len(told) == 1 else " or ".join(f"({part})" for part in told)
    return query, Table.ALERTS if of_alerts else Table.EVENTS


def _clauses(group: Sequence[Any]) -> Iterable[str]:
    for provider in group[:MOST_PROVIDERS]:
        if not isinstance(provider, dict):
            raise UnwritableError("a provider is not a table")
        if not _is_signal(provider):
            clause = _clause(provider)
            yield f"not {clause}" if provider.get("excluded") is True else clause


def _clause(provider: Mapping[str, Any]) -> str:
    field = field_name(_text(provider, "field"))
    kind, value = _text(provider, "queryType"), provider.get("value")
    if kind == "exists":
        return f"{field}: *"
    if kind == "range":
        return _range(field, value)
    if kind != "phrase":
        raise UnwritableError(f"it asks for “{kind[:40]}”, which is not known")
    return f"{field}: {_value(value)}"


def _value(value: object) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value if value is not None else "")
    found = _WHOLE_PLACE.fullmatch(text.strip())
    return f"{{{found[1]}}}" if found else quoted(text)


def _range(field: str, value: object) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UnwritableError("its range is not readable") from error
    bounds = value if isinstance(value, dict) else {}
    parts = [f"{field} {sign} {_value(bounds[name])}" for name, sign in _SIGNS.items() if name in bounds]
    if not parts:
        raise UnwritableError("its range has no bounds")
    return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"


def _is_signal(provider: object) -> bool:
    if not isinstance(provider, dict) or provider.get("excluded") is True:
        return False
    return provider.get("field") == "event.kind" and provider.get("value") == "signal"


def _span(start: str, end: str) -> Span:
    before, after = _offset(start), _offset(end)
    if before is None and after is None:
        return DAY
    nothing = timedelta()
    after = DAY.after if after == nothing else after
    return Span(min(max(-(before or nothing), nothing), LONGEST), min(max(after or nothing, nothing), LONGEST))


def _offset(text: str) -> timedelta | None:
    found = _RELATIVE.fullmatch(text.strip())
    if found is None:
        return None
    if not found[1]:
        return timedelta()
    length = timedelta(seconds=min(int(found[2]) * _SECONDS[found[3]], 10 * 31_536_000))
    return -length if found[1] == "-" else length


def _osquery(block: Mapping[str, Any]) -> Search:
    return Search(_text(block, "label") or "Osquery", "", note=_text(block, "query")[:4_000])


def _entry(transform: Mapping[str, Any], call: Call) -> Mapping[str, Any] | None:
    entries = _entries(transform, call.kind)
    return entries[call.number] if call.number is not None and call.number < len(entries) else None


def _entries(transform: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [entry for entry in _listed(transform.get(kind)) if isinstance(entry, dict)]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(block: Mapping[str, Any], name: str) -> str:
    value = block.get(name)
    return value.strip() if isinstance(value, str) else ""
