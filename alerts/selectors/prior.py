"""What people found in alerts like these before: of the rule on this host (by this user where there is no host), and
where nothing was found there yet, of the rule anywhere. The newest verdicts only: what happened long ago says little.

In duplicates was found what was found in their original, as soon as that is judged: once, however many they are, and
not again where the original itself is among these alerts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from django.db import connection

from alerts.duplicates import Judged, each_once, inherited
from alerts.models import Alert, Reason
from alerts.selectors.shapes import NEWEST_VERDICTS, Prior, Verdicts

MOST = 100
"""So many verdicts are counted for each rule and host."""

Counted = tuple[int, int]  # how many, and the number of the oldest alert among them
Told = dict[str, Counted]  # by reason
Entity = tuple[str, str, str]  # "host", "user" or "rule"; the rule; the name of the host or user

# Each part reads one index from its newest entry on (alerts/models: alert_judged_…), one more than is counted: with
# the oldest of each reason it tells that there are more, and which one is too many.
_FOUND = """
LATERAL (
  SELECT id, reason FROM alerts_alert WHERE rule_id = wanted.rule AND status = 'closed'
  AND closed_by_exception_id IS NULL AND kind <> 'block' AND team_id = ANY(%(teams)s) AND {named}
  ORDER BY id DESC LIMIT {most} + 1
) AS found GROUP BY 1, 2, 3, 4
"""
_PART = """
SELECT wanted.of, wanted.rule, wanted.name, found.reason, count(*), min(found.id),
  array_agg(found.id) FILTER (WHERE found.reason = 'duplicate') AS duplicates
FROM (SELECT * FROM wanted WHERE of = '{of}') AS wanted,
"""
# What was found of a rule anywhere is looked up for those alone of which something that is wanted is not known.
_STATEMENT = f"""
WITH wanted AS MATERIALIZED (SELECT * FROM unnest(%(of)s::text[], %(rules)s::text[], %(names)s::text[])
  AS wanted(of, rule, name)),
told AS MATERIALIZED (
  {_PART.format(of="host")} {_FOUND.format(named="host_name = wanted.name", most=MOST)}
  UNION ALL
  {_PART.format(of="user")} {_FOUND.format(named="host_name IS NULL AND user_name = wanted.name", most=MOST)})
SELECT * FROM told UNION ALL
SELECT 'rule', wanted.rule, '', found.reason, count(*), min(found.id),
  array_agg(found.id) FILTER (WHERE found.reason = 'duplicate') FROM (
  SELECT DISTINCT rule FROM wanted WHERE NOT EXISTS (
    SELECT FROM told WHERE told.of = wanted.of AND told.rule = wanted.rule AND told.name = wanted.name)
) AS wanted, {_FOUND.format(named="true", most=NEWEST_VERDICTS)}
"""  # noqa: S608  (constants)


def prior_verdicts(alerts: Iterable[Alert], team_ids: Sequence[int]) -> dict[int, Prior]:
    """What came of alerts like each of these, by its number. One query, bounded by the number of rules and hosts,
    and one more where there are duplicates."""
    shown = list(alerts)
    entities = {alert.pk: _entity(alert) for alert in shown}
    found = _read({entities[alert.pk] or ("rule", alert.rule_id, "") for alert in shown}, team_ids)
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
    of, rules, names = ([one[at] for one in sorted(wanted)] for at in range(3))
    if not of:
        return {}
    counts, duplicates = defaultdict[Entity, Told](dict), dict[Entity, list[int]]()
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, {"of": of, "rules": rules, "names": names, "teams": list(team_ids)})
        for kind, rule, name, reason, number, oldest, same in cursor.fetchall():
            counts[kind, rule, name][reason] = number, oldest
            duplicates[kind, rule, name] = [*duplicates.get((kind, rule, name), ()), *(same or ())]
    found = inherited(list({number for numbers in duplicates.values() for number in numbers}), team_ids)
    return {entity: _prior(entity, told, duplicates[entity], found) for entity, told in counts.items()}


def _prior(entity: Entity, told: Told, duplicates: Sequence[int], found: Mapping[int, Judged]) -> Prior:
    most = NEWEST_VERDICTS if entity[0] == "rule" else MOST
    counts = Counter({reason: number for reason, (number, _) in told.items()})
    more = counts.total() > most
    too_many = min(told, key=lambda reason: told[reason][1]) if more else ""
    counts.subtract([too_many] if more else [])
    left = sorted(duplicates)[1:] if too_many == Reason.DUPLICATE else duplicates
    verdicts = each_once(left, found, partial(_is_about, entity))
    counts.subtract({Reason.DUPLICATE.value: verdicts.total()})
    counts.update(verdicts)
    return Prior(Verdicts.of(counts, newest=more), entity[0])


def _is_about(entity: Entity, original: Judged) -> bool:
    """Whether the original is counted with the alerts of this entity by itself."""
    of, rule, name = entity
    named = original.host_name if of == "host" else original.user_name if original.host_name is None else None
    return original.rule_id == rule and (of == "rule" or named == name)
