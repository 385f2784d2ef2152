"""The alerts in a case, and the way through ATT&CK that they tell."""

from collections import Counter
from datetime import datetime

from django.db.models import Count as CountOf
from django.db.models import Min

from alerts.models import Alert
from alerts.models import Status as AlertStatus
from alerts.selectors.briefs import alert_brief
from cases.models import Case, CaseAlert
from cases.selectors.shapes import AlertRow, ChainStep
from engine.attack import TACTICS
from rules.models import RuleRevision

SHOWN = 500
_ORDER = {tactic: place for place, tactic in enumerate(TACTICS)}


def alerts_in(case: Case, *, limit: int = SHOWN) -> list[AlertRow]:
    """The case's alerts in the order in which their events happened, at most `limit`. One query.

    One that another team has by now is told by its number and that team's name alone.
    """
    rows = CaseAlert.objects.filter(case=case).select_related("alert__team", "alert__revision")
    rows = rows.defer("alert__revision__source_text", "alert__revision__tree")
    return [_row(row, case) for row in rows.order_by("alert__event_time", "alert_id")[:limit]]


def alert_counts(case: Case) -> dict[str, int]:
    """How many of the case's alerts there are by status, those of its team; "moved" for the others. One query."""
    rows = CaseAlert.objects.filter(case=case).order_by().values_list("alert__team_id", "alert__status")
    counts: Counter[str] = Counter()
    for team_id, status, number in rows.annotate(number=CountOf("pk")):
        counts[status if team_id == case.team_id else "moved"] += number
    return {name: counts[name] for name in (*AlertStatus.values, "moved")}


def chain(case: Case) -> list[ChainStep]:
    """The tactics of the alerts' rules in the order in which they were first seen, with numbers. Two queries."""
    mine = Alert.objects.filter(in_case__case=case, team_id=case.team_id).order_by()
    by_revision = mine.values_list("revision_id").annotate(CountOf("pk"), Min("event_time"))
    seen = {revision: (number, first) for revision, number, first in by_revision}
    told: dict[str, tuple[str, int, datetime]] = {}
    for revision, threats in RuleRevision.objects.filter(pk__in=seen).values_list("pk", "definition__threat"):
        number, first = seen[revision]
        for tactic_id, name in _tactics(threats):
            _, before, earliest = told.get(tactic_id, (name, 0, first))
            told[tactic_id] = (name, before + number, min(first, earliest))
    steps = [ChainStep(tactic_id, *found) for tactic_id, found in told.items()]
    return sorted(steps, key=lambda step: (step.first, _ORDER.get(step.tactic_id, len(_ORDER)), step.tactic_id))


def _tactics(threats: object) -> set[tuple[str, str]]:
    found = threats if isinstance(threats, list) else []
    named = {str(one.get("id", "")): str(one.get("name", "")) for one in found if isinstance(one, dict)}
    return {(tactic_id, name or tactic_id) for tactic_id, name in named.items() if tactic_id}


def _row(row: CaseAlert, case: Case) -> AlertRow:
    if row.alert.team_id != case.team_id:
        return AlertRow(row.alert_id, row.added_at, None, moved_to=str(row.alert.team))
    return AlertRow(row.alert_id, row.added_at, alert_brief(row.alert))
