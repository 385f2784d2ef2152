"""A batch's events judged by every rule in one pass."""

from collections import defaultdict
from collections.abc import Sequence
from time import thread_time

from alerts.blame import NOBODYS_FAULT, Rows, find_costliest, find_culprit
from alerts.hits import Judged
from alerts.judging import Matches
from engine import DocumentError
from engine.few_fields import FewFields, PartlyRead
from events.store import StoredEvent
from rules.ruleset import RuleSet, rule_and_part

Events = Sequence[tuple[StoredEvent, bool]]
"""Events, each with whether it is demo telemetry."""
AT_ONCE = 500
# Ordinary events take some thirty microseconds each, by all rules together.
SECONDS_ALLOWED = 2.0
SECONDS_PER_EVENT = 0.002


def match(ruleset: RuleSet, events: Events) -> Matches:
    """What each rule lets through. Of those that are let through a few fields are read once more.

    Raises: RuleFailed, naming the rule that broke the pass or holds it up; DocumentError for an event no rule can read.
    """
    rows = [(event.index, event.raw) for event, _ in events]
    try:
        found = _found(ruleset, rows)
    except NOBODYS_FAULT:
        raise
    except Exception:
        find_culprit(ruleset, rows)
        raise
    return _by_rule(found, events, ruleset.few)


def _found(ruleset: RuleSet, rows: Rows) -> list[tuple[str, int]]:
    """Expressions and the rows that they are true of. Looks at the clock every few hundred events."""
    found: list[tuple[str, int]] = []
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        started = thread_time()
        found += [(key, first + row) for key, rows_hit in _matched(ruleset, some, first).items() for row in rows_hit]
        if thread_time() - started > SECONDS_ALLOWED + SECONDS_PER_EVENT * len(some):
            find_costliest(ruleset, some)
    return found


def _matched(ruleset: RuleSet, rows: Rows, first: int) -> dict[str, list[int]]:
    try:
        return ruleset.matcher.rows(rows, normalised=True)
    except DocumentError as error:
        raise DocumentError(str(error), first + (error.row or 0)) from error


def _by_rule(found: Sequence[tuple[str, int]], events: Events, few: FewFields) -> Matches:
    decoded: dict[int, Judged] = {}
    by_key: dict[str, list[Judged]] = defaultdict(list)
    for key, row in found:
        if row not in decoded:
            event, demo = events[row]
            decoded[row] = Judged(event, PartlyRead(event.raw, few), demo)
        by_key[key].append(decoded[row])
    matches: dict[str, dict[str, list[Judged]]] = defaultdict(dict)
    for key, judged in by_key.items():
        rule_id, part = rule_and_part(key)
        matches[rule_id][part] = judged
    return matches
