"""What people here set on a rule beside its file: severity, risk score, schedule, most alerts, tags, on or off; and
of a pipeline what it makes of fields with several values, which is part of what it looks for.

A layer of its own (`Rule.overrides`): an update of the file makes a new revision below it, and the layer stays. What
judges, caps and shows a rule uses the effective definition, the file's with the layer over it. Whether a rule is on is
the column `Rule.enabled`, which no update touches either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from engine import RuleDefinition, RuleFileError
from engine.pipelines import Multivalue
from engine.rule_types.esql import multivalue_of
from engine.rulefile.compiling import logic_hash
from engine.rulefile.overriding import OVERRIDABLE, applies, check_overrides
from rules import epoch, lookbacks, schedule, services
from rules.effective import effective, effective_of, show_effective
from rules.errors import OverrideRefused
from rules.models import Rule
from rules.trees import TreeUnusable, definition_of

__all__ = ["KEYS", "TITLES", "Override", "effective", "effective_of", "overrides_of", "set_overrides"]

KEYS = (*OVERRIDABLE, "enabled")
TITLES = {
    "severity": "Severity",
    "risk_score": "Risk score",
    "interval": "Interval",
    "from": "Look-back",
    "max_signals": "Most alerts",
    "tags_added": "Tags added",
    "tags_removed": "Tags removed",
    "multivalue": "Fields with several values",
}
MULTIVALUE = tuple(Multivalue)
_LISTS = ("tags_added", "tags_removed")


@dataclass(frozen=True, slots=True)
class Override:
    """One setting of this place beside the file's: `upstream` is what the file says (None for tags).

    `applies` is false where an update of the file has made it impossible, so that the file's own value holds.
    """

    key: str
    title: str
    value: Any
    upstream: Any
    applies: bool


def overrides_of(rule: Rule) -> tuple[Override, ...]:
    """What is set on a rule here, beside what its file says, in the order of KEYS.

    Raises: TreeUnusable.
    """
    if rule.revision is None or not rule.overrides:
        return ()
    file = definition_of(rule.revision)
    return tuple(
        Override(key, TITLES[key], rule.overrides[key], _upstream(file, key), applies(file, key, rule.overrides[key]))
        for key in OVERRIDABLE
        if key in rule.overrides
    )


def _upstream(file: RuleDefinition, key: str) -> Any:
    if key == "multivalue":
        return multivalue_of(file).value
    return None if key in _LISTS else getattr(file, "from_" if key == "from" else key)


@transaction.atomic
def set_overrides(
    *,
    rule: Rule,
    overrides: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    note: str = "",
) -> Rule:
    """Set what is named, take back what is None, leave the rest; in force from the next claim on.

    A look-back that grows is judged over what is stored; so is a rule that looks for something else than before.
    `enabled` switches the rule on or off.
    Raises: OverrideRefused, RuleNotEvaluated, TreeUnusable, NotAllowed.
    """
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)
    for key in overrides:
        if key not in KEYS:
            raise OverrideRefused(key[:60], "This cannot be set beside the file.")
    number = epoch.bump()
    rule = services.locked(rule)
    rule = _layered(rule, overrides, actor, now, door, note, number)
    enabled = overrides.get("enabled")
    if enabled is None:
        return rule
    if not isinstance(enabled, bool):
        raise OverrideRefused("enabled", "Say true or false.")
    switch = services.enable if enabled else services.disable
    return switch(rule=rule, actor=actor, now=now, door=door)


def _layered(
    rule: Rule,
    wanted: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    note: str,
    number: int,
) -> Rule:
    """The rule with its new layer, recorded; as it was when nothing changes."""
    if rule.revision is None:
        raise TreeUnusable("It has no revision; load its file again.")
    file, before = definition_of(rule.revision), dict(rule.overrides)
    after = _merged(before, wanted, file)
    if after == before:
        return rule
    try:
        check_overrides(file, after)
    except RuleFileError as error:
        raise OverrideRefused(_key_of(error), f"It {error.message}.") from error
    old, new = effective(file, before), effective(file, after)
    rule.overrides, rule.updated_at = after, now
    show_effective(rule, new)
    rule.save(update_fields=["overrides", "severity", "risk_score", "tags", "updated_at"])
    _record(rule, before, after, actor, now, door, note)
    again = schedule.lookback(new) > schedule.lookback(old) or logic_hash(new) != logic_hash(old)
    if rule.enabled and rule.evaluated and again:
        lookbacks.open_lookback(rule=rule, revision=rule.revision, definition=new, now=now, after_epoch=number)
    return rule


def _merged(before: dict[str, Any], wanted: Mapping[str, Any], file: RuleDefinition) -> dict[str, Any]:
    """The layer after the change; what says the same as the file is no setting of its own."""
    after = before | {key: value for key, value in wanted.items() if key in OVERRIDABLE}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in after.items()
        if value is not None and value != _upstream(file, key) and not (key in _LISTS and not value)
    }


def _key_of(error: RuleFileError) -> str:
    """The setting that an error of the file's checks is about."""
    key = (error.key or "").removeprefix("rule.")
    return {"history_window_start": "from", "tags": "tags_added"}.get(key, key)


def _record(
    rule: Rule,
    before: dict[str, Any],
    after: dict[str, Any],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    note: str,
) -> None:
    back = {key: before.get(key) for key in {*before, *after}}
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb="override",
        object_type="rule",
        object_id=rule.pk,
        before={"overrides": before},
        after={"overrides": after, "name": rule.name},
        inverse={"verb": "override", "overrides": back},
        team=rule.team,
        note=note,
    )
