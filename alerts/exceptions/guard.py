"""The true-positive guard: an exception that would have hidden one is saved only by somebody who may, and says why."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from accounts.access import may
from accounts.models import User
from accounts.roles import Permission
from alerts.errors import GuardRefused
from alerts.exceptions.covering import alerts_of, judge_alerts, positives_elsewhere, true_positives_elsewhere
from alerts.exceptions.groups import Groups
from alerts.models import Reason, Status
from rules.models import Rule

_TOGETHER = 100
PASSED = "true positives, saved nevertheless:"
"""What the record says where the guard was passed."""

Part = tuple[Rule | Sequence[Rule], Groups]
"""Rules, with the groups of entries that are to hold for them."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The true positives that would have been hidden: numbers of those a person may see, and how many others."""

    alert_ids: Sequence[int] = ()
    elsewhere: int = 0

    @property
    def total(self) -> int:
        """How many they are."""
        return len(self.alert_ids) + self.elsewhere


def check_guard(
    *, rules: Rule | Sequence[Rule], groups: Groups, team_ids: Sequence[int], actor: User, override: str
) -> str:
    """Let the entries through, or refuse; returns the note for the record when the guard was overridden.

    Raises: GuardRefused.
    """
    return check_parts([(rules, groups)], team_ids=team_ids, actor=actor, override=override)


def check_parts(parts: Iterable[Part], *, team_ids: Sequence[int], actor: User, override: str) -> str:
    """The same where rules are to have different entries. Raises: GuardRefused."""
    return check_hidden(hidden_by(parts, team_ids), actor=actor, override=override)


def check_hidden(hidden: Hidden, *, actor: User, override: str) -> str:
    """The same where it is known what would have been hidden. Raises: GuardRefused."""
    if not hidden.total:
        return ""
    if not override.strip() or not may(actor, Permission.OVERRIDE_GUARD):
        raise GuardRefused(alert_ids=hidden.alert_ids, elsewhere=hidden.elsewhere)
    return f"Hides {hidden.total} {PASSED} {override.strip()}"


def hidden_by(parts: Iterable[Part], team_ids: Sequence[int]) -> Hidden:
    """The true positives that these entries would have hidden. Some 20 to 60 µs for each true positive of the rules."""
    mine: list[int] = []
    elsewhere = 0
    for rules, groups in parts:
        closed = alerts_of(rules, team_ids).filter(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
        mine += [one.alert_id for one in judge_alerts(closed.values_list("pk", "team_id"), groups) if one.covered]
        elsewhere += true_positives_elsewhere(rules, groups, team_ids)
    return Hidden(mine, elsewhere)


def hidden_by_each(rule: Rule, groups: Groups, team_ids: Sequence[int], check_time: Callable[[], None]) -> list[Hidden]:
    """The true positives of a rule that each of these would have hidden by itself; they are read once for a hundred of
    them. `check_time` is asked between, and may end it by an error."""
    mine: list[list[int]] = [[] for _ in groups]
    others = [0] * len(groups)
    closed = alerts_of(rule, team_ids).filter(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    own, elsewhere = (list(one.values_list("pk", "team_id")) for one in (closed, positives_elsewhere(rule, team_ids)))
    for start in range(0, len(groups), _TOGETHER):
        portion = groups[start : start + _TOGETHER]
        for alerts, is_mine in ((own, True), (elsewhere, False)):
            for one in judge_alerts(alerts, portion):
                check_time()
                for at, (most, trees) in enumerate(zip(one.held, portion, strict=True), start):
                    if most == len(trees) and is_mine:
                        mine[at].append(one.alert_id)
                    elif most == len(trees):
                        others[at] += 1
    return [Hidden(*told) for told in zip(mine, others, strict=True)]
