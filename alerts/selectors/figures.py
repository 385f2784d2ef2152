"""What is counted around an alert, in one statement: of these numbers each costs more to ask for than to find."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from alerts.models import Alert
from alerts.selectors.activity import SHOWN
from alerts.selectors.alike import MOST, Alike, alike
from alerts.selectors.origin import HOME, about
from alerts.selectors.shapes import Duplicates, Verdicts
from alerts.selectors.verdicts import OF_RULE, verdicts_in
from alerts.workflow import COMMENTED
from events.store import StoredEvent

_FIGURES = f"""
SELECT home,
 EXISTS (SELECT 1 FROM event WHERE uid = %(uid)s AND day = %(day)s AND team_id = home),
 (SELECT jsonb_object_agg(reason, number) FROM ({OF_RULE}) AS judged),
 alike.number, alike.since,
 (SELECT count(*) FROM rules_exceptionitem WHERE rule_id = %(rule)s AND enabled AND NOT expired
  AND removed_at IS NULL AND created_at <= %(raised)s),
 (SELECT count(*) FROM (SELECT FROM accounts_change WHERE object_type = %(type)s AND object_id = %(number)s
  AND verb <> %(commented)s LIMIT {SHOWN}) AS acts),
 (SELECT count(*) FROM (SELECT FROM alerts_comment WHERE alert_id = %(alert)s LIMIT {SHOWN}) AS comments),
 (SELECT count(*) FROM alerts_stepdone WHERE alert_id = %(alert)s),
 (SELECT id FROM alerts_alert WHERE id = %(original)s AND team_id = ANY(%(teams)s)),
 ARRAY(SELECT id FROM alerts_alert WHERE duplicate_of_id = %(alert)s AND team_id = ANY(%(teams)s)
  ORDER BY id LIMIT {Duplicates.MOST + 1})
FROM (SELECT {HOME} AS home) AS origin,
 (SELECT count(*) AS number, min(event_time) AS since FROM (
   SELECT event_time FROM alerts_alert WHERE fold = %(fold)s AND status <> 'closed' AND team_id = ANY(%(teams)s)
   AND id <> %(alert)s ORDER BY id DESC LIMIT {MOST + 1}) AS folded) AS alike
"""  # noqa: S608  (names and numbers of ours)


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers: `home` is the team in which the alert was raised, `stored` whether its event still is, `entries` how
    long its activity is, `ticked` how many steps were done."""

    home: int
    stored: bool
    verdicts: Verdicts
    alike: Alike | None
    exceptions_checked: int
    entries: int
    ticked: int
    duplicates: Duplicates


def figures_of(alert: Alert, event: StoredEvent | None, team_ids: Sequence[int]) -> Figures:
    """The figures around an alert that rests on an event, as far as these teams have any. One query."""
    asked: dict[str, Any] = {
        **about(alert),
        "alert": alert.pk,
        "commented": COMMENTED,
        "teams": list(team_ids),
        "rule": alert.rule_id,
        "raised": alert.created_at,
        "fold": None if alert.fold is None or alert.status == "closed" else bytes(alert.fold),
        "uid": event.uid if event else None,
        "day": event.day if event else None,
        "original": alert.duplicate_of_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, asked)
        home, stored, judged, number, since, checked, acts, comments, ticked, of, duplicates = cursor.fetchone()
    verdicts = verdicts_in(orjson.loads(judged) if judged else {})
    told = Duplicates(of, tuple(duplicates))
    return Figures(home, stored, verdicts, alike(alert, number, since), checked, acts + comments, ticked, told)
