"""The true-positive guard: an exception that would have hidden one is saved only by somebody who may, and says why."""

from collections.abc import Sequence

from accounts.access import may
from accounts.models import User
from accounts.roles import Permission
from alerts.errors import GuardRefused
from alerts.exceptions.covering import alerts_of, judge_alerts, true_positives_elsewhere
from alerts.exceptions.groups import Groups
from alerts.models import Reason, Status
from rules.models import Rule


def check_guard(
    *, rules: Rule | Sequence[Rule], groups: Groups, team_ids: Sequence[int], actor: User, override: str
) -> str:
    """Let the entries through, or refuse; returns the note for the record when the guard was overridden.

    Raises: GuardRefused.
    """
    closed = alerts_of(rules, team_ids).filter(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    hidden = [one.alert_id for one in judge_alerts(closed.values_list("pk", "team_id"), groups) if one.covered]
    elsewhere = true_positives_elsewhere(rules, groups, team_ids)
    if not hidden and not elsewhere:
        return ""
    if not override.strip() or not may(actor, Permission.OVERRIDE_GUARD):
        raise GuardRefused(alert_ids=hidden, elsewhere=elsewhere)
    return f"Hides {len(hidden) + elsewhere} true positives, saved nevertheless: {override.strip()}"
