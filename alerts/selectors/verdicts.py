"""How the closed alerts of rules were judged: what usually happens."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Count

from alerts.models import Alert, Kind, Status
from alerts.selectors.shapes import NEWEST_VERDICTS, Faults, Verdicts

OLDER = "older"
OF_RULE = f"""
SELECT CASE WHEN nth > {NEWEST_VERDICTS} THEN '{OLDER}' ELSE reason END AS reason, count(*) AS number FROM (
  SELECT reason, row_number() OVER (ORDER BY id DESC) AS nth FROM alerts_alert
  WHERE rule_id = %(rule)s AND team_id = ANY(%(teams)s) AND status = 'closed'
  AND closed_by_exception_id IS NULL AND kind <> 'block' ORDER BY id DESC LIMIT {NEWEST_VERDICTS + 1}
) AS newest GROUP BY 1
"""  # noqa: S608  (a number of ours)
"""The newest verdicts that people gave to a rule's alerts within these teams, counted; one more is told as `OLDER`.
What an exception closed by itself and events of sequences are no verdicts, as below."""


def past_verdicts(rule_ids: Iterable[str], team_ids: Sequence[int]) -> dict[str, Verdicts]:
    """The verdicts that people gave to each rule's alerts within these teams. One query.

    What an exception closed by itself is no verdict: nobody looked at it (docs/figures.md). Nor is an event of a
    sequence: that is judged as a whole.
    """
    wanted = sorted(set(rule_ids))
    if not wanted:
        return {}
    closed = Alert.objects.filter(
        rule_id__in=wanted, team_id__in=team_ids, status=Status.CLOSED, closed_by_exception=None
    ).exclude(kind=Kind.BLOCK)
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for rule_id, reason, number in closed.values_list("rule_id", "reason").annotate(Count("pk")).order_by():
        counts[rule_id][reason] = number
    return {rule_id: Verdicts.of(counts[rule_id]) for rule_id in wanted}


def faults_of(rule_id: str, false_positives: int, team_ids: Sequence[int]) -> Faults:
    """Why so many false positives of a rule within these teams are false, as far as who closed them said it. One query,
    over an index of those that have a fault; none where there are no false positives.

    Only what people closed has a fault, so nothing else needs to be left out than events of sequences.
    """
    if not false_positives:
        return Faults()
    said = Alert.objects.filter(rule_id=rule_id, team_id__in=team_ids).exclude(fault="").exclude(kind=Kind.BLOCK)
    return Faults.of(dict(said.values_list("fault").annotate(Count("pk")).order_by()), false_positives)
