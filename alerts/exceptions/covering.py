"""Which of a rule's alerts an exception covers, told by the source events kept with them: what its runs would judge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from alerts.kept import iterate_sources
from alerts.models import Alert, Reason, Status
from engine import Document, Tree, matches
from rules.models import Rule


@dataclass(frozen=True, slots=True)
class Judgement:
    """One alert judged by an exception's entries: how many of them held, one after the other, before one did not."""

    alert_id: int
    document: Document
    held: int
    entries: int

    @property
    def covered(self) -> bool:
        """Whether the exception would have silenced the alert."""
        return self.held == self.entries


def alerts_of(rule: Rule, team_ids: Sequence[int]) -> QuerySet[Alert]:
    """The rule's alerts of these teams, oldest first."""
    return Alert.objects.filter(rule=rule, team_id__in=team_ids).order_by("pk")


def judge_alerts(alerts: Iterable[tuple[int, int]], trees: Sequence[Tree]) -> Iterator[Judgement]:
    """Judge alerts (number and team) by the trees of an exception's entries, a few hundred in memory at a time.

    Costs 50 to 100 µs an alert.
    """
    for alert_id, event in iterate_sources(dict(alerts)):
        document = event.document()
        yield Judgement(alert_id, document, held_entries(trees, document), len(trees))


def held_entries(trees: Sequence[Tree], document: Document) -> int:
    """How many entries hold, from the first on, until one does not."""
    for at, tree in enumerate(trees):
        if not matches(tree, document):
            return at
    return len(trees)


def true_positives_elsewhere(rule: Rule, trees: Sequence[Tree], team_ids: Sequence[int]) -> int:
    """How many true positives of other teams it would have hidden: an exception holds for everybody the rule serves."""
    others = Alert.objects.filter(rule=rule, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    others = others.exclude(team_id__in=team_ids)
    return sum(one.covered for one in judge_alerts(others.values_list("pk", "team_id"), trees))
