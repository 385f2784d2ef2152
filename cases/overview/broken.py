"""The rules that stood in quarantine at an instant, and so found nothing."""

from collections.abc import Sequence
from datetime import datetime

from cases.overview.sql import rows

_QUARANTINED = """
WITH later AS MATERIALIZED (
    SELECT DISTINCT ON (object_id) object_id AS id, verb FROM accounts_change
    WHERE object_type = 'rule' AND at > %(at)s AND verb IN ('quarantine', 'release') ORDER BY object_id, at, id
)
SELECT r.id, r.name FROM rules_rule r LEFT JOIN later ON later.id = r.id
WHERE r.created_at <= %(at)s AND (r.team_id IS NULL OR r.team_id = ANY(%(teams)s))
    AND coalesce(later.verb = 'release', r.quarantined_at IS NOT NULL)
ORDER BY r.name
"""


def quarantined_at(at: datetime, team_ids: Sequence[int]) -> list[tuple[str, str]]:
    """Id and name of each: the first entry after the instant says what it ended, none that all is as it was."""
    return [(rule_id, name) for rule_id, name in rows(_QUARANTINED, {"at": at, "teams": list(team_ids)})]
