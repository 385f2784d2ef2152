"""From matched events to alerts: what every pass does with its matches, be it a batch, a look-back or a release.

Exceptions first, per event; then the rule's type (a hit each, only what is new, or candidates to be joined when the
rule is settled); then raising; then what is remembered, upserts last. Runs inside one transaction whose epoch is held
(rules.epoch.share_lock).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from alerts.blame import blaming
from alerts.costs import Allowance
from alerts.gathering import ByPart, Shared, gather, memory_of
from alerts.hits import Excepted, Hit, Judged
from alerts.lineage import is_round
from alerts.newness import Newness
from alerts.pipelines.passing import pass_through
from alerts.raising import Raised, raise_alerts
from engine.plan import EVENT, INDICATOR, Pipeline
from events.store import EventRef
from rules import candidates, seen, settlings
from rules.candidates import Kept
from rules.exceptions import HeldEvent, hold_back
from rules.models import Lookback, RuleRun
from rules.ruleset import ActiveRule, RuleSet
from rules.runs import RunRow, append

Matches = Mapping[str, ByPart]
"""What each rule (by id) let through, by the name of its filter."""
CLOCKS_APART = timedelta(minutes=5)  # a claim may be that much older than the look-back it meets


@dataclass(frozen=True, slots=True)
class Pass:
    """What is judged: the window [start, end) of arrival, and how many events lay in it.

    `starts` says of single rules that their own window begins at another moment.
    """

    kind: RuleRun.Kind
    start: datetime
    end: datetime
    events: int
    starts: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """What one rule made of its matches."""

    rule: ActiveRule
    matched: int
    hits: list[Hit]
    excepted: list[Excepted]
    kept: list[Kept]
    over: int
    milliseconds: int

    @property
    def is_told(self) -> bool:
        """Whether the pass leaves a line among the rule's runs: of rules that join events settling leaves one."""
        return (bool(self.matched) and not self.rule.joins) or bool(self.excepted)


def judge(
    ruleset: RuleSet,
    matches: Matches,
    *,
    judged: Pass,
    now: datetime,
    newness: Newness | None = None,
    lookbacks_of: Collection[str] = (),
) -> Raised:
    """Raise what the rules' matches mean, and keep everything else that the pass has to say.

    A new-terms rule that still learns its history is left out: its look-back judges what is stored by then.
    `lookbacks_of` are the ids of the rules whose look-backs are being judged.

    Raises: RuleFailed, naming the rule that could not be judged by.
    """
    newness = newness or Newness()
    rules = [ruleset.rules[rule_id] for rule_id in sorted(matches) if rule_id in ruleset.rules and matches[rule_id]]
    shared = Shared()
    findings = [_findings(rule, matches[rule.id], newness, shared) for rule in rules if not _remembers(rule)]
    kept = [(memory_of(found.rule), found.kept) for found in findings if found.kept]
    candidates.keep(kept, now=now, arrived_at=judged.end)
    # Two passes take turns at new terms: so these come when everything else is done that need not wait.
    remembering = {rule.id: rule.logic_hash for rule in rules if _remembers(rule)}
    seen.lock(set(remembering.values()))
    learning = _learning(set(remembering) - set(lookbacks_of), now)
    learnt = [rule for rule in rules if rule.id in remembering and rule.id not in learning]
    findings += [_findings(rule, matches[rule.id], newness, shared) for rule in learnt]
    raised = raise_alerts(hits=[hit for found in findings for hit in found.hits], now=now)
    append([_run(found, raised, judged, now) for found in findings if found.is_told])
    hold_back((held_event(excepted) for found in findings for excepted in found.excepted), at=now)
    newness.save()
    settlings.note_due([found.rule.id for found in findings if found.kept], now=now)
    return raised


def _remembers(rule: ActiveRule) -> bool:
    return rule.definition.type == "new_terms"


def _learning(rule_ids: set[str], now: datetime) -> set[str]:
    """Those of the new-terms rules whose look-back is not done. Asked with their memory locked.

    A look-back that is opened long after `now` has no say: past days that are told anew are judged as they come.
    """
    if not rule_ids:
        return set()
    waiting = Lookback.objects.filter(rule_id__in=rule_ids, done_at=None, created_at__lte=now + CLOCKS_APART)
    return set(waiting.values_list("rule_id", flat=True))


