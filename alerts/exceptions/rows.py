"""Alerts of pipelines before an exception, which takes out events before the query runs, or rows after it.

Where an entry names what the query makes, the row that was kept is asked. Else the events that were kept are, and the
query is run again over those that are left of a group: the alert is covered when its row comes out no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from alerts.exceptions.joined import documents_of, held_entries
from alerts.facts import EsqlFacts, facts_of
from alerts.kept import Evidence
from alerts.models import Alert, Kind
from alerts.pipelines.overlay import fields_of_row, over
from alerts.pipelines.passing import rows_of_documents
from alerts.shells import shared
from engine import Document, EngineError, Tree
from engine.plan import Pipeline
from engine.tree import fields_of
from rules.models import RuleRevision
from rules.pipelines import Asked, asked_of
from rules.trees import TreeUnusable, definition_of, load_logic

KINDS = (Kind.ROW, Kind.GROUP)
_CHUNK = 50  # alerts of up to a hundred events each


def judge_rows(alerts: Sequence[Alert], trees: Sequence[Tree]) -> Iterator[tuple[Alert, Document, int]]:
    """Each alert, its fields, and how many entries hold for it, from the first on, until one does not.

    A query for every fifty alerts and for each revision; a millisecond for a group of which some events are left.
    """
    for start in range(0, len(alerts), _CHUNK):
        chunk = alerts[start : start + _CHUNK]
        documents = documents_of(chunk)
        for alert in chunk:
            yield _judged(alert, trees, documents.get(alert.pk) or [Document({})])


def _judged(alert: Alert, trees: Sequence[Tree], documents: Sequence[Document]) -> tuple[Alert, Document, int]:
    facts, asked = _facts(alert), _asked(alert.revision_id)
    fields = told_by(documents, facts)
    if facts is None or asked is None or not asked.made.isdisjoint(_named(trees)):
        return alert, fields, held_entries(trees, fields)
    held = [held_entries(trees, document) for document in documents]
    for number in range(max(held), 0, -1):
        left = [document for document, most in zip(documents, held, strict=True) if most < number]
        if not left or (facts.count <= len(documents) and not _comes_out(asked, facts, left)):
            return alert, fields, number
    return alert, fields, 0


def told_by(documents: Sequence[Document], facts: EsqlFacts | None) -> Document:
    """The alert's fields: the row over its event, or over what its events share."""
    document = documents[0] if len(documents) == 1 else Document.of(shared(one.raw for one in documents))
    return over(document, fields_of_row(_row(facts))) if facts else document


def fields_of_alert(alert: Alert, events: Sequence[Evidence]) -> Document:
    """The fields of one alert whose events are at hand."""
    return told_by([one.event.document() for one in events] or [Document({})], _facts(alert))


def _comes_out(asked: Asked, facts: EsqlFacts, left: Sequence[Document]) -> bool:
    """Whether the group's row comes out of the events that are left."""
    end = datetime.fromisoformat(facts.window.end if facts.window else facts.end)
    group = {name: value for name, value in _row(facts).items() if name in facts.by}
    try:
        rows = rows_of_documents(asked, left, now=end)
    except EngineError:
        return True
    return any(all(row.get(name) == value for name, value in group.items()) for row in rows)


def _facts(alert: Alert) -> EsqlFacts | None:
    found = facts_of(alert.kind, alert.facts)
    return found if isinstance(found, EsqlFacts) else None


def _row(facts: EsqlFacts) -> Mapping[str, Any]:
    return {column.name: column.value for column in facts.columns}


def _named(trees: Sequence[Tree]) -> set[str]:
    return {name for tree in trees for name in fields_of(tree)}


@lru_cache(maxsize=256)
def _asked(revision_id: int) -> Asked | None:
    """The pipeline of a revision, which never changes; None where this version cannot read it."""
    revision = RuleRevision.objects.select_related("compiled").get(pk=revision_id)
    try:
        plan = load_logic(definition_of(revision), revision).plan
        return asked_of(plan) if isinstance(plan, Pipeline) else None
    except (TreeUnusable, EngineError):
        return None
