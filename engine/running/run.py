"""A whole set of rules over events in memory.

Rules that judge single events judge every event. The others run once, over the window that ends at `now`: what a
threshold counts, what a sequence joins, what a pipeline makes rows of and which terms are new is asked of the events in
that window (new terms: and of their history before it).

A rule that cannot be judged, whatever the reason, is told of in the log and finds nothing; the others go on.
"""

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from engine.errors import DocumentError
from engine.joining import Key, group, join, key_text, meet
from engine.joining.keys import plain_text
from engine.leaves import pin_dates
from engine.plan import EVENT, INDICATOR, Indicators, Pipeline, Sample, Threshold
from engine.plan import Sequence as SequencePlan
from engine.rule_types.new_terms import terms_of
from engine.running.events import Event
from engine.running.findings import Finding
from engine.running.joined import candidates_in
from engine.running.moments import Moment
from engine.running.passing import let_in
from engine.running.pipelines import Row, found_rows, window_of
from engine.running.rules import ANCIENT, INGESTED, TIMESTAMP, Rule
from engine.times import TimeExpressionError
from engine.tree import Scalar, Tree

_LOG = logging.getLogger(__name__)


def latest(events: Iterable[Event]) -> datetime | None:
    """The time of the last event, of arrival or of its own: what `now` means when nobody says."""
    moments = (event.moment(field) for event in events for field in (TIMESTAMP, INGESTED))
    return max((moment.at for moment in moments if moment is not None), default=None)


def run(rules: Sequence[Rule], events: Sequence[Event], *, now: datetime | None = None) -> Iterator[Finding]:
    """What the rules find, rule after rule in the order given; nothing is capped, folded or suppressed.

    Events without any time take part in nothing that has a window; nor does anything when no event has a time and
    `now` is not given.
    """
    end = now or latest(events)
    lost: set[int] = set()
    found = let_in(_parts(rules, end), events, lambda number, error: _lose(rules, lost, number, error))
    for number, rule in enumerate(rules):
        if rule.compiled.logic is not None and number not in lost:
            let = {part.name: found.get((number, part.name), []) for part in rule.compiled.parts}
            yield from _found_by(rule, let, end)


def _lose(rules: Sequence[Rule], lost: set[int], part: Hashable, error: Exception) -> None:
    number: int = part[0]  # type: ignore[index]  # as `_parts` names them
    if number not in lost:
        lost.add(number)
        _tell(rules[number], error)


def _tell(rule: Rule, error: Exception) -> None:
    _LOG.error("rule %s could not be judged: %s", rule.definition.rule_id, type(error).__name__, exc_info=error)


def _found_by(rule: Rule, let: dict[str, list[Event]], end: datetime | None) -> list[Finding]:
    try:
        return list(_findings(rule, let, end))
    except DocumentError:
        raise
    except Exception as error:  # whatever a rule brings about must not cost the others their findings
        _tell(rule, error)
        return []


def _parts(rules: Sequence[Rule], now: datetime | None) -> Iterator[tuple[Hashable, Tree, tuple[str, ...]]]:
    for number, rule in enumerate(rules):
        for part in rule.compiled.parts:
            yield (number, part.name), _pinned(part.name, part.tree, now), part.indices


def _pinned(name: str, tree: Tree, now: datetime | None) -> Tree:
    """`now` in a query for indicators is when the rule runs; in all others it is when the event was taken in."""
    try:
        return pin_dates(tree, now) if name == INDICATOR and now else tree
    except TimeExpressionError:
        return tree  # so near the beginning of time that there is no such date


def _findings(rule: Rule, let: dict[str, list[Event]], now: datetime | None) -> Iterator[Finding]:
    plan = rule.compiled.plan
    if plan is None and rule.definition.type != "new_terms":
        return (_finding(rule, (event.line,)) for event in let[EVENT])
    if now is None:
        return iter(())
    match plan:
        case None:
            return _new_terms(rule, let[EVENT], now)
        case SequencePlan() | Sample():
            return _sequences(rule, plan, let, now)
        case Threshold():
            return _groups(rule, plan, let[EVENT], now)
        case Indicators():
            return _met(rule, plan, let, now)
        case Pipeline():
            return _rows(rule, plan, let[EVENT], now)


