"""Other alerts that may belong to the same story: of the same processes, host, user, file or address.

What a host or a user raised may be very much: of each only those raised shortly before and after the alert are looked
at, by number, and of these the ones near it in time are shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from alerts.models import Alert, Kind
from alerts.selectors.briefs import briefs
from alerts.selectors.shapes import AlertBrief, Related
from events.process_tree import ProcessTree, uids_of

HOST_SPAN = timedelta(hours=24)
WIDE_SPAN = timedelta(days=7)
SHOWN = 20
LOOKED_AT = 400
"""Of each group so many alerts are looked at before and after the alert."""

_SIDE = """
(SELECT '{group}' AS told, id, event_time FROM alerts_alert WHERE {column} = %({column})s AND team_id = ANY(%(teams)s)
 AND kind <> 'block' AND id {sign} %(alert)s ORDER BY id {way} LIMIT {most})
"""
_SPANS = {"host_name": HOST_SPAN, "user_name": WIDE_SPAN, "process_hash": WIDE_SPAN, "address": WIDE_SPAN}


def related_to(alert: Alert, team_ids: Sequence[int], tree: ProcessTree | None = None) -> Related:
    """Alerts near this one, newest first; an alert stands in the first group it belongs to only. Up to four queries.

    `tree` are the processes around the alert's event, as far as the person may see them.
    """
    near = _near(alert, team_ids)
    groups: dict[str, list[int]] = {"tree": _of_tree(alert, team_ids, tree)}
    groups |= {column: near.get(column, []) for column in _SPANS}
    shown: set[int] = {alert.pk, *([alert.shell_id] if alert.shell_id else [])}  # a shell is named above the clauses
    for name, numbers in groups.items():
        groups[name] = [number for number in numbers if number not in shown][:SHOWN]
        shown.update(groups[name])
    found = _briefs(number for numbers in groups.values() for number in numbers)
    told = {name: [found[number] for number in numbers if number in found] for name, numbers in groups.items()}
    return Related(
        same_host=told["host_name"],
        same_user=told["user_name"],
        same_hash=told["process_hash"],
        same_tree=told["tree"],
        same_address=told["address"],
    )


def recent_of_rule(*, rule_id: str, team_ids: Sequence[int], limit: int = 10) -> list[AlertBrief]:
    """The newest alerts of a rule. One query."""
    return briefs(Alert.objects.filter(rule_id=rule_id, team_id__in=team_ids).order_by("-pk")[:limit])


def _near(alert: Alert, team_ids: Sequence[int]) -> dict[str, list[int]]:
    """The numbers of the alerts that share a column with this one and happened within its span, newest first."""
    values = {column: value for column in _SPANS if (value := getattr(alert, column))}
    if not values:
        return {}
    sides = [
        _SIDE.format(group=column, column=column, sign=sign, way=way, most=LOOKED_AT)
        for column in values
        for sign, way in (("<", "DESC"), (">", "ASC"))
    ]
    found: dict[str, list[tuple[datetime, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(sides), {**values, "teams": list(team_ids), "alert": alert.pk})
        for column, number, at in cursor.fetchall():
            if abs(at - alert.event_time) <= _SPANS[column]:
                found.setdefault(column, []).append((at, number))
    return {column: [number for _, number in sorted(told, reverse=True)] for column, told in found.items()}


def _of_tree(alert: Alert, team_ids: Sequence[int], tree: ProcessTree | None) -> list[int]:
    """The alerts on events of the processes around this one's. Two queries."""
    if tree is None or tree.process.ref is None or not tree.entity_ids:
        return []
    ref = tree.process.ref
    uids = uids_of(tree.entity_ids, team_id=ref.team_id, day=ref.day)
    if not uids:
        return []
    rests = Q(events__uid__in=uids) & ~Q(kind=Kind.BLOCK)
    near = Alert.objects.filter(rests, team_id__in=team_ids).exclude(pk=alert.pk)
    return list(dict.fromkeys(near.order_by("-event_time", "-pk").values_list("pk", flat=True)[: SHOWN * 2]))


def _briefs(numbers: Iterable[int]) -> Mapping[int, AlertBrief]:
    wanted = list(numbers)
    if not wanted:
        return {}
    columns = ("name", "severity", "status", "reason", "event_time", "created_at", "host_name", "user_name", "evidence")
    alerts = Alert.objects.filter(pk__in=wanted).select_related("revision").only(*columns, "revision__definition")
    return {brief.id: brief for brief in briefs(alerts)}
