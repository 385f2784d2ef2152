"""How a rule that joins events stands: what it keeps of past events, and when it joins them next."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, Sum

from rules.models import CandidateBlock, Rule, Settling


@dataclass(frozen=True, slots=True)
class Joining:
    """What waits and what is kept. `due_at` None: nothing waits. `error` says why the last try did not end."""

    due_at: datetime | None
    waiting_since: datetime | None
    settled_at: datetime | None
    settled_to: datetime | None
    error: str
    candidates: int
    first_at: datetime | None
    last_at: datetime | None


def joining_of(rule: Rule) -> Joining:
    """The state of joining, of a rule whose plan needs it. Two queries, by index."""
    state = Settling.objects.filter(pk=rule.pk).first() or Settling(rule=rule)
    kept = CandidateBlock.objects.filter(rule_id=rule.pk).aggregate(
        count=Sum("count"), first=Min("first_at"), last=Max("last_at")
    )
    return Joining(
        due_at=state.due_at,
        waiting_since=state.waiting_since,
        settled_at=state.settled_at,
        settled_to=state.settled_to,
        error=state.error,
        candidates=int(kept["count"] or 0),
        first_at=kept["first"],
        last_at=kept["last"],
    )