def _finding(
    rule: Rule,
    events: tuple[int | None, ...],
    *,
    terms: tuple[Scalar, ...] | None = None,
    group: dict[str, Scalar] | None = None,
    indicators: tuple[int, ...] | None = None,
    row: Row | None = None,
) -> Finding:
    return Finding(rule.definition.rule_id, rule.definition.type, events, terms, group, indicators, row)


def _in_window(rule: Rule, events: Sequence[Event], now: datetime) -> list[Event]:
    return [event for _, event in rule.counted(events, *rule.window(now))]


def _new_terms(rule: Rule, events: Sequence[Event], now: datetime) -> Iterator[Finding]:
    """A combination is new when the first event that has it lies after the start of the window."""
    start, end = rule.window(now)
    firsts: dict[tuple[str, ...], tuple[Moment, Event]] = {}
    timed = rule.counted(events, rule.history(now), end)
    for moment, event in sorted(timed, key=lambda pair: (pair[0].nanos, pair[1].line)):
        for terms in terms_of(rule.definition.new_terms_fields, event.document):
            firsts.setdefault(terms, (moment, event))
    for terms, (moment, event) in firsts.items():
        if moment.at > start:
            given = zip(rule.definition.new_terms_fields, terms, strict=True)
            yield _finding(rule, (event.line,), terms=tuple(_as_given(event, *one, plain_text) for one in given))


def _sequences(
    rule: Rule, plan: SequencePlan | Sample, let: dict[str, list[Event]], now: datetime
) -> Iterator[Finding]:
    found = [
        candidate
        for part, events in let.items()
        for candidate in candidates_in(plan, part, _in_window(rule, events, now), *rule.order_fields)
    ]
    for match in join(plan, found, until=now):
        yield _finding(rule, tuple(ref if isinstance(ref, int) else None for ref in match.refs))


def _groups(rule: Rule, plan: Threshold, events: Sequence[Event], now: datetime) -> Iterator[Finding]:
    found = candidates_in(plan, EVENT, _in_window(rule, events, now), rule.time_fields, None)
    by_line = {event.line: event for event in events}
    for reached in group(plan, found):
        lines = _lines(reached.refs)
        values: Key = reached.key if isinstance(reached.key, tuple) else ()
        shared = {
            field: _as_given(by_line[lines[0]], field, str(text), partial(key_text, field))
            for field, text in zip(plan.fields, values, strict=True)
        }
        yield _finding(rule, lines, group=shared)


def _as_given(event: Event, field: str, text: str, read: Callable[[Scalar], str]) -> Scalar:
    """The value of the event that was read as this text, with its type in JSON and as it is written."""
    return next((value for value in event.document.values(field) if read(value) == text), text)


def _met(rule: Rule, plan: Indicators, let: dict[str, list[Event]], now: datetime) -> Iterator[Finding]:
    indicators = [event for _, event in rule.counted(let[INDICATOR], ANCIENT, now)]
    found = candidates_in(plan, EVENT, _in_window(rule, let[EVENT], now), rule.time_fields, None)
    found += candidates_in(plan, INDICATOR, indicators, rule.time_fields, None)
    for met in meet(plan, found):
        yield _finding(rule, _lines([met.ref]), indicators=_lines(ref for ref, _ in met.indicators))


def _rows(rule: Rule, plan: Pipeline, events: Sequence[Event], now: datetime) -> Iterator[Finding]:
    for lines, row in found_rows(plan, window_of(rule, events, now), now):
        yield _finding(rule, lines, row=row)


def _lines(refs: Iterable[Hashable]) -> tuple[int, ...]:
    return tuple(ref for ref in refs if isinstance(ref, int))
