"""What stands behind an alert beside its event: steps, counts, indicators, what it stands for. Read from its facts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts import facts as kept_facts
from alerts.facts import BlockFacts, EsqlFacts, IndicatorFacts, LearningFacts, SequenceFacts, ThresholdFacts, facts_of
from alerts.models import Alert, Kind
from alerts.selectors.briefs import alert_brief
from alerts.selectors.joined_shapes import (
    Cardinality,
    Composition,
    Example,
    KeptEvent,
    Learning,
    MetIndicator,
    Pair,
    Reached,
    Steps,
    Suppression,
)
from alerts.selectors.rows import row_told
from alerts.selectors.spans import span_of
from alerts.selectors.steps import pairs, steps_of
from engine import Logic

SHOWN_EXAMPLES = 20
_JOINED = (Kind.SEQUENCE, Kind.SAMPLE)
_INDICATOR = "indicator"
# What people ask first about an indicator, in their order; the rest follows by name.
_TOLD_FIRST = ("type", "provider", "feed.name", "description", "confidence", "first_seen", "last_seen", "marking.tlp")
_MOST_TOLD = 12
_LONGEST_TOLD = 500


def composition_of(
    alert: Alert, events: Sequence[KeptEvent], logic: Logic | None, team_ids: Sequence[int]
) -> Composition:
    """Everything but the event itself. One query for the blocks of a shell, or for the shell of a block."""
    facts = facts_of(alert.kind, alert.facts)
    blocks = list(alert.blocks.order_by("pk")) if alert.kind in _JOINED else []
    shell = _shell(alert, team_ids)
    return Composition(
        steps=_steps(alert, facts, events, logic, blocks) if isinstance(facts, SequenceFacts) else None,
        reached=_reached(facts, events) if isinstance(facts, ThresholdFacts) else None,
        row=row_told(alert, facts, _once(events), logic) if isinstance(facts, EsqlFacts) else None,
        indicators=_indicators(facts, events) if isinstance(facts, IndicatorFacts) else (),
        learning=_learning(alert, facts) if isinstance(facts, LearningFacts) else None,
        suppression=_suppression(alert),
        shell=alert_brief(shell) if shell else None,
        step=step_of(facts),
        blocks=tuple(map(alert_brief, blocks)),
    )


def step_of(facts: object) -> str:
    """Which step of its sequence a block is: "2"."""
    return facts.step.removeprefix("step ") if isinstance(facts, BlockFacts) else ""


def _shell(alert: Alert, team_ids: Sequence[int]) -> Alert | None:
    """The sequence that a building block belongs to, where the person may see it."""
    if alert.shell_id is None:
        return None
    return Alert.objects.filter(pk=alert.shell_id, team_id__in=team_ids).first()


def _steps(
    alert: Alert, facts: SequenceFacts, events: Sequence[KeptEvent], logic: Logic | None, blocks: Sequence[Alert]
) -> Steps:
    by_position = {block.facts["position"]: block.pk for block in blocks if block.facts}
    return steps_of(
        facts,
        events={event.hex: event for event in events},
        blocks={event.hex: by_position[event.position] for event in events if event.position in by_position},
        plan=logic.plan if logic else None,
        ordered=alert.kind == Kind.SEQUENCE,
    )


def _reached(facts: ThresholdFacts, events: Sequence[KeptEvent]) -> Reached:
    first, last = datetime.fromisoformat(facts.start), datetime.fromisoformat(facts.end)
    return Reached(
        terms=pairs(facts.terms),
        count=facts.count,
        needed=facts.value,
        cardinality=_cardinality(facts.cardinality),
        first=first,
        last=last,
        span=span_of(last - first),
        events=tuple(_once(sorted(events, key=lambda event: event.at))),
    )


def _once(events: Iterable[KeptEvent]) -> list[KeptEvent]:
    """Each event once: the one that completed a group may be kept in two roles."""
    return list({event.hex: event for event in events}.values())


def _cardinality(told: kept_facts.Cardinality | None) -> Cardinality | None:
    return Cardinality(told.field, told.value, told.needed) if told else None


def _indicators(facts: IndicatorFacts, events: Sequence[KeptEvent]) -> tuple[MetIndicator, ...]:
    sources = [event for event in events if event.role.startswith(_INDICATOR)]
    return tuple(_met(match, sources) for match in facts.matches)


def _met(match: kept_facts.IndicatorMatch, sources: Sequence[KeptEvent]) -> MetIndicator:
    """The match, with the indicator's own event where that was kept: the one that has the value."""
    carrying = [event for event in sources if match.value in map(str, event.document.values(match.indicator_field))]
    event = next(iter(carrying), sources[0] if len(sources) == 1 else None)
    return MetIndicator(match.field, match.value, match.indicator_field, _told_of(match.indicator), event)


def _told_of(indicator: Mapping[str, Any]) -> tuple[Pair, ...]:
    """What is known of an indicator, what is asked first at the top."""
    flat = dict(_flat(indicator, ""))
    order = [name for name in _TOLD_FIRST if name in flat] + sorted(set(flat) - set(_TOLD_FIRST))
    return tuple(Pair(name, flat[name][:_LONGEST_TOLD]) for name in order[:_MOST_TOLD])


def _flat(value: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, one in value.items():
        if isinstance(one, Mapping):
            found += _flat(one, f"{prefix}{name}.")
        else:
            listed = one if isinstance(one, list) else [one]
            found.append((f"{prefix}{name}", ", ".join(str(part) for part in listed if part is not None)))
    return [(name, text) for name, text in found if text]


def _learning(alert: Alert, facts: LearningFacts) -> Learning:
    fields = [str(name) for name in (alert.new_terms or {}).get("fields") or ()]
    return Learning(
        since=datetime.fromisoformat(facts.since),
        number=facts.combinations,
        fields=tuple(fields),
        examples=tuple(
            Example(tuple(one.values), datetime.fromisoformat(one.at), one.event)
            for one in facts.examples[:SHOWN_EXAMPLES]
        ),
    )


def _suppression(alert: Alert) -> Suppression | None:
    """What is counted at the alert. One that has counted nothing yet is told of too."""
    if alert.learning or (alert.suppression_key is None and not alert.suppressed):
        return None
    terms = alert.suppression if isinstance(alert.suppression, list) else []
    told = tuple(Pair(str(one["field"]), _in_words(one.get("value"))) for one in terms)
    return Suppression(alert.suppressed, told, alert.suppressed_from, alert.suppressed_until)


def _in_words(value: Any) -> str | None:
    if value is None:
        return None
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
