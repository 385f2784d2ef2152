"""A batch's events judged by every rule in one pass."""

from collections import defaultdict
from collections.abc import Sequence

from alerts.blame import NOBODYS_FAULT, find_culprit
from alerts.hits import Judged
from alerts.judging import Matches
from engine import Document
from events.store import StoredEvent
from rules.ruleset import RuleSet, rule_and_part

Events = Sequence[tuple[StoredEvent, bool]]
"""Events, each with whether it is demo telemetry."""


def match(ruleset: RuleSet, events: Events) -> Matches:
    """What each rule lets through. A document is decoded once more only for the few that are let through.

    Raises: RuleFailed, naming the rule that broke the pass; DocumentError for an event no rule can read.
    """
    rows = [(event.index, event.raw) for event, _ in events]
    try:
        found = [(hit.key, hit.row) for hit in ruleset.matcher.match(rows)]
    except NOBODYS_FAULT:
        raise
    except Exception:
        find_culprit(ruleset, rows)
        raise
    return _by_rule(found, events)


def _by_rule(found: Sequence[tuple[str, int]], events: Events) -> Matches:
    decoded: dict[int, Judged] = {}
    matches: dict[str, list[Judged]] = defaultdict(list)
    for key, row in found:
        rule_id, _ = rule_and_part(key)
        if row not in decoded:
            event, demo = events[row]
            decoded[row] = Judged(event, Document.of(event.raw), demo)
        matches[rule_id].append(decoded[row])
    return matches
