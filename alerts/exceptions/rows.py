"""Alerts of pipelines before an exception, which takes out events before the query runs, or rows after it.

Where an entry names what the query makes, the row that was kept is asked. Else the events that were kept are, and the
query is run again over those that are left of a group: the alert is covered when its row surely comes out no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from alerts.exceptions.groups import Groups, held_entries
from alerts.exceptions.joined import Judged, KeptEvent, events_of
from alerts.exceptions.regrouping import Group
from alerts.facts import EsqlFacts, facts_of
from alerts.kept import Evidence
from alerts.models import Alert, Kind
from alerts.pipelines.overlay import fields_of_row, over
from alerts.shells import shared
from engine import Document, EngineError, Tree
from engine.pipelines import Multivalue
from engine.plan import Pipeline
from engine.tree import fields_of
from rules.effective import changes_logic
from rules.models import Rule, RuleRevision
from rules.pipelines import Asked, asked_of
from rules.trees import TreeUnusable, definition_of, load_logic

KINDS = (Kind.ROW, Kind.GROUP)
_CHUNK = 50  # alerts of up to a hundred events each


def judge_rows(alerts: Sequence[Alert], groups: Groups) -> Iterator[Judged]:
    """Each alert, with its fields. Expects the rules to be loaded along.

    A query for every fifty alerts and for each revision; milliseconds for a group of which some events are left.
    """
    for start in range(0, len(alerts), _CHUNK):
        chunk = alerts[start : start + _CHUNK]
        kept = events_of(chunk)
        for alert in chunk:
            yield _judged(alert, groups, kept.get(alert.pk, ()))


def _judged(alert: Alert, groups: Groups, events: Sequence[KeptEvent]) -> Judged:
    facts, asked = _facts(alert), _asked_by(alert)
    fields = told_by([one.document for one in events] or [Document({})], facts)
    if facts is None or asked is None:
        return Judged(alert, fields, (0,) * len(groups), None)
    row = _Row(alert, Group(alert, facts, asked, events), events, fields, asked.of_rows)
    held = tuple(row.held(trees) for trees in groups)
    by = row.covered_by(groups, held)
    return Judged(alert, fields, held, by, by is None and row.is_covered_as_kept(groups))


@dataclass(frozen=True, slots=True)
class _Row:
    """An alert of a pipeline: its group, the events kept with it, and its fields with those that the query makes."""

    alert: Alert
    group: Group
    events: Sequence[KeptEvent]
    fields: Document
    made: frozenset[str]

    def is_asked(self, trees: Sequence[Tree]) -> bool:
        """Whether entries are asked of the row: they name what the query makes."""
        return not self.made.isdisjoint(_named(trees))

    def held(self, trees: Sequence[Tree]) -> int:
        """How many entries, from the first on, hold for the row or surely keep it from coming out."""
        if self.is_asked(trees):
            return held_entries(trees, self.fields)
        each = [held_entries(trees, one.document) for one in self.events]
        for number in range(max(each, default=0), 0, -1):
            left = [event for event, most in zip(self.events, each, strict=True) if most < number]
            if self.group.surely_ends(left) or (not left and self.group.all_meet(trees[:number])):
                return number
        return 0

    def covered_by(self, groups: Groups, held: Sequence[int]) -> int | None:
        """The first group that covers it, with those before it."""
        for at, trees in enumerate(groups):
            if held[at] == len(trees) or (at and self._ends_without(groups[: at + 1])):
                return at
        return None

    def _ends_without(self, groups: Groups) -> bool:
        left = self._left(groups)
        return len(left) < len(self.events) and self.group.surely_ends(left)

    def _left(self, groups: Groups) -> list[KeptEvent]:
        """The kept events that no group about events takes out."""
        asked = [trees for trees in groups if not self.is_asked(trees)]
        return [one for one in self.events if all(held_entries(trees, one.document) < len(trees) for trees in asked)]

    def is_covered_as_kept(self, groups: Groups) -> bool:
        """Whether every event that was kept is taken out, yet there were more."""
        return not self.group.is_whole and bool(self.events) and not self._left(groups)


def told_by(documents: Sequence[Document], facts: EsqlFacts | None) -> Document:
    """The alert's fields: the row over its event, or over what its events share."""
    document = documents[0] if len(documents) == 1 else Document.of(shared(one.raw for one in documents))
    return over(document, fields_of_row(_row(facts))) if facts else document


def fields_of_alert(alert: Alert, events: Sequence[Evidence]) -> Document:
    """The fields of one alert whose events are at hand."""
    return told_by([one.event.document() for one in events] or [Document({})], _facts(alert))


def _facts(alert: Alert) -> EsqlFacts | None:
    found = facts_of(alert.kind, alert.facts)
    return found if isinstance(found, EsqlFacts) else None


def _row(facts: EsqlFacts) -> Mapping[str, Any]:
    return {column.name: column.value for column in facts.columns}


def _named(trees: Sequence[Tree]) -> set[str]:
    return {name for tree in trees for name in fields_of(tree)}


def _asked_by(alert: Alert) -> Asked | None:
    """The pipeline of the alert's revision with what people set over it here, as it would be run now."""
    return _asked(alert.revision_id, _multivalue(alert.rule))


def _multivalue(rule: Rule) -> Multivalue | None:
    """What the rule is set to make of several values here; None where its file says."""
    return Multivalue(rule.overrides["multivalue"]) if changes_logic(rule.overrides) else None


@lru_cache(maxsize=256)
def _asked(revision_id: int, multivalue: Multivalue | None) -> Asked | None:
    """The pipeline of a revision, which never changes; None where this version cannot read it."""
    revision = RuleRevision.objects.select_related("compiled").get(pk=revision_id)
    try:
        plan = load_logic(definition_of(revision), revision).plan
        if not isinstance(plan, Pipeline):
            return None
        several = plan.any_match if multivalue is None else multivalue is Multivalue.ANY
        return asked_of(replace(plan, any_match=several))
    except (TreeUnusable, EngineError):
        return None
