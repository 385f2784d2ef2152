"""Other alerts that may belong to the same story: of the same processes, host, user, file or address.

What a host or a user raised may be very much: of each only those raised shortly before and after the alert are looked
at, by number, and of these the ones near it in time are shown.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from django.db import connection

from alerts.models import Alert
from alerts.selectors.briefs import BRIEFLY, brief_of
from alerts.selectors.shapes import AlertBrief, Related
from events.process_tree import ProcessTree, uids_of

HOST_SPAN = timedelta(hours=24)
WIDE_SPAN = timedelta(days=7)
SHOWN = 20
LOOKED_AT = 400
"""Of each group so many alerts are looked at before and after the alert."""

_SPANS = {"host_name": HOST_SPAN, "user_name": WIDE_SPAN, "process_hash": WIDE_SPAN, "address": WIDE_SPAN}
# Of each group enough that twenty are left when those of the groups before it are taken out.
_MOST = SHOWN * (len(_SPANS) + 1) + 2
_SIDE = """
(SELECT id, event_time FROM alerts_alert WHERE {column} = %({column})s AND team_id = ANY(%(teams)s)
 AND kind <> 'block' AND id {sign} %(alert)s ORDER BY id {way} LIMIT {most})
"""
_NEAR = """
ARRAY(SELECT id FROM ({sides}) AS near WHERE event_time BETWEEN %(at)s - interval '{seconds} s'
 AND %(at)s + interval '{seconds} s' ORDER BY event_time DESC, id DESC LIMIT {most})
"""
_OF_TREE = f"""
ARRAY(SELECT id FROM alerts_alert WHERE id IN (SELECT alert_id FROM alerts_alertevent WHERE uid = ANY(%(uids)s))
 AND team_id = ANY(%(teams)s) AND kind <> 'block' AND id <> %(alert)s ORDER BY event_time DESC, id DESC LIMIT {_MOST})
"""  # noqa: S608  (a number of ours)
_TOLD = f"""
SELECT a.id, {", ".join(f"a.{name}" for name in BRIEFLY)},
 ARRAY(SELECT tactic ->> 'name' FROM jsonb_path_query(r.definition, '$.threat[*]') AS tactic)
FROM alerts_alert a JOIN rules_rulerevision r ON r.id = a.revision_id WHERE a.id = ANY(%s) AND a.team_id = ANY(%s)
"""  # noqa: S608  (names of ours)
_GROUPS = ("tree", *_SPANS)


def related_to(alert: Alert, team_ids: Sequence[int], tree: ProcessTree | None = None, *, told: bool = True) -> Related:
    """Alerts near this one, newest first; an alert stands in the first group it belongs to only. Two or three queries;
    unless they are to be `told` they are counted, which spares one.

    `tree` are the processes around the alert's event, as far as the person may see them.
    """
    near = _near(alert, team_ids, _uids_of(tree))
    groups: dict[str, list[int]] = {}
    shown: set[int] = {alert.pk, *([alert.shell_id] if alert.shell_id else [])}  # a shell is named above the clauses
    for name in _GROUPS:
        groups[name] = [number for number in near.get(name, ()) if number not in shown][:SHOWN]
        shown.update(groups[name])
    if not told:
        return Related([], [], [], counted=sum(map(len, groups.values())))
    found = _briefs([number for numbers in groups.values() for number in numbers], team_ids)
    lists = {name: [found[number] for number in numbers if number in found] for name, numbers in groups.items()}
    return Related(
        same_host=lists["host_name"],
        same_user=lists["user_name"],
        same_hash=lists["process_hash"],
        same_tree=lists["tree"],
        same_address=lists["address"],
    )


def _near(alert: Alert, team_ids: Sequence[int], uids: Sequence[bytes]) -> dict[str, list[int]]:
    """The numbers of the alerts that share a column with this one and happened within its span, and of those that rest
    on one of the events, newest first. One query, or none."""
    values = {column: value for column in _SPANS if (value := getattr(alert, column))}
    asked = {column: _near_by(column) for column in values} | ({"tree": _OF_TREE} if uids else {})
    if not asked:
        return {}
    given = {**values, "teams": list(team_ids), "alert": alert.pk, "at": alert.event_time, "uids": list(uids)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked.values())}", given)
        return dict(zip(asked, cursor.fetchone(), strict=True))


@cache
def _near_by(column: str) -> str:
    sides = " UNION ALL ".join(
        _SIDE.format(column=column, sign=sign, way=way, most=LOOKED_AT) for sign, way in (("<", "DESC"), (">", "ASC"))
    )
    return _NEAR.format(sides=sides, seconds=int(_SPANS[column].total_seconds()), most=_MOST)


def _uids_of(tree: ProcessTree | None) -> list[bytes]:
    """The events of the processes. One query, or none."""
    if tree is None or tree.process.ref is None or not tree.entity_ids:
        return []
    return uids_of(tree.entity_ids, team_id=tree.process.ref.team_id, day=tree.process.ref.day)


def _briefs(numbers: Sequence[int], team_ids: Sequence[int]) -> dict[int, AlertBrief]:
    """The alerts of these numbers in one line each, with the tactics of the revision that raised them. One query."""
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [list(numbers), list(team_ids)])
        return {row[0]: brief_of(row[:-1], row[-1]) for row in cursor.fetchall()}
