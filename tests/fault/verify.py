"""What must be true after the storm, asked of the database itself: `python -m tests.fault.verify ACKNOWLEDGED.json`.

Prints one JSON object. An empty `problems` means: every acknowledged event is stored once, and the alerts are exactly
what the evaluator says of the stored events.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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


_documents: dict[bytes, Any] = {}


def _stored(team_id: int) -> Counter[bytes]:
    """How often each uid is stored, reading every document of every block."""
    from engine.tree import MatchAll
    from events.store import Window, scan

    now = datetime.now(UTC)
    window = Window(now - timedelta(days=1), now + timedelta(days=1))
    found: Counter[bytes] = Counter()
    for event in scan(tree=MatchAll(), window=window, team_ids=[team_id]):
        if not event.index.startswith("."):  # else an alert, written back
            found[event.uid] += 1
            _documents[event.uid] = event
    return found


def _raised() -> Iterator[tuple[str, str]]:
    from alerts.models import AlertEvent

    rows = AlertEvent.objects.filter(alert__new_terms__isnull=True).values_list("alert__rule_id", "uid")
    yield from ((rule, bytes(uid).hex()) for rule, uid in rows)


def _hits(*kinds: str) -> Iterator[tuple[Any, Any, Any]]:
    """(rule, event, document) of every stored event that a rule of these types matches, by the plain interpreter."""
    from engine import Document, index_matches, matches
    from rules.ruleset import current

    rules = [rule for rule in current().rules.values() if rule.definition.type in kinds and rule.plan is None]
    for event in _documents.values():
        document = Document.of(event.raw)
        for rule in rules:
            if index_matches(rule.definition.index, event.index) and matches(rule.tree, document):
                yield rule, event, document


def _expected() -> Iterator[tuple[str, str]]:
    yield from ((rule.id, event.uid.hex()) for rule, event, _ in _hits("query", "eql"))


def _terms_that_differ() -> dict[str, list[str]]:
    """Nothing came before the storm, so every combination seen must have been raised, or counted at the alert that
    stands for what a rule meets while it learns.

    Whatever was judged first, a combination's earliest event is new when its turn comes, since nothing earlier is
    known; later ones may be too, when they were judged before it. So the earliest must be there, and nothing may be
    that is no event of a combination.
    """
    from alerts.identity import identity_of
    from alerts.models import Alert, SuppressedHit

    by_terms: dict[tuple[str, tuple[str, ...]], dict[datetime, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for at, hit in _new_terms_hits():
        by_terms[hit.rule.id, hit.terms][at].add(identity_of(hit))
    told = Alert.objects.filter(new_terms__isnull=False).values_list("identity", flat=True)
    counted = SuppressedHit.objects.values_list("identity", flat=True)
    raised = Counter(bytes(identity) for identity in (*told, *counted))
    every = {identity for times in by_terms.values() for identities in times.values() for identity in identities}
    wrong: dict[str, set[Any]] = {
        "missing": {key for key, times in by_terms.items() if not times[min(times)] & set(raised)},
        "invented": set(raised) - every,
        "doubled": {identity for identity, count in raised.items() if count > 1},
    }
    return {how: sorted(map(str, keys))[:5] for how, keys in wrong.items() if keys}


def _new_terms_hits() -> Iterator[tuple[datetime, Any]]:
    """Every combination of every event that a new-terms rule matches, with its time in the rule's history."""
    from alerts.hits import Hit
    from engine.rule_types.new_terms import terms_hash, terms_of
    from rules.schedule import by_ingest_time

    for rule, event, document in _hits("new_terms"):
        at = event.ingested if by_ingest_time(rule.definition) else event.time
        for terms in terms_of(rule.definition.new_terms_fields, document):
            yield at, Hit(rule, event, document, terms=terms, terms_hash=terms_hash(terms))


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
