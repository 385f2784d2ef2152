"""KQL over alerts. The document of an alert is its source event together with kibana.alert.*; the evaluator decides.

Columns narrow the candidates first, or tell them all (alerts/selectors/narrowing.py).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from alerts.facts import EsqlFacts, facts_of
from alerts.kept import sources_of
from alerts.models import Alert, Kind
from alerts.pipelines.overlay import fields_of_row, over
from engine import Document, Tree, matches
from events.store import StoredEvent

CHUNK = 200
# A search that finds little looks at so many alerts of a page's filters, newest or most urgent first, then says so.
BUDGET = 10_000
SECONDS = 3.0


def found(alerts: Sequence[Alert], tree: Tree, goes_on: Callable[[], bool]) -> Iterator[Alert]:
    """Those of the alerts whose document the tree is true of, for as long as it goes on. One query."""
    events = sources_of(alerts)
    for alert in takewhile(lambda _: goes_on(), alerts):
        if matches(tree, document_of(alert, events.get(alert.pk))):
            yield alert


def document_of(alert: Alert, event: StoredEvent | None) -> Document:
    """The alert as a search sees it: of a pipeline's row its columns too. What an event says under kibana.alert, in
    whatever spelling, is left out: it says nothing of this alert. Expects its rule, revision and owner to be loaded."""
    raw = _without(_with_row(alert, event.document() if event else Document({})).raw, "kibana.alert")
    kibana = raw.get("kibana")
    others = _without(kibana, "alert") if isinstance(kibana, dict) else {}
    return Document.of(raw | {"kibana": others | {"alert": _alert_fields(alert)}})


def _without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """The object without the field and all that is inside it by a dotted name."""
    return {key: value for key, value in fields.items() if key != name and not key.startswith(f"{name}.")}


def _with_row(alert: Alert, document: Document) -> Document:
    """The event with the columns of the alert's row over it."""
    facts = facts_of(alert.kind, alert.facts) if alert.kind in (Kind.ROW, Kind.GROUP) else None
    if not isinstance(facts, EsqlFacts):
        return document
    return over(document, fields_of_row({column.name: column.value for column in facts.columns}))


def _alert_fields(alert: Alert) -> dict[str, Any]:
    """Kibana's names for what we know of the alert.

    Source: field reference of Elastic Security alerts.
    """
    return {
        "uuid": str(alert.pk),
        "severity": alert.get_severity_display(),
        "risk_score": alert.risk_score,
        "workflow_status": alert.status,
        "workflow_reason": alert.reason or None,
        "workflow_assignee_ids": str(alert.assignee) if alert.assignee else None,
        "building_block_type": "default" if alert.building_block else None,
        "start": alert.created_at.isoformat(),
        "original_time": alert.event_time.isoformat(),
        "reason": alert.evidence,
        "new_terms": alert.new_terms["values"] if alert.new_terms else None,
        "rule": {
            "name": alert.name,
            "uuid": alert.rule_id,
            "rule_id": alert.rule_id,
            "type": alert.rule.type,
            "version": alert.revision.number,
            "severity": alert.get_severity_display(),
            "risk_score": alert.risk_score,
            "tags": alert.tags,
            "threat": {"technique": {"id": alert.techniques}},
        },
    }
