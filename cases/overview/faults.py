"""Why a rule's false positives were false: its logic, or data that were wrong, as far as who closed them said it.

Faults are counted by a statement of their own, which reads only alerts that have one: the index that all other closings
are told from has no column for them.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.models import Fault, Reason
from cases.overview.closings import BY_HAND, Closings
from cases.overview.states import THEN, Then
from cases.overview.windows import Window

_BY_RULE = f"""
{THEN}
SELECT rule_id, fault, count(*) FROM alert_then
WHERE closed_at > %(start)s AND closed_at <= %(end)s AND closed_at IS NOT NULL
    AND {BY_HAND} AND reason = '{Reason.FALSE_POSITIVE.value}' AND fault <> ''
GROUP BY 1, 2
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Faults:
    """A rule's false positives by why they are: all of them together are its false positives."""

    rule_logic: int = 0
    data_wrong: int = 0
    unsaid: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.rule_logic + self.data_wrong + self.unsaid


def faults_by_rule(then: Then, window: Window, judged: Mapping[str, Closings]) -> dict[str, Faults]:
    """The faults of the false positives in the window, for each rule that was `judged` in it. One query."""
    said: dict[str, dict[str, int]] = defaultdict(dict)
    for rule_id, fault, number in then.rows(_BY_RULE, {"start": window.start, "end": window.end}):
        said[rule_id][fault] = number
    return {rule_id: _faults(closings, said[rule_id]) for rule_id, closings in judged.items()}


def _faults(closings: Closings, said: Mapping[str, int]) -> Faults:
    logic, data = said.get(Fault.RULE_LOGIC, 0), said.get(Fault.DATA_WRONG, 0)
    return Faults(logic, data, closings.false_positive - logic - data)
