"""Everything the alert page shows, gathered once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import orjson
from django.conf import settings

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Kind
from alerts.selectors.activity import activity_of
from alerts.selectors.alike import alike_to
from alerts.selectors.beside import neighbours
from alerts.selectors.commonness import common_here
from alerts.selectors.composition import composition_of
from alerts.selectors.earlier import earlier_of
from alerts.selectors.event_fields import all_fields, all_fields_of_several, fields_of_several, grouped_fields
from alerts.selectors.evidence import kept_events, source_among
from alerts.selectors.joined_shapes import Composition, KeptEvent
from alerts.selectors.origin import events_team, team_name
from alerts.selectors.related import related_to
from alerts.selectors.sentence import summary_sentence
from alerts.selectors.shapes import AlertPage, FieldRow, Neighbours, QueueFilters, Related
from alerts.selectors.verdicts import rule_verdicts
from alerts.selectors.why import logic_of, new_terms_of, why_it_fired
from alerts.targets import due_of, targets
from engine import Document, LanguageError, RuleDefinition
from engine.guide import Guide, split_guide
from events import store
from events.process_tree import ProcessTree, around
from events.store import StoredEvent
from rules.changes import KeyChange, diff
from rules.models import ExceptionItem
from rules.trees import definition_of

_OF_SEVERAL = frozenset({Kind.THRESHOLD, Kind.GROUP, Kind.ROW, Kind.BLOCK})


def alert_page(
    *,
    alert: Alert,
    user: User,
    now: datetime,
    filters: QueueFilters | None = None,
    times: Mapping[int, timedelta] | None = None,
    brief: bool = False,
) -> AlertPage:
    """The page of an alert loaded by `alert_for`; `filters` are those of the queue it was opened from, `times` the
    targets, if they were read before. `brief`: only what the preview beside the queue shows.

    About twenty queries, and one read of the process tree's blocks; a dozen for a preview.
    """
    team_ids, times = teams_of(user), targets() if times is None else times
    events, home = kept_events(alert), events_team(alert)
    source = source_among(events)
    around_it = replace(source.event, team_id=home) if source and home in team_ids else None
    document = source.document if source else Document({})
    definition, logic = definition_of(alert.revision), logic_of(alert)
    composed = composition_of(alert, events, logic, team_ids)
    tree = _process_tree(around_it, whole=not brief)
    shown = AlertPage(
        alert=alert,
        definition=definition,
        revision=alert.revision,
        current_revision=alert.rule.revision,
        sentence=summary_sentence(alert, document, composed),
        why=why_it_fired(alert, document if source else None, logic),
        new_terms=new_terms_of(alert, home if home in team_ids else None),
        process_tree=tree,
        event_stored=around_it is not None and (brief or _is_stored(around_it)),
        events_of="" if home in team_ids else team_name(home),
        fields=[],
        all_fields=[],
        raw="",
        activity=[],
        guide=_guide(definition),
        verdicts=rule_verdicts(alert.rule_id, team_ids),
        related=Related([], [], []),
        neighbours=Neighbours(None, None),
        due=due_of(alert, times),
        composition=composed,
        events=_events(composed),
        alike=alike_to(alert, team_ids),
    )
    if brief:
        return shown
    several = _several(composed)
    return replace(
        shown,
        fields=fields_of_several(several, definition) if several else grouped_fields(document, definition),
        all_fields=_all_fields(document, several, definition),
        raw=orjson.dumps(document.raw, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode(),
        activity=activity_of(alert, now=now),
        related=related_to(alert, team_ids, tree),
        neighbours=_neighbours(user, filters, alert, now, times),
        common=common_here(shown.why, composed, team_ids=[home] if home in team_ids else [], host=alert.host_name),
        earlier=earlier_of(alert, document if source else None, definition, team_ids),
        exceptions_checked=_exceptions_checked(alert),
        changed=_changed(alert),
        left_on=None if shown.event_stored or source is None else _left_on(source.day, now),
        document=document if source and len(events) == 1 and alert.kind not in _OF_SEVERAL else None,
    )


def _exceptions_checked(alert: Alert) -> int:
    """How many of the rule's exceptions that are in force were so when the alert was raised. One query."""
    items = ExceptionItem.objects.filter(rule_id=alert.rule_id, enabled=True, expired=False, removed_at=None)
    return items.filter(created_at__lte=alert.created_at).count()


def _left_on(day: date, now: datetime) -> date | None:
    """The day on which events of a day were dropped; None where they should still be there."""
    dropped = day + timedelta(days=settings.RETENTION_DAYS + 1)
    return dropped if dropped <= now.date() else None


def _changed(alert: Alert) -> tuple[KeyChange, ...]:
    """What became of the rule since it raised the alert."""
    now = alert.rule.revision
    if now is None or now.pk == alert.revision_id:
        return ()
    return diff(alert.revision.definition, now.definition)


def _several(composed: Composition) -> list[tuple[str, Document]]:
    """The events of a sequence with the titles of their steps; nothing for any other alert."""
    rows = composed.steps.rows if composed.steps else ()
    return [(f"Step {row.title}", row.event.document) for row in rows if row.event]


def _all_fields(document: Document, several: list[tuple[str, Document]], definition: RuleDefinition) -> list[FieldRow]:
    if not several:
        return all_fields(document, definition)
    return all_fields_of_several([one for _, one in several], definition)


def _events(composed: Composition) -> tuple[KeptEvent, ...]:
    if composed.steps:
        return tuple(row.event for row in composed.steps.rows if row.event)
    if composed.row and composed.row.grouped:
        return composed.row.events
    return composed.reached.events if composed.reached else ()


def _guide(definition: RuleDefinition) -> Guide:
    return split_guide(definition.note, definition.setup, definition.false_positives, definition.name)


def _process_tree(event: StoredEvent | None, whole: bool) -> ProcessTree | None:
    """The processes around the event; None for an event that is about no process."""
    return None if event is None else around(event=event, whole=whole)


def _is_stored(event: StoredEvent) -> bool:
    return store.get(team_ids=[event.team_id], uid=event.uid, day=event.day) is not None


def _neighbours(
    user: User, filters: QueueFilters | None, alert: Alert, now: datetime, times: Mapping[int, timedelta]
) -> Neighbours:
    if filters is None:
        return Neighbours(None, None)
    try:
        return neighbours(user=user, filters=filters, alert=alert, now=now, times=times)
    except LanguageError:
        return Neighbours(None, None)