def _findings(rule: ActiveRule, found: ByPart, newness: Newness, shared: Shared) -> Findings:
    started, allowance = perf_counter(), Allowance(rule.id)
    with blaming(rule.id):
        remaining, excepted = _without_excepted(rule, found, allowance)
        hits: list[Hit] = []
        kept: list[Kept] = []
        over = 0
        if isinstance(rule.plan, Pipeline):
            passed = pass_through(rule, rule.plan, remaining, allowance)
            hits, kept, excepted = passed.hits, passed.kept, [*excepted, *passed.excepted]
            over = passed.over
        elif rule.plan is not None:
            kept = gather(rule, rule.plan, remaining, allowance.check, shared)
        else:
            hits = HITS_BY_TYPE.get(rule.definition.type, _every_event)(rule, remaining.get(EVENT, ()), newness)
    if isinstance(rule.plan, Pipeline):
        # What the leading conditions let in is no hit yet.
        matched = len({hit.event.ref for hit in hits} | {one.event.ref for one in excepted})
    else:
        matched = len({id(one) for events in found.values() for one in events})
    return Findings(rule, matched, hits, excepted, kept, over, round((perf_counter() - started) * 1_000))


def _without_excepted(
    rule: ActiveRule, found: ByPart, allowance: Allowance
) -> tuple[dict[str, list[Judged]], list[Excepted]]:
    """What no exception covers, and what one does. Of an indicator-match rule exceptions are about events alone.

    A rule's own alerts, and those that stand on them, are nothing that it looks at.
    """
    remaining: dict[str, list[Judged]] = {}
    excepted: dict[EventRef, Excepted] = {}
    for part, events in found.items():
        mine = _of_its_team(rule, events)
        if part != INDICATOR:
            mine = [one for one in mine if not is_round(rule.id, one)]
        remaining[part] = [one for one in mine if part == INDICATOR or not _is_excepted(rule, one, excepted, allowance)]
    return remaining, list(excepted.values())


def _of_its_team(rule: ActiveRule, events: Iterable[Judged]) -> list[Judged]:
    if rule.team_id is None:
        return list(events)
    return [one for one in events if rule.team_id == one.event.team_id]


def _is_excepted(rule: ActiveRule, one: Judged, known: dict[EventRef, Excepted], allowance: Allowance) -> bool:
    if known and one.event.ref in known:
        return True
    if rule.exceptions:
        allowance.check()
    item_id = rule.excepted_by(one.document)
    if item_id is None:
        return False
    known[one.event.ref] = Excepted(rule, one.event, item_id)
    return True


def _every_event(rule: ActiveRule, events: Sequence[Judged], _: Newness) -> list[Hit]:
    return [Hit(rule, judged.event, judged.document, judged.demo) for judged in events]


def _what_is_new(rule: ActiveRule, events: Sequence[Judged], newness: Newness) -> list[Hit]:
    return newness.keep_new(rule, events)


HITS_BY_TYPE: dict[str, Callable[[ActiveRule, Sequence[Judged], Newness], list[Hit]]] = {
    "query": _every_event,
    "new_terms": _what_is_new,
}


def _run(found: Findings, raised: Raised, judged: Pass, now: datetime) -> RunRow:
    late = judged.kind is RuleRun.Kind.BATCH and settlings.is_late(found.rule.definition, judged.start, now)
    return RunRow(
        rule_id=found.rule.id,
        revision_id=found.rule.revision_id,
        kind=RuleRun.Kind.GAP if late else judged.kind,
        at=now,
        start=judged.starts.get(found.rule.id, judged.start),
        end=judged.end,
        events=judged.events,
        hits=found.matched,
        alerts=raised.alerts[found.rule.id],
        excepted=len(found.excepted),
        over_cap=raised.over[found.rule.id] + found.over,
        suppressed=raised.suppressed[found.rule.id],
        milliseconds=found.milliseconds,
    )


def held_event(excepted: Excepted) -> HeldEvent:
    """What is noted of an event that an exception took out."""
    event = excepted.event
    return HeldEvent(excepted.rule.id, excepted.item_id, event.team_id, event.day, event.index, event.uid, event.time)
