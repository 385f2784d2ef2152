"""Which of a rule's alerts exceptions cover, told by the events kept with them: what its runs would judge.

An exception takes single events out, before they are joined. So a sequence or sample is covered by what covers any of
its events, and a count by what leaves too few of them. What a pipeline made is covered where its row is, or where its
row surely comes out no more (alerts/exceptions/rows.py). Several exceptions that are written together (OR groups) are
judged together: what each takes out of a count adds up.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from django.db.models import QuerySet

from alerts.exceptions.groups import Groups, all_entries, held_by_all
from alerts.exceptions.joined import JOINED, judge_joined
from alerts.exceptions.rows import KINDS, judge_rows
from alerts.kept import iterate_documents
from alerts.models import Alert, Kind, Reason, Status
from engine import Document, Tree
from engine.few_fields import FewFields
from engine.tree import fields_of
from rules.models import Rule


class Judgement(NamedTuple):
    """One alert judged by the entries of each group: how many of them held, one after the other, before one did not.

    `by`: the place of the first group that covers the alert, together with those before it; None when all of them do
    not. `of_kept`: all held for every event kept with it, yet there were more: it is not called covered.
    """

    alert_id: int
    document: Document
    held: tuple[int, ...]
    by: int | None
    of_kept: bool = False

    @property
    def covered(self) -> bool:
        """Whether the exceptions would have silenced the alert."""
        return self.by is not None


def alerts_of(rules: Rule | Sequence[Rule], team_ids: Sequence[int]) -> QuerySet[Alert]:
    """The alerts of rules, of these teams, oldest first; the events of a sequence count as the one alert they make."""
    several = [rules] if isinstance(rules, Rule) else list(rules)
    found = Alert.objects.filter(rule__in=several, team_id__in=team_ids)
    return found.exclude(kind=Kind.BLOCK).order_by("pk")


def judge_alerts(
    alerts: Iterable[tuple[int, int]],
    groups: Groups,
    looked_at: Iterable[str] = (),
    several: Collection[int] | None = None,
) -> Iterator[Judgement]:
    """Judge alerts (number and team) by the trees of each group's entries, a few hundred in memory at a time.

    `looked_at` are fields that the caller will ask of the documents, `several` the numbers of those that rest on more
    than one event, where that is known (`is_of_several`). Costs 20 to 60 µs an event, since only fields that are asked
    for are read, and else a query to tell joined alerts from the others.
    """
    teams = dict(alerts)
    if not teams:
        return
    rows, joined = _apart(list(teams) if several is None else list(several))
    for one in chain(judge_joined(joined, groups), judge_rows(rows, groups)):
        del teams[one.alert.pk]
        yield Judgement(one.alert.pk, one.document, one.held, one.by, one.of_kept)
    few = few_fields_of(all_entries(groups), looked_at)
    for alert_id, document in iterate_documents(teams, few) if teams else ():
        held = held_by_all(groups, document)
        yield Judgement(alert_id, document, held, _first_whole(held, groups))


def few_fields_of(trees: Iterable[Tree], looked_at: Iterable[str] = ()) -> FewFields:
    """What has to be read of documents to judge them by these trees, and to be asked these fields besides."""
    asked = {name for tree in trees for name in fields_of(tree)} | set(looked_at)
    return _few_fields(frozenset(filter(_PLAIN_NAME.fullmatch, asked)))  # what no decoder can have is read in full


def covers(groups: Groups, document: Document) -> bool:
    """Whether any group takes this event out."""
    return _first_whole(held_by_all(groups, document), groups) is not None


@lru_cache(maxsize=64)
def _few_fields(names: frozenset[str]) -> FewFields:
    """Made once for the same names: a preview asks in portions, and the next edit mostly asks the same."""
    return FewFields(sorted(names))


_PLAIN_NAME = re.compile(r"[@\w.-]+", re.ASCII)
_COLUMNS = ("id", "kind", "facts", "identity", "team_id", "revision_id", "rule_id", "rule__overrides")


def _first_whole(held: Sequence[int], groups: Groups) -> int | None:
    """The first group of which every entry holds."""
    return next((at for at, (most, trees) in enumerate(zip(held, groups, strict=True)) if most == len(trees)), None)


def is_of_several(kind: str) -> bool:
    """Whether alerts of this kind are judged by more than the one event they rest on."""
    return kind in JOINED or kind in KINDS


def _apart(numbers: Sequence[int]) -> tuple[list[Alert], list[Alert]]:
    """Of these the alerts of pipelines, and those that join events."""
    several = Alert.objects.filter(pk__in=numbers, kind__in=[*JOINED, *KINDS])
    found = list(several.select_related("rule").only(*_COLUMNS)) if numbers else []
    return [one for one in found if one.kind in KINDS], [one for one in found if one.kind not in KINDS]


def positives_elsewhere(rules: Rule | Sequence[Rule], team_ids: Sequence[int]) -> QuerySet[Alert]:
    """The true positives of other teams, newest first: an exception holds for everybody the rule serves."""
    several = [rules] if isinstance(rules, Rule) else list(rules)
    others = Alert.objects.filter(rule__in=several, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    return others.exclude(team_id__in=team_ids).exclude(kind=Kind.BLOCK).order_by("-pk")


def true_positives_elsewhere(rules: Rule | Sequence[Rule], groups: Groups, team_ids: Sequence[int]) -> int:
    """How many true positives of other teams it would have hidden; all of them are looked at."""
    others = positives_elsewhere(rules, team_ids).values_list("pk", "team_id")
    return sum(one.covered for one in judge_alerts(others, groups))
