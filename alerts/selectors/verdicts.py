"""How the closed alerts of rules were judged: what usually happens."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection

from alerts.selectors.shapes import NEWEST_VERDICTS, Faults, Verdicts

_OLDER = "older"
_CLOSED = """
  FROM alerts_alert WHERE rule_id = {rule} AND team_id = ANY(%(teams)s) AND status = 'closed'
  AND closed_by_exception_id IS NULL AND kind <> 'block' ORDER BY id DESC LIMIT {most}
"""
_COUNTED = f"""
SELECT CASE WHEN nth > {NEWEST_VERDICTS} THEN '{_OLDER}' ELSE reason END AS reason, count(*) AS number FROM (
  SELECT reason, row_number() OVER (ORDER BY id DESC) AS nth {{closed}}
) AS newest GROUP BY 1
"""  # noqa: S608  (a number of ours)


def _counted(rule: str) -> str:
    return _COUNTED.format(closed=_CLOSED.format(rule=rule, most=NEWEST_VERDICTS + 1))


OF_RULE = _counted("%(rule)s")
"""The newest verdicts that people gave to a rule's alerts within these teams, counted; one more is told as `_OLDER`.
What an exception closed by itself is no verdict: nobody looked at it (docs/figures.md). Nor is an event of a sequence:
that is judged as a whole."""
_OF_RULES = f"""
SELECT wanted.rule, counted.* FROM unnest(%(rules)s::text[]) AS wanted(rule)
CROSS JOIN LATERAL ({_counted("wanted.rule")}) AS counted
"""  # noqa: S608  (texts of ours)
_FAULTS = f"""
SELECT fault, count(*) FROM (
  SELECT fault {_CLOSED.format(rule="%(rule)s", most=NEWEST_VERDICTS)}
) AS newest WHERE fault <> '' GROUP BY 1
"""  # noqa: S608  (texts of ours)


def past_verdicts(rule_ids: Iterable[str], team_ids: Sequence[int]) -> dict[str, Verdicts]:
    """The newest verdicts that people gave to each rule's alerts within these teams, as `OF_RULE` has them: some 500
    entries of an index for each. One query."""
    wanted = sorted(set(rule_ids))
    if not wanted:
        return {}
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_OF_RULES, {"rules": wanted, "teams": list(team_ids)})
        for rule_id, reason, number in cursor.fetchall():
            counts[rule_id][reason] = number
    return {rule_id: verdicts_in(counts[rule_id]) for rule_id in wanted}


def verdicts_in(counts: Mapping[str, int]) -> Verdicts:
    """From what `OF_RULE` counted, by reason."""
    return Verdicts.of(counts, newest=_OLDER in counts)


def faults_of(rule_id: str, false_positives: int, team_ids: Sequence[int]) -> Faults:
    """Why so many false positives among a rule's newest verdicts are false, as far as who closed them said it. One
    query, or none where there are no false positives."""
    if not false_positives:
        return Faults()
    with connection.cursor() as cursor:
        cursor.execute(_FAULTS, {"rule": rule_id, "teams": list(team_ids)})
        return Faults.of(dict(cursor.fetchall()), false_positives)
