"""What people found in alerts like these before: of the rule on this host (by this user where there is no host), and
where nothing was found there yet, of the rule anywhere. The newest verdicts only: what happened long ago says little.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import connection

from alerts.models import Alert
from alerts.selectors.shapes import Prior, Verdicts

MOST = 200
"""So many verdicts are looked at for each rule and host."""
MOST_OF_RULE = 500

Entity = tuple[str, str, str]  # "host", "user" or "rule"; the rule; the name of the host or user

# Each part reads one index from its newest entry on (alerts/models.py: alert_judged_…).
_PART = """
SELECT '{of}', wanted.rule, wanted.name, found.reason, count(*)
FROM unnest(%({of}_rules)s::text[], %({of}_names)s::text[]) AS wanted(rule, name), LATERAL (
  SELECT reason FROM alerts_alert WHERE rule_id = wanted.rule AND status = 'closed' AND closed_by_exception_id IS NULL
  AND kind <> 'block' AND team_id = ANY(%(teams)s) AND {named} ORDER BY id DESC LIMIT {most}
) AS found GROUP BY 1, 2, 3, 4
"""
_PARTS = {
    "host": _PART.format(of="host", named="host_name = wanted.name", most=MOST),
    "user": _PART.format(of="user", named="host_name IS NULL AND user_name = wanted.name", most=MOST),
    "rule": _PART.format(of="rule", named="true", most=MOST_OF_RULE),
}


def prior_verdicts(alerts: Iterable[Alert], team_ids: Sequence[int]) -> dict[int, Prior]:
    """What came of alerts like each of these, by its number. One query, bounded by the number of rules and hosts."""
    shown = list(alerts)
    entities = {alert.pk: _entity(alert) for alert in shown}
    wanted = {entity for entity in entities.values() if entity} | {("rule", alert.rule_id, "") for alert in shown}
    found = _read(wanted, team_ids) if wanted else {}
    nothing = Prior(Verdicts(), "rule")
    return {
        alert.pk: found.get(entities[alert.pk] or ("", "", "")) or found.get(("rule", alert.rule_id, "")) or nothing
        for alert in shown
    }


def _entity(alert: Alert) -> Entity | None:
    if alert.host_name:
        return "host", alert.rule_id, alert.host_name
    return ("user", alert.rule_id, alert.user_name) if alert.user_name and alert.host_name is None else None


def _read(wanted: Iterable[Entity], team_ids: Sequence[int]) -> dict[Entity, Prior]:
    by_kind = defaultdict[str, list[Entity]](list)
    for entity in sorted(wanted):
        by_kind[entity[0]].append(entity)
    parameters: dict[str, list[str] | list[int]] = {"teams": list(team_ids)}
    for of, entities in by_kind.items():
        parameters |= {f"{of}_rules": [one[1] for one in entities], f"{of}_names": [one[2] for one in entities]}
    counts = defaultdict[Entity, dict[str, int]](dict)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_PARTS[of] for of in by_kind), parameters)
        for of, rule, name, reason, number in cursor.fetchall():
            counts[of, rule, name][reason] = number
    return {entity: _prior(entity[0], told) for entity, told in counts.items()}


def _prior(of: str, told: dict[str, int]) -> Prior:
    most = MOST_OF_RULE if of == "rule" else MOST
    return Prior(Verdicts.of(told), of, sum(told.values()) >= most)
