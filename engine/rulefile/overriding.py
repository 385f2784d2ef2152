"""What people set on a rule beside its file: a layer of a few keys over the definition, checked like the file itself.

The layer holds `severity`, `risk_score`, `interval`, `from`, `max_signals`, `tags_added` and `tags_removed`, which do
not touch what the rule looks for; and for pipelines `multivalue`, which does.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.errors import RuleFileError
from engine.rulefile.definition import RuleDefinition
from engine.rulefile.reading import read_rule
from engine.times import TimeExpressionError, lookback_of

OVERRIDABLE = ("severity", "risk_score", "interval", "from", "max_signals", "tags_added", "tags_removed", "multivalue")
_RAW_KEYS = ("multivalue",)
_TAG_KEYS = ("tags_added", "tags_removed")
_MAX_TAGS = 100


def overridden(definition: RuleDefinition, overrides: Mapping[str, Any]) -> RuleDefinition:
    """The definition as it is in force with the local settings over it.

    A look-back that an update of the file has made impossible (a new-terms history that no longer reaches further) is
    left out: the file's own applies. Expects settings that `check_overrides` has let through.
    """
    if not overrides:
        return definition
    values = {
        "from_" if key == "from" else key: value
        for key, value in overrides.items()
        if key in OVERRIDABLE and key not in (*_TAG_KEYS, *_RAW_KEYS) and applies(definition, key, value)
    }
    raw = definition.raw | {key: overrides[key] for key in _RAW_KEYS if key in overrides}
    return replace(definition, **values, tags=_tags(definition, overrides), raw=raw)


def applies(definition: RuleDefinition, key: str, value: Any) -> bool:
    """Whether a local setting can hold beside what the file says now."""
    if key != "from" or definition.history_window_start is None:
        return True
    try:
        return lookback_of(value) < lookback_of(definition.history_window_start)
    except TimeExpressionError:
        return False


def check_overrides(definition: RuleDefinition, overrides: Mapping[str, Any]) -> None:
    """Whether a file with these settings in it would be accepted.

    Raises: RuleFileError, whose `key` is `rule.` and the setting.
    """
    for key in overrides:
        if key not in OVERRIDABLE:
            raise RuleFileError(definition.name, f"rule.{key[:60]}", "cannot be set beside the file")
    if "multivalue" in overrides and definition.type != "esql":
        raise RuleFileError(definition.name, "rule.multivalue", "is only for rules in ES|QL")
    for key in _TAG_KEYS:
        _check_tags(definition, key, overrides.get(key, []))
    simple = {key: value for key, value in overrides.items() if key not in _TAG_KEYS}
    raw = {**definition.raw, **simple, "tags": list(_tags(definition, overrides))}
    read_rule({"rule": raw, "metadata": definition.metadata, "transform": definition.transform}, definition.name)


def _check_tags(definition: RuleDefinition, key: str, tags: object) -> None:
    good = isinstance(tags, list | tuple) and all(isinstance(tag, str) and 0 < len(tag.strip()) <= 256 for tag in tags)
    if not good or len(tags) > _MAX_TAGS:  # type: ignore[arg-type]  # a list, as it is good
        message = f"must be a list of at most {_MAX_TAGS} tags of up to 256 characters"
        raise RuleFileError(definition.name, f"rule.{key}", message)


def _tags(definition: RuleDefinition, overrides: Mapping[str, Any]) -> tuple[str, ...]:
    """The file's tags without those taken off here, and then those put on, each once."""
    removed = set(overrides.get("tags_removed", ()))
    kept = [tag for tag in definition.tags if tag not in removed]
    return tuple(dict.fromkeys([*kept, *overrides.get("tags_added", ())]))
