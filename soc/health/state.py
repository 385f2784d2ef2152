"""Everything the page shows, put together; the API takes the same figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from events import letters, prevalence, queue, senders
from events.letters import ByReason
from events.models import Batch
from events.senders import Counts
from rules.models import Rule
from soc.health import agents, stores
from soc.health.agents import AgentRow
from soc.health.detection import Detection, detection
from soc.health.flow import DAY, Flow, flow
from soc.health.sentence import Facts, Headline, headline
from soc.health.storage import Storage, storage
from soc.health.stores import Answer, Workers
from soc.health.trouble import Trouble, trouble
from soc.web.counts import Count

FEWEST_AGENTS, MOST_AGENTS = 6, 10
"""All that need a look, within these bounds."""
NOTES_BEHIND = timedelta(minutes=5)
"""How common values are is noted a minute or so after their events; later than this, pages say so."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the house at `now`."""

    now: datetime
    headline: Headline
    flow: Flow
    backlog: queue.Backlog
    detection: Detection
    agents: list[AgentRow]
    agent_counts: Counts
    trouble: Trouble
    letters: list[ByReason]
    storage: Storage
    workers: Workers
    database: Answer
    broker: Answer
    working_rules: int
    noted_until: datetime | None  # how common values are (events/prevalence.py); None: nothing was noted yet

    @property
    def notes_lag(self) -> bool:
        """Whether what pages say of how common values are is older than usual."""
        return self.noted_until is not None and self.now - self.noted_until > NOTES_BEHIND

    @property
    def behind(self) -> timedelta:
        """How long the oldest event that is not judged has waited."""
        return timedelta(seconds=self.backlog.oldest_seconds)

    @property
    def fine(self) -> int:
        """How many agents there is nothing to say about."""
        return self.agent_counts.of("fine")

    @property
    def retention_days(self) -> int:
        """How long events stay."""
        return int(settings.RETENTION_DAYS)

    @property
    def refused_letters(self) -> int:
        """Events refused in 24 hours that have not been sent again."""
        return sum(row.events for row in self.letters)


def health_of(*, team_ids: Sequence[int], now: datetime) -> Health:
    """Read it all: some thirty short queries, and a look at the broker."""
    told = flow(team_ids=team_ids, now=now)
    backlog, counted, found = (
        queue.backlog(now),
        senders.count(team_ids=team_ids, now=now),
        trouble(team_ids=team_ids, now=now),
    )
    kept, hands, broker = storage(now), stores.workers(now), stores.broker()
    facts = Facts(
        set_aside=found.batches_in_all,
        broker_there=broker.there,
        workers_alive=hands.alive,
        waiting_events=backlog.events,
        behind=timedelta(seconds=backlog.oldest_seconds),
        rules_aside=found.rules_in_all,
        silent=counted.of("silent"),
        known=counted.known,
        refused_share=told.refused_share,
        room_days=kept.room_days,
        arrived=counted.known > 0 or Batch.objects.filter(team__in=team_ids).exists(),
    )
    return Health(
        now=now,
        headline=headline(facts),
        flow=told,
        backlog=backlog,
        detection=detection(team_ids=team_ids, now=now),
        agents=agents.worst(team_ids=team_ids, now=now, limit=_shown(counted)),
        agent_counts=counted,
        trouble=found,
        letters=letters.by_reason(team_ids=team_ids, since=now - DAY),
        storage=kept,
        workers=hands,
        database=stores.database(),
        broker=broker,
        working_rules=Rule.objects.filter(enabled=True, evaluated=True, quarantined_at=None).count(),
        noted_until=prevalence.noted_until(),
    )


def arrival_trouble(*, team_ids: Sequence[int], now: datetime) -> str:
    """The headline's words for hosts gone silent or detection behind; empty for neither. Two short queries.

    An empty queue says nothing while events do not arrive or wait to be judged.
    """
    backlog, counted = queue.backlog(now), senders.count(team_ids=team_ids, now=now)
    facts = Facts(
        set_aside=Count(0),
        broker_there=True,
        workers_alive=1,
        waiting_events=backlog.events,
        behind=timedelta(seconds=backlog.oldest_seconds),
        rules_aside=0,
        silent=counted.of("silent"),
        known=counted.known,
        refused_share=0.0,
        room_days=None,
        arrived=True,
    )
    return headline(facts).wrong


def _shown(counted: Counts) -> int:
    return min(max(FEWEST_AGENTS, counted.known - counted.of("fine")), MOST_AGENTS)
