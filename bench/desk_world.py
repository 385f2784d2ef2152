"""A triage desk after ninety days: a million alerts of thirty rules, forty thousand of them open, laid down by SQL.

What is waiting folds as it does in life: most of it comes from a few hundred deeds that happen again and again, one
rule has made 9,310 open alerts that say the same, and the rest stands alone. Alerts have the evidence that their rule
needs; the documents are a few, shared by many rows, since no page reads two that differ only in a number.

`fill` takes about two minutes on an empty, migrated database whose rules are loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from accounts.models import Team, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.kept import pack
from rules.models import Rule

DAYS = 90
RULES = 30
HOSTS = 400
NOISY = 9_310
DEEDS = 600
_PORTION = 100_000


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks, and how much there is."""

    analyst: User
    alerts: int
    open: int


def fill(*, now: datetime, alerts: int = 1_000_000, waiting: int = 40_000, evidence: int = 200_000) -> Desk:
    """Alerts over the days up to `now`; the newest `evidence` of them and all that wait keep their event."""
    teams = [default_team(), Team.objects.create(name="Plants", slug="plants")]
    analyst = _people(teams)
    _choose_rules()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        for first in range(1, alerts + 1, _PORTION):
            last = min(first + _PORTION - 1, alerts)
            cursor.execute(_ALERTS, _numbers(first, last, alerts, waiting, now, teams, analyst))
        cursor.execute(_EVIDENCE, {"after": alerts - evidence})
        for table in ("alerts_alert", "alerts_alertevent"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM alerts_alert WHERE status <> 'closed'")
        [number] = cursor.fetchone() or [0]
    return Desk(analyst, alerts, number)


def _people(teams: Sequence[Team]) -> User:
    nobody_knows = make_password(None)
    ana = User.objects.create(username="ana", first_name="Ana", role=Role.ANALYST, password=nobody_knows)
    for person in (ana, User.objects.create(username="ben", role=Role.ANALYST, password=nobody_knows)):
        person.teams.set(teams)
    return ana


def _choose_rules() -> None:
    """Thirty rules with a number each, and the event that each of them is shown with."""
    rules = list(Rule.objects.filter(evaluated=True).select_related("revision").order_by("pk")[:RULES])
    severities = {"low": 1, "medium": 2, "high": 3, "critical": 4}
    rows = [
        (number, rule.pk, rule.revision_id, rule.name, severities[rule.severity], rule.risk_score, rule.techniques,
         rule.tags, pack(orjson.dumps(_event(number))))
        for number, rule in enumerate(rules)
    ]  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS desk_rule")
        cursor.execute(
            "CREATE TABLE desk_rule (number int PRIMARY KEY, rule text, revision bigint, name text, severity int,"
            " risk int, techniques text[], tags text[], document bytea)"
        )
        cursor.executemany("INSERT INTO desk_rule VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", rows)


def _event(number: int) -> dict[str, Any]:
    command = f"perl -e job{number} --from /opt/menu/run.sh"
    return {
        "@timestamp": "2026-01-01T00:00:00.000Z",
        "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
        "event": {"category": ["process"], "type": ["start"], "action": "exec"},
        "host": {"name": f"host-{number:03}", "os": {"type": "linux"}},
        "user": {"name": f"user{number}"},
        "process": {
            "name": "perl",
            "pid": 4_200 + number,
            "executable": "/usr/bin/perl",
            "command_line": command,
            "args": command.split(),
            "entity_id": f"perl-{number}",
            "parent": {"name": "bash", "pid": 4_100, "executable": "/bin/bash", "entity_id": f"bash-{number}"},
        },
    }


def _numbers(
    first: int, last: int, alerts: int, waiting: int, now: datetime, teams: Sequence[Team], analyst: User
) -> dict[str, Any]:
    days = timedelta(days=DAYS)
    return {
        "first": first,
        "last": last,
        "start": now - days,
        "step": days / (alerts + 1),
        "recent": alerts * 3 // 5,
        "every": max((alerts * 2 // 5) // max(waiting, 1), 1),
        "noisy": max(waiting // NOISY, 1) if waiting > NOISY else 1_000_000,
        "now": now,
        "team": teams[0].pk,
        "other": teams[1].pk,
        "ana": analyst.pk,
        "rules": Rule.objects.filter(evaluated=True)[:RULES].count(),
        "hosts": HOSTS,
        "deeds": DEEDS,
    }


# hashint4extended gives each number dice of its own: the same world every time.
_ALERTS = """
INSERT INTO alerts_alert (
  id, identity, team_id, rule_id, revision_id, name, severity, risk_score, building_block, techniques, tags,
  event_time, created_at, host_name, user_name, process_hash, odd, evidence, kind, fold, status, reason, assignee_id,
  acknowledged_at, closed_at, snoozed_until, version, demo, depth, learning, suppressed
)
SELECT
  id, int8send(id) || int8send(id), team, rule, revision, name, severity, risk, false, techniques, tags,
  at - interval '3 seconds', at, host, who, NULL, false, line, 'event',
  decode(md5(team || rule || host || who || line), 'hex'),
  CASE WHEN NOT waiting THEN 'closed' WHEN owned THEN 'acknowledged' ELSE 'open' END,
  CASE WHEN waiting THEN '' ELSE (ARRAY['benign_positive', 'benign_positive', 'false_positive', 'true_positive',
    'benign_positive', 'duplicate', 'other', 'false_positive'])[1 + (dice3 %% 8)] END,
  CASE WHEN owned OR NOT waiting THEN %(ana)s::bigint END,
  CASE WHEN owned OR NOT waiting THEN at + interval '5 minutes' END,
  CASE WHEN waiting THEN NULL ELSE least(at + interval '1 minute' * (dice3 %% 600), %(now)s) END,
  CASE WHEN waiting AND dice3 %% 50 = 0 THEN %(now)s::timestamptz + interval '1 day' END,
  1, false, 1, false, 0
FROM (
  SELECT
    drawn.*, r.*, %(start)s::timestamptz + id * %(step)s::interval AS at,
    waiting AND dice3 %% 4 = 0 AND kind <> 0 AS owned,
    CASE WHEN id %% 10 = 0 THEN %(other)s ELSE %(team)s END AS team,
    'host-' || lpad(host_number::text, 3, '0') AS host,
    'user' || (host_number * 3 + deed %% 3) AS who,
    'bash → ' || chr(57344) || 'perl -e job' || deed || chr(57345) || ' from /opt/menu/run.sh' AS line
  FROM (
    SELECT id, waiting, kind, dice3,
      CASE kind WHEN 0 THEN 0 WHEN 1 THEN (deed_number %% %(rules)s) ELSE (dice1 %% %(rules)s) END AS rule_number,
      CASE kind WHEN 0 THEN 7 WHEN 1 THEN (deed_number * 7 %% %(hosts)s) ELSE (dice2 %% %(hosts)s) END AS host_number,
      CASE kind WHEN 0 THEN 0 WHEN 1 THEN deed_number ELSE (dice1 %% 100000) END AS deed
    FROM (
      SELECT id, dice1, dice2, dice3,
        id > %(recent)s AND id %% %(every)s = 0 AS waiting,
        CASE
          WHEN id > %(recent)s AND id %% %(every)s = 0 AND (id / %(every)s) %% %(noisy)s = 0 THEN 0
          WHEN dice1 %% 10 < 7 THEN 1 ELSE 2
        END AS kind,
        floor(%(deeds)s * power((dice2 %% 10000) / 10000.0, 2))::int AS deed_number
      FROM (
        SELECT id, (hashint8extended(id, 1) & 2147483647)::int AS dice1,
          (hashint8extended(id, 2) & 2147483647)::int AS dice2, (hashint8extended(id, 3) & 2147483647)::int AS dice3
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS id
      ) AS dice
    ) AS sorts
  ) AS drawn JOIN desk_rule r ON r.number = rule_number
) AS told
"""
_EVIDENCE = """
INSERT INTO alerts_alertevent (alert_id, role, position, uid, day, index, time, ingested, document)
SELECT a.id, 'source', 0, a.identity, a.event_time::date, 'logs-endpoint.events.process-default', a.event_time,
  a.created_at, r.document
FROM alerts_alert a JOIN desk_rule r ON r.rule = a.rule_id WHERE a.id > %(after)s OR a.status <> 'closed'
"""
