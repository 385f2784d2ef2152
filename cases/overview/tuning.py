"""Which rules cost more than they find: those whose alerts turn out benign or false, weighed by how many they raise.

The verdicts are those that people gave in thirty days (or the range, where that is longer), since a day says too
little about a rule; what an exception closed by itself is no verdict. The time that people spend on a rule is not
recorded, so none is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.overview.closings import Closings
from rules.models import Rule

FEW_VERDICTS = 10
SHOWN = 6
_NONE = Closings()


@dataclass(frozen=True, slots=True)
class NoisyRule:
    """A rule, its alerts in the range, and how its alerts were judged."""

    rule_id: str
    name: str
    alerts: int
    closings: Closings

    @property
    def few(self) -> bool:
        """Too few verdicts to speak of a share."""
        return self.closings.verdicts < FEW_VERDICTS

    @property
    def expected_in_vain(self) -> float:
        """How many of its alerts in the range are benign or false if they are as those before."""
        return self.alerts * (self.closings.in_vain or 0.0)


def worth_tuning(opened: Mapping[str, int], judged: Mapping[str, Closings], limit: int = SHOWN) -> list[NoisyRule]:
    """The rules that raised alerts in the range: most expected in vain first, those with few verdicts last.

    One query, for the names.
    """
    found = [NoisyRule(rule_id, "", alerts, judged.get(rule_id, _NONE)) for rule_id, alerts in opened.items()]
    found.sort(key=lambda one: (one.few, -one.expected_in_vain, -one.alerts, one.rule_id))
    shown = [one for one in found if one.few or one.expected_in_vain][:limit]
    names = dict(Rule.objects.filter(pk__in=[one.rule_id for one in shown]).values_list("pk", "name"))
    return [NoisyRule(one.rule_id, names[one.rule_id], one.alerts, one.closings) for one in shown]
