"""Rules in the form in which Kibana exports and takes them: one JSON object, most keys as in a rule file.

What Kibana's server notes about a rule (who changed it when, how it last ran) is no content and left out, so that a
later export of the same rule reads the same. Actions are left out too, and said: nothing here sends them.
Source: the rule schema of Kibana's detection engine API and of its saved-object exports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import RuleFileError
from engine.rulefile.definition import RuleDefinition
from engine.rulefile.reading import read_rule

OURS = "watchbill"
MAX_KEYS = 300
_SERVER_KEYS = frozenset(
    {
        "id",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "revision",
        "immutable",
        "rule_source",
        "execution_summary",
        "last_execution",
        "outcome",
        "alias_target_id",
        "alias_purpose",
        "output_index",
        "namespace",
        "_version",
    }
)
_ACTION_KEYS = frozenset({"actions", "response_actions", "throttle"})
_NO_ACTIONS: tuple[Any, ...] = (None, [], {}, "no_actions", "rule")


@dataclass(frozen=True, slots=True)
class KibanaRule:
    """A rule read from Kibana's form; `ignored` says in sentences what of it has no meaning here."""

    definition: RuleDefinition
    ignored: tuple[str, ...] = ()


def read_kibana_rule(data: Mapping[str, Any], path: str) -> KibanaRule:
    """Read one rule of an export; `path` only names it in errors. The text it came from was limited before parsing.

    Raises: RuleFileError, with the key, as for a rule file.
    """
    if len(data) > MAX_KEYS:
        raise RuleFileError(path, None, f"has over {MAX_KEYS} keys; that is no rule")
    raw = {key: _without_nulls(value, 0) for key, value in data.items() if value is not None}
    raw.setdefault("rule_id", raw.get("id"))
    ignored = _ignored(raw)
    raw = {key: value for key, value in raw.items() if key not in _SERVER_KEYS | _ACTION_KEYS and value is not None}
    ours = _take_ours(raw)
    _restore(raw, ours)
    fields = raw.get("investigation_fields")
    if isinstance(fields, list):  # the form of older versions
        raw["investigation_fields"] = {"field_names": fields}
    tables = {"rule": raw, "metadata": ours.get("metadata") or _metadata(raw), "transform": ours.get("transform", {})}
    return KibanaRule(read_rule(tables, path), ignored)


def to_kibana(definition: RuleDefinition, lists: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The rule in Kibana's form. What that form has no key for goes along under `meta`, where nobody minds it.

    `lists` are references to exception lists that the definition does not make itself. `read_kibana_rule` gives the
    same definition back, without them.
    """
    raw = dict(definition.raw)
    ours: dict[str, Any] = {}
    if definition.metadata != _metadata(raw):
        ours["metadata"] = definition.metadata
    if definition.transform:
        ours["transform"] = definition.transform
    if "new_terms" in raw:
        ours["new_terms"] = raw.pop("new_terms")
        raw |= _flat_terms(definition)
    if lists:
        ours["lists"] = [one["list_id"] for one in lists]
        raw["exceptions_list"] = [*raw.get("exceptions_list", []), *map(dict, lists)]
    ours["added"] = {key: value for key, value in _needed(definition).items() if key not in raw}
    raw |= ours["added"]
    raw["meta"] = {**_meta(raw), OURS: ours}
    return raw


def _needed(definition: RuleDefinition) -> dict[str, Any]:
    """The keys that Kibana would fill in otherwise than a rule file means them."""
    needed: dict[str, Any] = {"interval": definition.interval, "from": definition.from_, "enabled": False}
    if definition.language:
        needed["language"] = definition.language
    return needed


def _flat_terms(definition: RuleDefinition) -> dict[str, Any]:
    return {
        "new_terms_fields": list(definition.new_terms_fields),
        "history_window_start": definition.history_window_start,
    }


def _meta(raw: Mapping[str, Any]) -> dict[str, Any]:
    meta = raw.get("meta")
    return dict(meta) if isinstance(meta, dict) else {}


def _take_ours(raw: dict[str, Any]) -> dict[str, Any]:
    """Take what `to_kibana` put under `meta` out of the rule."""
    meta = _meta(raw)
    ours = meta.pop(OURS, {})
    raw.pop("meta", None)
    if meta:
        raw["meta"] = meta
    return ours if isinstance(ours, dict) else {}


def _restore(raw: dict[str, Any], ours: Mapping[str, Any]) -> None:
    """Undo the changes of form that `to_kibana` made, as far as nobody has changed the rule in between."""
    added = ours.get("added")
    for key, value in added.items() if isinstance(added, dict) else ():
        if key in raw and raw[key] == value:
            del raw[key]
    _take_lists(raw, ours.get("lists"))
    nested = ours.get("new_terms")
    if isinstance(nested, dict) and _says_the_same(nested, raw):
        raw["new_terms"] = nested
        del raw["new_terms_fields"], raw["history_window_start"]


def _take_lists(raw: dict[str, Any], list_ids: Any) -> None:
    """Take the references out that were added for the exceptions written on the rule itself."""
    listed = raw.get("exceptions_list")
    if not isinstance(listed, list) or not isinstance(list_ids, list):
        return
    left = [one for one in listed if not (isinstance(one, dict) and one.get("list_id") in list_ids)]
    raw["exceptions_list"] = left
    if not left and listed:
        del raw["exceptions_list"]


def _says_the_same(nested: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    starts = nested.get("history_window_start")
    if not isinstance(starts, list) or not all(isinstance(start, dict) for start in starts):
        return False
    start = next((start["value"] for start in starts if "value" in start), None)
    values = nested.get("value")
    fields = [values] if isinstance(values, str) else values
    return fields == raw.get("new_terms_fields") and start == raw.get("history_window_start")


def _metadata(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule file says in [metadata] and Kibana in the rule: the integrations that its events come from."""
    related = raw.get("related_integrations")
    packages = [item.get("package") for item in related if isinstance(item, dict)] if isinstance(related, list) else []
    names = sorted({name for name in packages if isinstance(name, str)})
    return {"integration": names} if names else {}


def _ignored(raw: Mapping[str, Any]) -> tuple[str, ...]:
    said = []
    if any(raw.get(key) not in _NO_ACTIONS for key in _ACTION_KEYS):
        said.append("Its actions are left out: what is told to whom is set up here.")
    if raw.get("data_view_id") and not raw.get("index"):
        said.append("It names a data view, which is not known here: it reads every index. Give it index patterns.")
    return tuple(said)


def _without_nulls(value: Any, depth: int) -> Any:
    """The value without nulls, which say nothing here and which no rule file can hold."""
    if depth > 60:
        return value  # refused by the checks, which allow less
    if isinstance(value, dict):
        return {key: _without_nulls(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item, depth + 1) for item in value if item is not None]
    return value
