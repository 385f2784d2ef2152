"""What must be true after the storm, asked of the database itself: `python -m tests.fault.verify ACKNOWLEDGED.json`.

Prints one JSON object. An empty `problems` means: every acknowledged event is stored once, and the alerts are exactly
what the evaluator says of the stored events.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import django


def main(path: str) -> int:
    """Compare what was acknowledged, what is stored and what was raised."""
    django.setup()
    from accounts.models import ApiKey
    from events.identity import uid_of

    team_id = ApiKey.objects.get().team_id
    now = datetime.now(UTC)
    acknowledged = {uid_of(team_id, index, {}, one, now) for index, one in json.loads(Path(path).read_text())}
    stored = _stored(team_id)
    raised = Counter(_raised())
    expected = set(_expected())
    problems = {
        "lost": len(acknowledged - set(stored)),
        "stored twice": sum(count - 1 for count in stored.values()),
        "alerts missing": sorted(map(str, expected - set(raised)))[:5],
        "alerts invented": sorted(map(str, set(raised) - expected))[:5],
        "alerts doubled": sorted(str(key) for key, count in raised.items() if count > 1)[:5],
        "terms differ": _terms_that_differ(),
        "left pending": _left(),
    }
    if problems["alerts missing"]:
        print(json.dumps(_history_of(expected - set(raised)), default=str))
    figures = {"acknowledged": len(acknowledged), "stored": len(stored), "alerts": sum(raised.values())}
    if problems["terms differ"]:
        print(json.dumps(_look_backs(), default=str))
    print(json.dumps({"problems": {key: value for key, value in problems.items() if value}, **figures}))
    return 0


_documents: dict[bytes, tuple[str, bytes]] = {}


def _stored(team_id: int) -> Counter[bytes]:
    """How often each uid is stored, reading every document of every block."""
    from engine.tree import MatchAll
    from events.store import Window, scan

    now = datetime.now(UTC)
    window = Window(now - timedelta(days=1), now + timedelta(days=1))
    found: Counter[bytes] = Counter()
    for event in scan(tree=MatchAll(), window=window, team_ids=[team_id]):
        found[event.uid] += 1
        _documents[event.uid] = (event.index, event.raw)
    return found


def _raised() -> Iterator[tuple[str, str]]:
    from alerts.models import AlertEvent

    rows = AlertEvent.objects.filter(alert__new_terms__isnull=True).values_list("alert__rule_id", "uid")
    yield from ((rule, bytes(uid).hex()) for rule, uid in rows)


def _hits(kind: str) -> Iterator[tuple[object, str, bytes]]:
    """(rule, uid, document) of every stored event that a rule of this type matches, by the plain interpreter."""
    from engine import Document, index_matches, matches
    from rules.ruleset import current

    rules = [rule for rule in current().rules.values() if rule.definition.type == kind]
    for uid, (index, raw) in _documents.items():
        document = Document.of(raw)
        for rule in rules:
            if index_matches(rule.definition.index, index) and matches(rule.tree, document):
                yield rule, uid.hex(), raw


def _expected() -> Iterator[tuple[str, str]]:
    yield from ((rule.id, uid) for rule, uid, _ in _hits("query"))  # type: ignore[attr-defined]


def _terms_that_differ() -> dict[str, list[str]]:
    """Nothing came before the storm, so every combination seen must have been raised.

    Once, but for events that were judged late: new is what had no earlier match when it was judged, and nothing is
    taken back. So of a combination's alerts each must rest on an earlier event than the ones raised before it.
    """
    from engine import Document
    from engine.rule_types import new_terms

    seen = {
        (rule.id, terms)  # type: ignore[attr-defined]
        for rule, _, raw in _hits("new_terms")
        for terms in new_terms.terms_of(rule.definition.new_terms_fields, Document.of(raw))  # type: ignore[attr-defined]
    }
    raised = _raised_terms()
    wrong = {
        "missing": seen - set(raised),
        "invented": set(raised) - seen,
        "doubled": {key for key, times in raised.items() if any(b >= a for a, b in pairwise(times))},
    }
    return {how: sorted(map(str, keys))[:5] for how, keys in wrong.items() if keys}


def _raised_terms() -> dict[tuple[str, tuple[str, ...]], list[datetime]]:
    """Each combination with the times of its alerts' events (arrival where the rule says so), in order of raising.

    That is the order of their numbers: these are drawn while the rule's memory is locked, whereas `created_at` is when
    a worker began its pass, and of two workers the one that began later may have been the first to judge.
    """
    from alerts.models import AlertEvent
    from rules.ruleset import current
    from rules.schedule import by_ingest_time

    found: dict[tuple[str, tuple[str, ...]], list[datetime]] = defaultdict(list)
    rows = AlertEvent.objects.exclude(alert__new_terms__isnull=True).order_by("alert_id")
    for kept in rows.select_related("alert"):
        rule, terms = current().rules[kept.alert.rule_id], kept.alert.new_terms or {}
        at = kept.ingested if by_ingest_time(rule.definition) else kept.time
        found[rule.id, tuple(terms["values"])].append(at)
    return found


def _history_of(missing: set[tuple[str, str]]) -> list[object]:
    """What became of the batches of the events whose alerts are missing, for whoever has to find out why."""
    from events.models import Batch, Event
    from rules.models import RuleRun

    arrived = Event.objects.filter(uid__in=[bytes.fromhex(uid) for _, uid in missing]).values_list(
        "ingested", flat=True
    )
    told: list[object] = list(Batch.objects.filter(ingested_at__in=list(arrived)).values())
    return told + list(RuleRun.objects.filter(rule_id__in={rule for rule, _ in missing}).values())


def _look_backs() -> list[object]:
    """What became of the look-backs of the new-terms rules."""
    from rules.models import Lookback

    return list(Lookback.objects.filter(rule__type="new_terms").order_by("pk").values())


def _left() -> int:
    from events.models import Batch
    from rules.models import Lookback

    batches = Batch.objects.exclude(state__in=[Batch.State.DONE, Batch.State.SPLIT])
    return batches.count() + Lookback.objects.filter(done_at=None).count()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
