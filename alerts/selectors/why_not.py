"""Why a rule did not fire on an event, or did: everything that can stand between them, in the order it is asked.

The rule as it is now judges the event as it is stored; what was otherwise when the event came (the rule was off, an
exception held it back) is told from what was recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from accounts.models import User
from accounts.selectors import teams_of
from alerts.identity import identity_of_event
from alerts.models import Alert, AlertEvent, Kind, SignalCount, SuppressedHit
from alerts.selectors.spans import span_of
from engine import Clause, Document, EngineError, Logic, RuleDefinition, Tree, explain, matches, parse_entries
from engine.indices import index_matches
from engine.plan import Indicators, Part, Pipeline, Sample, Threshold
from engine.plan import Sequence as SequencePlan
from events.stored import StoredEvent
from rules.effective import changes_logic, effective_of
from rules.models import ExceptionItem, HeldBack, Rule
from rules.selectors import visible_rules
from rules.trees import TreeUnusable, compiled_anew, definition_of, load_logic
from rules.value_lists import values_of

MOST_CHOICES = 20
_OUTSIDE = {
    "until": "Would have ended the sequence", "indicator": "As an indicator", "event": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something other than the clauses that kept or keeps the rule from firing, in a sentence; a way to what it is."""

    text: str
    exception_id: int | None = None
    alert_id: int | None = None
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """One filter of the rule, judged on the event. `first_failed` is the clause that decided against it."""

    title: str
    held: bool
    clauses: tuple[Clause, ...]
    first_failed: Clause | None = None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """All that is known: `fired` are the alerts that do rest on the event, `then` what else the rule asks for."""

    rule: Rule
    definition: RuleDefinition | None
    fired: tuple[Alert, ...] = ()
    before: tuple[Obstacle, ...] = ()
    parts: tuple[JudgedPart, ...] = ()
    taken_out: tuple[Obstacle, ...] = ()
    then: tuple[str, ...] = ()
    problem: str = ""
    passed: bool = field(default=False)

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        if self.fired:
            return "It fired: this event is part of an alert of this rule."
        if self.problem:
            return self.problem
        failed = next((part for part in self.parts if part.first_failed), None)
        if self.before and not (failed and not self.passed):
            return self.before[0].text
        if not self.passed and failed and failed.first_failed:
            return "The event does not meet the rule."
        if self.taken_out:
            return "The event meets the rule, and an exception takes it out."
        return "The event meets the rule's filter; that alone is not all it asks for." if self.then else _MEETS


_MEETS = "The event meets the rule as it is now."


def rules_like(user: User, text: str) -> list[Rule]:
    """Rules to choose from, those in force first. One query."""
    found = visible_rules(user).filter(revision__isnull=False)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(pk=text))
    return list(found.order_by("-enabled", "name")[:MOST_CHOICES])


def why_not(*, rule: Rule, event: StoredEvent, user: User) -> WhyNot:
    """The rule against the event. Half a dozen queries."""
    fired = tuple(_alerts_on(rule, event, user))
    try:
        definition = effective_of(rule)
        logic = _logic(rule, definition)
        document = event.document()
        parts = tuple(_judged(part, document) for part in logic.parts(definition.indices))
    except (TreeUnusable, EngineError):
        return WhyNot(rule, None, fired, problem="The rule cannot be read by this version, so it judges nothing.")
    passed = any(part.held for part in parts)
    return WhyNot(
        rule=rule,
        definition=definition,
        fired=fired,
        before=tuple(_before(rule, definition, event)),
        parts=parts,
        taken_out=tuple(_taken_out(rule, event, document)),
        then=tuple(_then(rule, logic, parts, event)) if passed and not fired else (),
        passed=passed,
    )


def _logic(rule: Rule, definition: RuleDefinition) -> Logic:
    assert rule.revision is not None  # noqa: S101  (effective_of has seen to it)
    if changes_logic(rule.overrides):
        return compiled_anew(definition)
    return load_logic(definition_of(rule.revision), rule.revision)


def _alerts_on(rule: Rule, event: StoredEvent, user: User) -> Iterator[Alert]:
    """The rule's alerts that the event is part of, as far as the person may see them."""
    rows = AlertEvent.objects.filter(uid=event.uid, alert__rule=rule, alert__team_id__in=teams_of(user))
    seen = rows.exclude(alert__kind=Kind.BLOCK).select_related("alert").order_by("alert_id")[:5]
    yield from {row.alert_id: row.alert for row in seen}.values()


