"""The steps of a sequence or sample: what came when, why it counted, and what did not come."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from alerts.facts import SequenceFacts, StepFacts, Term
from alerts.selectors.joined_shapes import KeptEvent, Pair, StepRow, Steps
from alerts.selectors.shapes import Why
from alerts.selectors.spans import gap, span_of
from alerts.selectors.why import UNREADABLE, why_of
from engine.plan import Plan, Sample, Sequence, Step
from engine.wording import in_words, shortened

_LONGEST_ASKED = 600
NO_SUCH = "No such event"


def steps_of(
    facts: SequenceFacts,
    *,
    events: Mapping[str, KeptEvent],
    blocks: Mapping[str, int],
    plan: Plan | None,
    ordered: bool,
) -> Steps:
    """The steps that the alert's facts tell, each judged once more by its part of the plan.

    `events` and `blocks` (numbers of alerts) are by the event's uid in hexadecimal; without a plan, which the rule's
    revision may have lost to an upgrade, the events are shown without their clauses.
    """
    allowed = _allowed(facts, plan)
    rows = list(_rows(facts, events, blocks, plan, ordered, allowed))
    found = [row.event.at for row in rows if row.event]
    return Steps(
        ordered=ordered,
        by=pairs(facts.by),
        rows=tuple(rows),
        span=span_of(max(found) - min(found)) if found else "",
        allowed=span_of(allowed) if allowed else "",
        until=_until(plan),
    )


def _rows(
    facts: SequenceFacts,
    events: Mapping[str, KeptEvent],
    blocks: Mapping[str, int],
    plan: Plan | None,
    ordered: bool,
    allowed: timedelta | None,
) -> Iterator[StepRow]:
    runs = Counter(step.step for step in facts.steps)
    seen: Counter[int] = Counter()
    before: KeptEvent | None = None
    for at, step in enumerate(facts.steps):
        seen[step.step] += 1
        title = str(step.step)
        if runs[step.step] > 1:
            title = f"{step.step}, {seen[step.step]} of {runs[step.step]}"
        part = _part(plan, step.step)
        if step.missing:
            yield _missing(step.step, title, part, _position(facts.steps, at), allowed)
            continue
        event = events.get(step.event or "")
        yield _came(step.step, title, part, event, before if ordered else None, blocks)
        before = event or before


def _part(plan: Plan | None, number: int) -> Step | None:
    """The step of the plan by its number, from one."""
    steps = plan.steps if isinstance(plan, Sequence | Sample) else ()
    return steps[number - 1] if 0 < number <= len(steps) else None


def _allowed(facts: SequenceFacts, plan: Plan | None) -> timedelta | None:
    """How long the whole may take: as the alert recorded it, else as the rule says."""
    if facts.maxspan_ms:
        return timedelta(milliseconds=facts.maxspan_ms)
    return plan.maxspan if isinstance(plan, Sequence) else None


def pairs(terms: Iterable[Term]) -> tuple[Pair, ...]:
    """Fields with their values."""
    return tuple(Pair(term.field, term.value) for term in terms)


def _came(
    number: int,
    title: str,
    part: Step | None,
    event: KeptEvent | None,
    before: KeptEvent | None,
    blocks: Mapping[str, int],
) -> StepRow:
    since = gap(event.at - before.at) if event and before else ""
    if event is None:
        why = Why(problem="This event was not kept with the alert.")
    else:
        why = why_of(part.tree, event.document) if part else Why(problem=UNREADABLE)
    return StepRow(number, title, event, since, why=why, block_id=blocks.get(event.hex) if event else None)


def _missing(number: int, title: str, part: Step | None, where: str, allowed: timedelta | None) -> StepRow:
    """A step that stands for the absence of an event."""
    within = f" within {span_of(allowed)}" if allowed else ""
    words = {
        "first": f"{NO_SUCH} came before{within}",
        "last": f"{NO_SUCH} followed{within}",
    }.get(where, f"{NO_SUCH} came in between{within}")
    asked = shortened(in_words(part.tree), _LONGEST_ASKED) if part else ""
    return StepRow(number, title, None, missing=words, asked=asked)


def _position(steps: list[StepFacts], at: int) -> str:
    """Where a missing step stands among the events that did come."""
    if all(step.missing for step in steps[:at]):
        return "first"
    return "last" if all(step.missing for step in steps[at + 1 :]) else "between"


def _until(plan: Plan | None) -> str:
    """What would have ended the sequence before its time."""
    if not isinstance(plan, Sequence) or plan.until is None:
        return ""
    return shortened(in_words(plan.until.tree), _LONGEST_ASKED)
