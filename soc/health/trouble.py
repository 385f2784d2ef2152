"""What was set aside or failed: rules, events that no rule could be judged on, look-backs, batches that were halved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet, Sum

from events.models import ArrivalMinute, Batch
from events.set_aside import set_aside
from rules.models import Lookback, Rule
from soc.web import counts

SHOWN = 5
_LATELY = timedelta(days=1)
_WEEK = timedelta(days=7)
# What rules/lookbacks.py writes on a look-back that was settled without harm.
_HARMLESS = ("superseded by a newer look-back", "the rule was disabled")


@dataclass(frozen=True, slots=True)
class AsideRule:
    """A rule in quarantine and how many events have come since it stopped judging."""

    rule: Rule
    waiting: int

    @property
    def reason(self) -> str:
        """Why, as a sentence."""
        return f"{self.rule.quarantine_reason.rstrip('.')}."


@dataclass(frozen=True, slots=True)
class Trouble:
    """What needs a person. Names only of what the teams see; the counts are of everything."""

    rules: list[AsideRule]
    rules_in_all: int
    batches: list[Batch]
    batches_in_all: counts.Count
    runs: list[Lookback]
    retried: int  # batches that failed and wait to be tried again
    halved: int  # requests of the last day that had to be halved


def trouble(*, team_ids: Sequence[int], now: datetime) -> Trouble:
    """What is set aside and what failed. Eight short queries."""
    aside = Rule.objects.filter(quarantined_at__isnull=False)
    pending = Batch.objects.filter(state=Batch.State.PENDING)
    return Trouble(
        _rules(aside.filter(Q(team=None) | Q(team__in=team_ids)), team_ids),
        aside.count(),
        list(set_aside(team_ids)[:SHOWN]),
        counts.capped(Batch.objects.filter(state=Batch.State.QUARANTINED)),
        _failed_runs(team_ids, now),
        counts.capped(pending.exclude(error="")).number,
        Batch.objects.filter(parent__isnull=False, ingested_at__gt=now - _LATELY).values("parent").distinct().count(),
    )


def rule_to_try(*, rule_id: str, team_ids: Sequence[int]) -> Rule | None:
    """A rule in quarantine that these teams see."""
    seen = Rule.objects.filter(Q(team=None) | Q(team__in=list(team_ids)), quarantined_at__isnull=False)
    return seen.filter(pk=rule_id).first()


def _rules(aside: QuerySet[Rule], team_ids: Sequence[int]) -> list[AsideRule]:
    """The newest, with the events that came since the oldest one they have not judged."""
    rules = list(aside.order_by("-quarantined_at", "name")[:SHOWN])
    waits = Lookback.objects.filter(rule__in=rules, done_at=None).values_list("rule").annotate(start=Min("start"))
    starts: dict[str, datetime] = dict(waits)
    return [AsideRule(rule, _since(starts.get(rule.pk) or rule.quarantined_at, rule, team_ids)) for rule in rules]


def _since(start: datetime | None, rule: Rule, team_ids: Sequence[int]) -> int:
    if start is None or not rule.enabled:
        return 0
    teams = [rule.team_id] if rule.team_id else list(team_ids)
    came = ArrivalMinute.objects.filter(team_id__in=teams, minute__gte=start.replace(second=0, microsecond=0))
    return came.aggregate(events=Sum("events"))["events"] or 0


def _failed_runs(team_ids: Sequence[int], now: datetime) -> list[Lookback]:
    """Look-backs that failed within a week: given up, or waiting to be tried again."""
    failed = Lookback.objects.filter(created_at__gt=now - _WEEK).exclude(error="").exclude(error__in=_HARMLESS)
    seen = failed.filter(Q(rule__team=None) | Q(rule__team__in=team_ids), rule__quarantined_at=None)
    return list(seen.select_related("rule").order_by("-pk")[:SHOWN])