def _before(rule: Rule, definition: RuleDefinition, event: StoredEvent) -> Iterator[Obstacle]:
    """What is asked before any clause: whether the rule ever reads this event, and then whether it was in force."""
    if not rule.evaluated:
        yield Obstacle(f"The rule is not evaluated: {rule.not_evaluated_because or 'its type is only shown'}.")
    if rule.team_id is not None and rule.team_id != event.team_id:
        yield Obstacle("The rule belongs to another team and judges only that team's events.")
    if not index_matches(definition.indices, event.index):
        listed = ", ".join(definition.indices) or "no index"
        yield Obstacle(f"The rule reads {listed}; this event is in {event.index}.")
    if rule.quarantined_at:
        yield Obstacle("The rule is quarantined, since it failed.")
    elif not rule.enabled:
        yield Obstacle("The rule is switched off.")
    elif rule.superseded_by_id:
        yield Obstacle("Another rule stands in for this one.")
    elif rule.enabled_at and rule.enabled_at > event.ingested:
        yield Obstacle("The event came before the rule was switched on; only its look-back judges such events.")


def _judged(part: Part, document: Document) -> JudgedPart:
    explanation = explain(part.tree, document)
    clauses = tuple(dict.fromkeys(explanation.clauses()))
    failed = None if explanation.held else next((one for one in clauses if not one.held), None)
    title = _OUTSIDE.get(part.name, f"Step {part.name}")
    return JudgedPart(title, explanation.held, clauses, failed)


def _taken_out(rule: Rule, event: StoredEvent, document: Document) -> Iterator[Obstacle]:
    """The exceptions that cover the event now, and those that were seen to hold it back."""
    held = set(
        HeldBack.objects.filter(rule=rule, team_id=event.team_id, uid=event.uid).values_list("item_id", flat=True)
    )
    items = ExceptionItem.objects.filter(rule=rule, removed_at=None).order_by("pk")
    for item in items:
        in_force = item.enabled and not item.expired
        tree = _tree_of(item) if in_force else None
        if tree is not None and matches(tree, document):
            met = tuple(one for one in explain(tree, document).clauses() if one.held)
            yield Obstacle(f"The exception “{item.name}” covers it.", exception_id=item.pk, clauses=met)
        elif item.pk in held:
            yield Obstacle(f"The exception “{item.name}” held it back when it came.", exception_id=item.pk)


def _tree_of(item: ExceptionItem) -> Tree | None:
    try:
        return parse_entries(item.entries, values_of)
    except (EngineError, TypeError, ValueError, KeyError):
        return None


def _then(rule: Rule, logic: Logic, parts: Sequence[JudgedPart], event: StoredEvent) -> Iterator[str]:
    """What else the rule asks for beside its filter, and what may have become of the hit."""
    yield from _plan_words(logic, parts)
    if rule.type == "new_terms":
        yield "It fires only where these values were not seen in its history before; they were, or it was learning."
    counted = SuppressedHit.objects.filter(identity=identity_of_event(rule.pk, event.ref)).first()
    if counted:
        yield f"The hit was counted at AL-{counted.alert_id} instead of becoming an alert (suppression)."
    if SignalCount.objects.filter(rule=rule, over__gt=0, over_uids__contains=[event.uid.hex()]).exists():
        yield "The rule had raised its most alerts for the interval; this hit went over."


def _plan_words(logic: Logic, parts: Sequence[JudgedPart]) -> Iterator[str]:
    match logic.plan:
        case SequencePlan(steps, maxspan):
            fits = [part.title.lower() for part in parts if part.held and part.title.startswith("Step")]
            within = f" within {span_of(maxspan)}" if maxspan else ""
            keys = ", ".join(key.field for key in steps[0].by) if steps else ""
            same = f" with the same {keys}" if keys else ""
            if fits:
                yield f"It can be {' or '.join(fits)} of {len(steps)}; the others have to come in order{within}{same}."
        case Sample(steps):
            yield f"It is one of {len(steps)} events that have to come together, in any order."
        case Threshold() as plan:
            by = f" with the same {', '.join(plan.fields)}" if plan.fields else ""
            yield f"It counts as one; {plan.value:,} such events{by} are needed within the look-back."
        case Indicators():
            yield "It fires only where a value of the event is that of an indicator that is known and young enough."
        case Pipeline(aggregating=aggregating):
            rest = "groups it with others" if aggregating else "works on it further"
            yield f"It passed the query's first filters; the rest of the query {rest} and may leave it out."
