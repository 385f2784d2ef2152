"""Which events are demo telemetry: those that came by a demo key. Their alerts are labelled and can be purged apart."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from accounts.models import ApiKey
from events.models import Batch
from events.store import StoredEvent


def demo_batches(batches: Sequence[Batch]) -> set[int]:
    """The numbers of those batches that a demo key sent. One query."""
    numbers = [batch.pk for batch in batches]
    return set(Batch.objects.filter(pk__in=numbers, api_key__demo=True).values_list("pk", flat=True))


class DemoMoments:
    """Demo arrivals, by team and instant, for events that are read from the store rather than from their batch.

    Every event of a request carries the request's instant of arrival, to the microsecond. Batches are kept for days,
    events for months: when the batch is gone, the team tells, which is the demo's own if all of its keys are demo keys.
    One query per set of events, and one for the teams.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, datetime], bool] = {}
        self._teams: set[int] | None = None

    def mark(self, events: Iterable[StoredEvent]) -> list[tuple[StoredEvent, bool]]:
        """The events, each with whether it is demo telemetry."""
        events = list(events)
        self._look_up({event.ingested for event in events if (event.team_id, event.ingested) not in self._known})
        return [(event, self._is_demo(event)) for event in events]

    def _is_demo(self, event: StoredEvent) -> bool:
        told = self._known.get((event.team_id, event.ingested))
        return told if told is not None else event.team_id in self._demo_teams()

    def _demo_teams(self) -> set[int]:
        if self._teams is None:
            mixed = ApiKey.objects.filter(demo=False).values("team_id")
            demo = ApiKey.objects.filter(demo=True).exclude(team_id__in=mixed)
            self._teams = set(demo.values_list("team_id", flat=True))
        return self._teams

    def _look_up(self, moments: set[datetime]) -> None:
        if not moments:
            return
        rows = Batch.objects.filter(ingested_at__in=moments).values_list("team_id", "ingested_at", "api_key__demo")
        for team_id, at, demo in rows:
            self._known[team_id, at] = self._known.get((team_id, at), False) or bool(demo)
