"""Which of a rule's alerts an exception covers, told by the events kept with them: what its runs would judge.

An exception takes single events out, before they are joined. So a sequence or sample is covered by what covers any of
its events, and a count by what leaves too few of them. What a pipeline made is covered where its row is, or where its
row surely comes out no more (alerts/exceptions/rows.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.db.models import QuerySet

from alerts.exceptions.joined import JOINED, held_entries, judge_joined
from alerts.exceptions.rows import KINDS, judge_rows
from alerts.kept import iterate_sources
from alerts.models import Alert, Kind, Reason, Status
from engine import Document, Tree
from rules.models import Rule


@dataclass(frozen=True, slots=True)
class Judgement:
    """One alert judged by an exception's entries: how many of them held, one after the other, before one did not.

    `of_kept`: all held for every event kept with it, yet there were more: it is not called covered.
    """

    alert_id: int
    document: Document
    held: int
    entries: int
    of_kept: bool = False

    @property
    def covered(self) -> bool:
        """Whether the exception would have silenced the alert."""
        return self.held == self.entries


def alerts_of(rule: Rule, team_ids: Sequence[int]) -> QuerySet[Alert]:
    """The rule's alerts of these teams, oldest first; the events of a sequence count as the one alert they make."""
    return Alert.objects.filter(rule=rule, team_id__in=team_ids).exclude(kind=Kind.BLOCK).order_by("pk")


def judge_alerts(alerts: Iterable[tuple[int, int]], trees: Sequence[Tree]) -> Iterator[Judgement]:
    """Judge alerts (number and team) by the trees of an exception's entries, a few hundred in memory at a time.

    Costs 50 to 100 µs an event, and a query to tell joined alerts from the others.
    """
    teams = dict(alerts)
    if not teams:
        return
    several = Alert.objects.filter(pk__in=list(teams), kind__in=[*JOINED, *KINDS])
    rows, joined = _apart(several.select_related("rule").only(*_COLUMNS))
    for one in chain(judge_joined(joined, trees), judge_rows(rows, trees)):
        del teams[one.alert.pk]
        yield Judgement(one.alert.pk, one.document, one.held, len(trees), one.of_kept)
    for alert_id, event in iterate_sources(teams) if teams else ():
        document = event.document()
        yield Judgement(alert_id, document, held_entries(trees, document), len(trees))


_COLUMNS = ("id", "kind", "facts", "identity", "team_id", "revision_id", "rule_id", "rule__overrides")


def _apart(alerts: Iterable[Alert]) -> tuple[list[Alert], list[Alert]]:
    """The alerts of pipelines, and those that join events."""
    found = list(alerts)
    return [one for one in found if one.kind in KINDS], [one for one in found if one.kind not in KINDS]


def true_positives_elsewhere(rule: Rule, trees: Sequence[Tree], team_ids: Sequence[int]) -> int:
    """How many true positives of other teams it would have hidden: an exception holds for everybody the rule serves."""
    others = Alert.objects.filter(rule=rule, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    others = others.exclude(team_id__in=team_ids).exclude(kind=Kind.BLOCK)
    return sum(one.covered for one in judge_alerts(others.values_list("pk", "team_id"), trees))
