"""`max_signals`: how many alerts a rule may raise in one interval, counted, and never silent.

A locked counter per rule and interval bucket of ingest time, so that several workers share one allowance. Hits beyond
it are counted and the first thousand of their events kept by id; the rule page says so.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from alerts.hits import Hit
from alerts.models import SignalCount
from rules.schedule import interval

MAX_OVER_IDS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Bucket = tuple[str, datetime]  # rule id, start of the interval


@dataclass(slots=True)
class Allowance:
    """The locked counters of the buckets that a set of hits falls into."""

    counters: dict[Bucket, SignalCount]
    over: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def split(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits that may become alerts, oldest first; the others are counted as over."""
        allowed: list[Hit] = []
        for bucket, group in groupby(sorted(hits, key=_order), key=bucket_of):
            allowed += self._take(self.counters[bucket], list(group))
        return allowed

    def give_back(self, hits: Sequence[Hit]) -> None:
        """Hits that turned out to be alerts already do not count."""
        for hit in hits:
            self.counters[bucket_of(hit)].raised -= 1

    def save(self) -> None:
        """Write the counters; their rows are locked until the transaction ends."""
        SignalCount.objects.bulk_update(self.counters.values(), ["raised", "over", "over_uids"], batch_size=500)

    def _take(self, counter: SignalCount, hits: list[Hit]) -> list[Hit]:
        room = max(hits[0].rule.definition.max_signals - counter.raised, 0)
        counter.raised += len(hits[:room])
        known = set(counter.over_uids)
        beyond = [hit for hit in hits[room:] if hit.event.uid.hex() not in known]
        counter.over += len(beyond)
        keep = MAX_OVER_IDS - len(counter.over_uids)
        counter.over_uids = counter.over_uids + [hit.event.uid.hex() for hit in beyond[:keep]]
        self.over[counter.rule_id] += len(beyond)
        return hits[:room]


def allowance(hits: Sequence[Hit]) -> Allowance:
    """Lock the counters of these hits, in key order; made first where they do not exist. Two queries."""
    buckets = sorted({bucket_of(hit) for hit in hits})
    SignalCount.objects.bulk_create(
        (SignalCount(rule_id=rule_id, bucket=start) for rule_id, start in buckets),
        ignore_conflicts=True,
        batch_size=500,
    )
    rule_ids, starts = {rule_id for rule_id, _ in buckets}, {start for _, start in buckets}
    rows = SignalCount.objects.select_for_update().filter(rule_id__in=rule_ids, bucket__in=starts)
    wanted = set(buckets)
    locked = {(row.rule_id, row.bucket): row for row in rows.order_by("rule_id", "bucket")}
    return Allowance({bucket: row for bucket, row in locked.items() if bucket in wanted})


def bucket_of(hit: Hit) -> Bucket:
    """The interval of the rule into which the event arrived."""
    return hit.rule.id, bucket_start(hit.event.ingested, interval(hit.rule.definition))


def bucket_start(at: datetime, length: timedelta) -> datetime:
    """The start of the interval that this instant is in; intervals are counted from 1970."""
    return _EPOCH + (at - _EPOCH) // length * length


def _order(hit: Hit) -> tuple[Bucket, datetime, datetime]:
    """Events of one instant keep the order in which their agent sent them."""
    return bucket_of(hit), hit.event.ingested, hit.event.time
