"""Everything the alert page shows, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import orjson
from django.conf import settings

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Kind
from alerts.selectors.activity import activity_of
from alerts.selectors.beside import neighbours
from alerts.selectors.commonness import common_here
from alerts.selectors.composition import composition_of
from alerts.selectors.earlier import earlier_of
from alerts.selectors.event_fields import all_fields, all_fields_of_several, fields_of_several, grouped_fields
from alerts.selectors.evidence import kept_events, source_among
from alerts.selectors.figures import Figures, figures_of
from alerts.selectors.joined_shapes import Composition, KeptEvent
from alerts.selectors.origin import team_name
from alerts.selectors.related import related_to
from alerts.selectors.sentence import summary_sentence
from alerts.selectors.shapes import AlertPage, FieldRow, Neighbours, QueueFilters, Related
from alerts.selectors.why import logic_of, new_terms_of, why_it_fired
from alerts.targets import due_of, targets
from engine import Document, LanguageError, Logic, RuleDefinition
from engine.guide import Guide, split_guide
from events.process_tree import ProcessTree, around
from events.store import StoredEvent
from rules.changes import KeyChange, diff
from rules.trees import definition_of

_WITH_EARLIER = ("", "guide", "fp")
_OF_SEVERAL = frozenset({Kind.THRESHOLD, Kind.GROUP, Kind.ROW, Kind.BLOCK})
_IN_STEPS = frozenset({Kind.SEQUENCE, Kind.SAMPLE})


@dataclass(frozen=True, slots=True)
class _Looked:
    """An alert and the person who looks at it: what is read once, and used by several parts of the page."""

    alert: Alert
    user: User
    now: datetime
    times: Mapping[int, timedelta]
    team_ids: list[int]
    events: list[KeptEvent]
    source: KeptEvent | None  # the event that raised it
    figures: Figures
    definition: RuleDefinition
    logic: Logic | None

    @classmethod
    def at(cls, alert: Alert, user: User, now: datetime, times: Mapping[int, timedelta] | None) -> "_Looked":
        team_ids, events = teams_of(user), kept_events(alert)
        source = source_among(events)
        figures = figures_of(alert, source.event if source else None, team_ids)
        definition, logic = definition_of(alert.revision), logic_of(alert)
        times = targets() if times is None else times
        return cls(alert, user, now, times, team_ids, events, source, figures, definition, logic)

    @property
    def document(self) -> Document | None:
        return self.source.document if self.source else None

    @property
    def home(self) -> int | None:
        """The team in which it was raised; None where the person does not see that team."""
        return self.figures.home if self.figures.home in self.team_ids else None

    @property
    def around(self) -> StoredEvent | None:
        """The event as one of that team, to look for others around it; None where the person may not."""
        return replace(self.source.event, team_id=self.home) if self.source and self.home is not None else None

    @property
    def steps(self) -> list[StoredEvent]:
        """The events of a sequence as those of that team, the latest first; nothing for any other alert."""
        if self.alert.kind not in _IN_STEPS or self.home is None:
            return []
        return [replace(kept.event, team_id=self.home) for kept in sorted(self.events, key=_at, reverse=True)]


def alert_page(
    *,
    alert: Alert,
    user: User,
    now: datetime,
    filters: QueueFilters | None = None,
    times: Mapping[int, timedelta] | None = None,
    brief: bool = False,
    side: str = "",
) -> AlertPage:
    """The page of an alert loaded by `alert_for`; `filters` are those of the queue it was opened from, `times` the
    targets, if they were read before. `brief`: only what the preview beside the queue shows. `side`: which tab is open
    beside the facts; what only the others show is counted. Without it nothing is left out.

    About a dozen queries, and one read of the process tree's blocks; some seven for a preview.
    """
    looked = _Looked.at(alert, user, now, times)
    shown = _brief(looked, tree=_process_tree(looked, whole=not brief))
    return shown if brief else _whole(shown, looked, filters, side)


def _brief(looked: _Looked, tree: ProcessTree | None) -> AlertPage:
    """What the preview beside the queue shows of it, and the page as well."""
    alert, figures, document = looked.alert, looked.figures, looked.document
    composed = composition_of(alert, looked.events, looked.logic, looked.team_ids)
    return AlertPage(
        alert=alert,
        definition=looked.definition,
        revision=alert.revision,
        current_revision=alert.rule.revision,
        sentence=summary_sentence(alert, document or Document({}), composed),
        why=why_it_fired(alert, document, looked.logic),
        new_terms=new_terms_of(alert, looked.home),
        process_tree=tree,
        event_stored=looked.around is not None and figures.stored,
        events_of="" if looked.home is not None else team_name(figures.home),
        fields=[],
        all_fields=[],
        raw="",
        activity=[],
        guide=_guide(looked.definition),
        verdicts=figures.verdicts,
        related=Related([], [], []),
        neighbours=Neighbours(None, None),
        due=due_of(alert, looked.times),
        composition=composed,
        events=_events(composed),
        alike=figures.alike,
        exceptions_checked=figures.exceptions_checked,
        entries=figures.entries,
        ticked=figures.ticked,
        duplicates=figures.duplicates,
    )


def _whole(shown: AlertPage, looked: _Looked, filters: QueueFilters | None, side: str) -> AlertPage:
    """The page with its facts, and what the open tab needs."""
    alert, team_ids, source = looked.alert, looked.team_ids, looked.source
    composed = shown.composition or Composition()
    several = _several(composed)
    document = looked.document or Document({})
    activity = activity_of(alert, user=looked.user, now=looked.now) if side in ("", "activity") else []
    return replace(
        shown,
        fields=fields_of_several(several, looked.definition)
        if several
        else grouped_fields(document, looked.definition),
        all_fields=_all_fields(document, several, looked.definition),
        raw=orjson.dumps(document.raw, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode(),
        activity=activity,
        related=related_to(alert, team_ids, shown.process_tree, told=side in ("", "related")),
        neighbours=_neighbours(looked, filters),
        common=common_here(
            shown.why, composed, team_ids=[] if looked.home is None else [looked.home], host=alert.host_name
        ),
        earlier=earlier_of(alert, looked.document, looked.definition, team_ids) if side in _WITH_EARLIER else None,
        changed=_changed(alert),
        left_on=None if shown.event_stored or source is None else _left_on(source.day, looked.now),
        document=document if source and len(looked.events) == 1 and alert.kind not in _OF_SEVERAL else None,
    )


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


def _several(composed: Composition) -> list[tuple[str, KeptEvent]]:
    """The events of a sequence with the titles of their steps; nothing for any other alert."""
    rows = composed.steps.rows if composed.steps else ()
    return [(f"Step {row.title}", row.event) for row in rows if row.event]


def _all_fields(document: Document, several: list[tuple[str, KeptEvent]], definition: RuleDefinition) -> list[FieldRow]:
    if not several:
        return all_fields(document, definition)
    return all_fields_of_several([one.document for _, one in several], definition)


def _events(composed: Composition) -> tuple[KeptEvent, ...]:
    if composed.steps:
        return tuple(row.event for row in composed.steps.rows if row.event)
    if composed.row and composed.row.grouped:
        return composed.row.events
    return composed.reached.events if composed.reached else ()


def _guide(definition: RuleDefinition) -> Guide:
    return split_guide(definition.note, definition.setup, definition.false_positives, definition.name)


def _process_tree(looked: _Looked, whole: bool) -> ProcessTree | None:
    """The processes around the event; None where neither it nor a step beside it is about a process."""
    return None if looked.around is None else around(event=looked.around, whole=whole, others=looked.steps)


def _at(kept: KeptEvent) -> datetime:
    return kept.at


def _neighbours(looked: _Looked, filters: QueueFilters | None) -> Neighbours:
    if filters is None:
        return Neighbours(None, None)
    try:
        return neighbours(user=looked.user, filters=filters, alert=looked.alert, now=looked.now, times=looked.times)
    except LanguageError:
        return Neighbours(None, None)
