"""The first line of every page about one alert: load it, and check that the person may see it.

What is of another team is as absent as what never was, but for the alert's own page, which says whose it is
(alerts/views/detail.py).
"""

from accounts.models import User
from accounts.selectors import teams_of
from alerts.errors import AlertNotFound
from alerts.models import Alert
from rules.models import Rule


def alert_for(user: User, alert_id: int) -> Alert:
    """The alert, with what its page needs of rule and people. Two queries; a third, where that is asked for, for the
    rule's revision of today if it is another.

    Raises: AlertNotFound.
    """
    loaded = Alert.objects.select_related("rule", "revision", "team", "assignee")
    alert = loaded.filter(pk=alert_id).first() if 0 < alert_id < 2**63 else None
    if alert is None or alert.team_id not in teams_of(user):
        raise AlertNotFound(alert_id, team=alert.team if alert else None)
    if alert.rule.revision_id == alert.revision_id:
        alert.rule.revision = alert.revision
    return alert


def with_rule(alert: Alert) -> Alert:
    """An alert of a list, with what its preview needs of its rule. One query, and another when its preview asks for a
    revision that is not the rule's own any more.
    """
    alert.rule = Rule.objects.select_related("revision").get(pk=alert.rule_id)
    if alert.rule.revision is not None and alert.rule.revision_id == alert.revision_id:
        alert.revision = alert.rule.revision
    return alert
