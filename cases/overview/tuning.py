"""Which rules cost more than they find: those whose alerts turn out benign or false, weighed by how many they raise.

The verdicts are those that people gave in thirty days (or the range, where that is longer), since a day says too
little about a rule; what an exception closed by itself is no verdict. A false positive whose data were wrong no tuning
would have spared: it is a verdict like the others, but does not speak for tuning. The time that people spend on a rule
is not recorded, so none is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alerts.selectors import Faults
from cases.overview.closings import Closings
from rules.models import Rule

FEW_VERDICTS = 10
SHOWN = 6
_NONE, _NO_FAULTS = Closings(), Faults()


@dataclass(frozen=True, slots=True)
class NoisyRule:
    """A rule, its alerts in the range, how its alerts were judged, and why those that were false are."""

    rule_id: str
    name: str
    alerts: int
    closings: Closings
    faults: Faults

    @property
    def few(self) -> bool:
        """Too few verdicts to speak of a share."""
        return self.closings.verdicts < FEW_VERDICTS

    @property
    def worth(self) -> float:
        """How many of its alerts in the range tuning could spare, if they are as those before: benign, or false for
        another reason than wrong data."""
        closings = self.closings
        sparable = closings.benign + closings.false_positive - self.faults.data_wrong
        return self.alerts * sparable / closings.verdicts if closings.verdicts else 0.0


def worth_tuning(
    opened: Mapping[str, int], judged: Mapping[str, Closings], faults: Mapping[str, Faults], limit: int = SHOWN
) -> list[NoisyRule]:
    """The rules that raised alerts in the range: what tuning is worth most for first, those with few verdicts last.

    One query, for the names.
    """
    found = [
        NoisyRule(rule_id, "", alerts, judged.get(rule_id, _NONE), faults.get(rule_id, _NO_FAULTS))
        for rule_id, alerts in opened.items()
    ]
    found.sort(key=lambda one: (one.few, -one.worth, -one.alerts, one.rule_id))
    shown = [one for one in found if one.few or one.worth][:limit]
    names = dict(Rule.objects.filter(pk__in=[one.rule_id for one in shown]).values_list("pk", "name"))
    return [replace(one, name=names[one.rule_id]) for one in shown]
