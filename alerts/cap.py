"""`max_signals`: how many alerts a rule may raise in one interval, counted, and never silent.

A locked counter per rule and interval bucket of ingest time, so that several workers share one allowance. Hits beyond
it are counted and the first thousand of their events kept by id; the rule page says so. A sequence counts once,
however many building blocks come with it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from alerts.models import SignalCount
from alerts.shells import Finding
from rules.schedule import interval

MAX_OVER_IDS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Bucket = tuple[str, datetime]  # rule id, start of the interval


@dataclass(slots=True)
class Allowance:
    """The locked counters of the buckets that a set of findings falls into."""

    counters: dict[Bucket, SignalCount]
    over: Counter[str] = field(default_factory=Counter)

    def split(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings that may become alerts, oldest first; the others are counted as over."""
        allowed: list[Finding] = []
        for bucket, group in groupby(sorted(findings, key=_order), key=bucket_of):
            allowed += self._take(self.counters[bucket], list(group))
        return allowed

    def give_back(self, findings: Sequence[Finding]) -> None:
        """Findings that turned out to be alerts already do not count."""
        for finding in findings:
            self.counters[bucket_of(finding)].raised -= 1

    def pass_over(self, findings: Sequence[Finding]) -> None:
        """Count what becomes no alert and is counted at none: hits beyond the maximum, each event once."""
        for bucket, group in groupby(sorted(findings, key=_order), key=bucket_of):
            self._pass_over(self.counters[bucket], list(group))

    def save(self) -> None:
        """Write the counters; their rows are locked until the transaction ends."""
        SignalCount.objects.bulk_update(self.counters.values(), ["raised", "over", "over_uids"], batch_size=500)

    def _take(self, counter: SignalCount, findings: list[Finding]) -> list[Finding]:
        room = max(findings[0].hit.rule.definition.max_signals - counter.raised, 0)
        counter.raised += len(findings[:room])
        self._pass_over(counter, findings[room:])
        return findings[:room]

    def _pass_over(self, counter: SignalCount, findings: list[Finding]) -> None:
        known = set(counter.over_uids)
        beyond = [uid for finding in findings if (uid := finding.hit.event.uid.hex()) not in known]
        counter.over += len(beyond)
        counter.over_uids = counter.over_uids + beyond[: max(MAX_OVER_IDS - len(counter.over_uids), 0)]
        self.over[counter.rule_id] += len(beyond)


def allowance(findings: Sequence[Finding]) -> Allowance:
    """Lock the counters of these findings, in key order; made first where they do not exist. Two queries."""
    buckets = sorted({bucket_of(finding) for finding in findings})
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


def bucket_of(finding: Finding) -> Bucket:
    """The interval of the rule into which the last event arrived."""
    rule = finding.hit.rule
    return rule.id, bucket_start(finding.arrived, interval(rule.definition))


def bucket_start(at: datetime, length: timedelta) -> datetime:
    """The start of the interval that this instant is in; intervals are counted from 1970."""
    return _EPOCH + (at - _EPOCH) // length * length


def _order(finding: Finding) -> tuple[Bucket, datetime, datetime]:
    """Events of one instant keep the order in which their agent sent them."""
    return bucket_of(finding), finding.arrived, finding.hit.event.time
