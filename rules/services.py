"""Switching rules on and off."""

from datetime import datetime

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from engine import RuleDefinition
from rules import epoch, lookbacks, superseding
from rules.effective import effective_of
from rules.errors import RuleNotEvaluated
from rules.models import Rule


@transaction.atomic
def enable(*, rule: Rule, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> Rule:
    """Switch a rule on: it judges what arrives from the next claim on, and what is stored since its look-back.

    Raises: RuleNotEvaluated, NotAllowed.
    """
    _allowed(actor)
    number = epoch.bump()
    rule = locked(rule)
    if not rule.evaluated or rule.revision is None:
        raise RuleNotEvaluated(rule.pk, rule.not_evaluated_because)
    if rule.enabled:
        return rule
    switch_on(rule, effective_of(rule), actor, now, door, number)
    return rule


def switch_on(
    rule: Rule, definition: RuleDefinition, actor: User | None, now: datetime, door: Change.Door, number: int
) -> None:
    """Enable a locked rule that is off, in the transaction that bumped the epoch to `number`.

    `definition` is what it is in force with.
    """
    _save(rule, enabled=True, enabled_at=now, now=now)
    superseding.took_over(rule.pk, now=now)
    if rule.revision is not None and not superseding.stands_back(rule):
        lookbacks.open_lookback(rule=rule, revision=rule.revision, definition=definition, now=now, after_epoch=number)
    _record("enable", "disable", rule, actor, now, door)


@transaction.atomic
def disable(*, rule: Rule, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> Rule:
    """Switch a rule off: from the next claim on it judges nothing. Its alerts stay.

    Raises: NotAllowed.
    """
    _allowed(actor)
    number = epoch.bump()
    rule = locked(rule)
    if not rule.enabled:
        return rule
    _save(rule, enabled=False, enabled_at=rule.enabled_at, now=now)
    lookbacks.cancel(rule=rule, now=now)
    superseding.gave_back(rule.pk, now=now, after_epoch=number)
    _record("disable", "enable", rule, actor, now, door)
    return rule


def _allowed(actor: User | None) -> None:
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)


def locked(rule: Rule) -> Rule:
    """The rule's row as it is now, locked until the transaction ends."""
    rows = Rule.objects.select_for_update(no_key=True, of=("self",)).select_related("revision", "team", "superseded_by")
    return rows.get(pk=rule.pk)


def _save(rule: Rule, *, enabled: bool, enabled_at: datetime | None, now: datetime) -> None:
    rule.enabled, rule.enabled_at, rule.updated_at = enabled, enabled_at, now
    rule.save(update_fields=["enabled", "enabled_at", "updated_at"])


def _record(verb: str, inverse: str, rule: Rule, actor: User | None, now: datetime, door: Change.Door) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type="rule",
        object_id=rule.pk,
        before={"enabled": not rule.enabled},
        after={"enabled": rule.enabled, "name": rule.name},
        inverse={"verb": inverse},
        team=rule.team,
    )
