"""Raising what an exception held back, when it is taken back, switched off or made narrower.

Each event that is still stored is judged anew by the rule and the exceptions in force: what is still covered stays held
back, the rest goes the way of every other hit, so an event never becomes two alerts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.demo import DemoMoments
from alerts.gathering import by_part
from alerts.hits import Judged
from alerts.judging import Pass, judge
from events.store import EventRef, StoredEvent, get_many
from rules import epoch
from rules.exceptions import HeldEvent, drop_held_back, held_back_of, let_go, take_let_go
from rules.exceptions.held_back import held_among
from rules.lookbacks import open_lookback
from rules.models import ExceptionItem, HeldBack, Rule, RuleRevision, RuleRun
from rules.ruleset import ActiveRule, RuleSet, current, forget

_ANY_CLOCK = timedelta(days=1)  # a worker's clock may have run ahead of the person's


@dataclass(frozen=True, slots=True)
class Released:
    """How many held-back events became alerts, are held back still, have left storage, and went over the maximum."""

    alerts: int = 0
    still_held: int = 0
    gone: int = 0
    over: int = 0


def release(*, item: ExceptionItem, now: datetime) -> Released:
    """Raise what this exception held back and no exception in force covers any longer.

    Part of the transaction that changed the exception: it holds the epoch, so nothing is held back behind it.
    Costs a read of each event's block. A rule that is no longer in force raises nothing; its events stay held back.

    Raises: RuleFailed.
    """
    try:
        return _release(item, current(), now)
    finally:
        # The rule set was read inside a transaction that may yet be rolled back; the process must not keep it.
        forget()


def release_all(items: Sequence[ExceptionItem], now: datetime) -> Released:
    """The same for several exceptions that changed in one transaction; costs next to nothing for those that held
    nothing back.

    Raises: RuleFailed.
    """
    held = HeldBack.objects.filter(item__in=items).order_by().values_list("item_id", flat=True)
    holding = set(held.distinct()) if items else set()
    released = [release(item=item, now=now) for item in items if item.pk in holding]
    return Released(
        sum(one.alerts for one in released),
        sum(one.still_held for one in released),
        sum(one.gone for one in released),
        sum(one.over for one in released),
    )


def release_left_over(*, ruleset: RuleSet, rule: ActiveRule, now: datetime) -> Released:
    """Raise what the rule's exceptions held back that were taken back, switched off or edited while it was off.

    Part of a transaction that holds the epoch shared, so no such exception holds back more meanwhile. What an expired
    one held back stays held back.

    Raises: RuleFailed.
    """
    held = take_let_go(rule_id=rule.id)
    return _raise(rule, held, ruleset, now) if held else Released()


def let_go_events(rule: ActiveRule) -> list[StoredEvent]:
    """Events that exceptions of the rule held back and hold back no longer, as far as they are stored."""
    return list(get_many(_ref(row) for row in let_go(rule_id=rule.id)).values())


def _release(item: ExceptionItem, ruleset: RuleSet, now: datetime) -> Released:
    held = held_back_of(item)
    rule = ruleset.rules.get(item.rule_id)
    if not held or rule is None:
        return Released(still_held=len(held))
    # Whatever is covered still is held back anew below; nobody else can add to it while the epoch is held.
    drop_held_back(item, until=now + _ANY_CLOCK)
    return release_held(rule=rule, held=held, ruleset=ruleset, now=now)


def release_held(*, rule: ActiveRule, held: Sequence[HeldEvent], ruleset: RuleSet, now: datetime) -> Released:
    """Judge events anew that are no longer noted as held back; part of a transaction that holds the epoch.

    Raises: RuleFailed.
    """
    released = _raise(rule, held, ruleset, now)
    if rule.joins:
        _look_back(rule, held, now)
    return released


def _look_back(rule: ActiveRule, held: Sequence[HeldEvent], now: datetime) -> None:
    """Have the rule look back from before the first of the events on."""
    stored = get_many(_ref(row) for row in held)
    if stored:
        oldest = min(event.ingested for event in stored.values())
        open_lookback(
            rule=Rule.objects.get(pk=rule.id),
            revision=RuleRevision.objects.get(pk=rule.revision_id),
            definition=rule.definition,
            now=now,
            after_epoch=epoch.read(),
            missed_since=oldest,
        )


def _raise(rule: ActiveRule, held: Sequence[HeldEvent], ruleset: RuleSet, now: datetime) -> Released:
    """Judge events anew that are no longer noted as held back."""
    refs = list(dict.fromkeys(_ref(row) for row in held))
    stored = get_many(refs)
    events = [stored[ref] for ref in refs if ref in stored]
    found = _still_matched(rule, events)
    raised = judge(ruleset, {rule.id: found}, judged=_pass(events, now), now=now, lookbacks_of=[rule.id])
    held_again = held_among(rule.id, (one.event.ref.uid for some in found.values() for one in some))
    return Released(raised.alerts.total(), len(held_again), len(refs) - len(events), raised.over.total())


def _still_matched(rule: ActiveRule, events: Sequence[StoredEvent]) -> dict[str, list[Judged]]:
    """The events that the rule, as it is today, lets through, by its filters."""
    marked = DemoMoments().mark(events)
    return by_part(rule, [Judged(event, event.document(), demo) for event, demo in marked])


def _pass(events: Sequence[StoredEvent], now: datetime) -> Pass:
    arrivals = [event.ingested for event in events] or [now]
    return Pass(RuleRun.Kind.RELEASE, min(arrivals), max(arrivals), len(events))


def _ref(row: HeldEvent) -> EventRef:
    return EventRef(row.team_id, row.day, row.index, row.uid)
