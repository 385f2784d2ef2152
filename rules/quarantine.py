"""Setting one broken rule aside, so that the others go on, and taking it back in.

A rule is quarantined when its tree cannot be loaded or when judging with it fails again and again. Its page says why,
and an engineer can have it tried again.
"""

from datetime import datetime

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from rules import epoch
from rules.models import Rule

MAX_REASON = 2_000


@transaction.atomic
def quarantine(*, rule_id: str, reason: str, now: datetime) -> bool:
    """Set a rule aside that is in force in the workers' sets; False when it already is."""
    epoch.bump()
    return set_aside(rule_id=rule_id, reason=reason, now=now)


@transaction.atomic
def set_aside(*, rule_id: str, reason: str, now: datetime) -> bool:
    """Quarantine without counting an epoch: for a rule that no worker could load, so that none has it in force."""
    reason = reason[:MAX_REASON]
    found = Rule.objects.filter(pk=rule_id, quarantined_at=None)
    if not found.update(quarantined_at=now, quarantine_reason=reason):
        return False
    _record("quarantine", rule_id, actor=None, door=Change.Door.SYSTEM, now=now, after={"reason": reason})
    return True


@transaction.atomic
def release(*, rule: Rule, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> Rule:
    """Try the rule again: from the next claim on it is judged, and quarantined anew if it is still broken.

    Raises: NotAllowed.
    """
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)
    epoch.bump()
    rule = Rule.objects.select_for_update(no_key=True, of=("self",)).get(pk=rule.pk)
    if rule.quarantined_at is None:
        return rule
    before = {"reason": rule.quarantine_reason}
    rule.quarantined_at, rule.quarantine_reason = None, ""
    rule.save(update_fields=["quarantined_at", "quarantine_reason"])
    _record("release", rule.pk, actor=actor, door=door, now=now, before=before)
    return rule


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
