"""Setting one broken rule aside, so that the others go on, and taking it back in.

A rule is quarantined when its tree cannot be loaded or when judging with it fails again and again. Its page says why,
and an engineer can have it tried again: it then judges everything that it missed.
"""

from datetime import datetime

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from rules import epoch, lookbacks, settlings, superseding
from rules.effective import effective_of
from rules.models import Rule
from rules.trees import TreeUnusable

MAX_REASON = 2_000


@transaction.atomic
def quarantine(*, rule_id: str, reason: str, now: datetime) -> bool:
    """Set a rule aside that is in force in the workers' sets; False when it already is."""
    number = epoch.bump()
    superseding.gave_back(rule_id, now=now, after_epoch=number)
    return set_aside(rule_id=rule_id, reason=reason, now=now)


@transaction.atomic
def set_aside(*, rule_id: str, reason: str, now: datetime) -> bool:
    """Quarantine without counting an epoch: for a rule that no worker could load, so that none has it in force."""
    reason = reason[:MAX_REASON]
    found = Rule.objects.filter(pk=rule_id, quarantined_at=None)
    if not found.update(quarantined_at=now, quarantine_reason=reason):
        return False
    _remember_missed(Rule.objects.select_related("revision").get(pk=rule_id), now)
    _record("quarantine", rule_id, actor=None, door=Change.Door.SYSTEM, now=now, after={"reason": reason})
    return True


def _remember_missed(rule: Rule, now: datetime) -> None:
    """From the oldest batch in flight on nothing is judged by the rule, and what it had not joined may be forgotten:
    when it is released it looks back that far."""
    if rule.enabled and rule.revision is not None:
        lookbacks.remember_missed(
            rule=rule,
            revision=rule.revision,
            now=now,
            after_epoch=epoch.read(),
            not_joined_since=settlings.waits_since(rule.pk),
        )


@transaction.atomic
def release(*, rule: Rule, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> Rule:
    """Try the rule again: it judges from the next claim on, and what it missed; still broken, it is quarantined anew.

    Raises: NotAllowed.
    """
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)
    number = epoch.bump()
    rule = Rule.objects.select_for_update(no_key=True, of=("self",)).select_related("revision").get(pk=rule.pk)
    if rule.quarantined_at is None:
        return rule
    before = {"reason": rule.quarantine_reason}
    _catch_up(rule, now, number)
    rule.quarantined_at, rule.quarantine_reason = None, ""
    rule.save(update_fields=["quarantined_at", "quarantine_reason"])
    if rule.enabled:
        superseding.took_over(rule.pk, now=now)
    _record("release", rule.pk, actor=actor, door=door, now=now, before=before)
    if rule.enabled and settlings.waits_since(rule.pk):
        settlings.note_due([rule.pk], now=now)
    return rule


def _catch_up(rule: Rule, now: datetime, number: int) -> None:
    """Have the rule judge what it missed. One whose content cannot be read is set aside again when it is loaded."""
    if not rule.enabled or not rule.evaluated or rule.revision is None:
        return
    try:
        definition = effective_of(rule)
    except TreeUnusable:
        return  # what it misses is remembered by the look-back that waits since
    lookbacks.open_lookback(
        rule=rule,
        revision=rule.revision,
        definition=definition,
        now=now,
        after_epoch=number,
        missed_since=rule.quarantined_at,
    )


def _record(
    verb: str,
    rule_id: str,
    *,
    actor: User | None,
    door: Change.Door,
    now: datetime,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type="rule",
        object_id=rule_id,
        before=before,
        after=after,
    )
