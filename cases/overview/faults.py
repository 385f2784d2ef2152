"""Why a rule's false positives were false: its logic, or data that were wrong, as far as who closed them said it.

Faults are counted by a statement of their own, which reads only alerts that have one, from an index of these
(migrations/0002_faults.py). None but false positives that people closed have one (alerts/triage.py).
"""

from collections import defaultdict
from collections.abc import Mapping

from alerts.selectors import Faults
from cases.overview.closings import Closings
from cases.overview.states import THEN, Then
from cases.overview.windows import Window

_BY_RULE = f"""
{THEN}
SELECT rule_id, fault, count(*) FROM alert_then
WHERE closed_at > %(start)s AND closed_at <= %(end)s AND fault <> '' GROUP BY 1, 2
"""  # noqa: S608 - constants of this module


def faults_by_rule(then: Then, window: Window, judged: Mapping[str, Closings]) -> dict[str, Faults]:
    """The faults of the false positives in the window, for each rule that was `judged` in it. One query."""
    said: dict[str, dict[str, int]] = defaultdict(dict)
    for rule_id, fault, number in then.rows(_BY_RULE, {"start": window.start, "end": window.end}):
        said[rule_id][fault] = number
    return {rule_id: Faults.of(said[rule_id], closings.false_positive) for rule_id, closings in judged.items()}
