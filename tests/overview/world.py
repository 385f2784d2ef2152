"""A SOC whose past can be told: alerts made at any time, and acts on them through the real services, at given times."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import Team, User
from accounts.roles import Role
from alerts.models import Alert, Severity
from rules.models import Rule
from tests.alerts import world as alerts_world
from tests.alerts.world import People

NOW = datetime(2026, 11, 20, 14, 6, tzinfo=UTC)
_NUMBERS = itertools.count(1)


class Soc:
    """Two teams, three rules, and people who may work for both."""

    def __init__(self, folder: Path) -> None:
        self.people: People = alerts_world.people()
        self.core: Team = self.people.ana.teams.get()
        self.other: Team = alerts_world.other_team()
        self.teams = [self.core.pk, self.other.pk]
        severities = (("perl", "high"), ("shell", "low"), ("keys", "critical"))
        self.rules = [
            alerts_world.load(folder, rule_id=name, name=f"Rule {name}", severity=level) for name, level in severities
        ]
        Rule.objects.update(created_at=NOW - timedelta(days=400))
        for person in (self.people.ana, self.people.otto):
            person.teams.set([self.core, self.other])
        self.adam = User.objects.create(username="adam", first_name="Adam", role=Role.ADMIN)

    def alert(self, created_at: datetime, *, team: Team | None = None, **given: Any) -> Alert:
        """An alert as raising makes one, without the event it rests on, which no figure reads."""
        number = next(_NUMBERS)
        rule = given.pop("rule", None) or self.rules[number % 3]
        return Alert.objects.create(
            identity=number.to_bytes(16, "big"),
            team=team or self.core,
            rule=rule,
            revision=rule.revision or rule.revisions.get(),
            name=rule.name,
            severity=given.pop("severity", None) or Severity[rule.severity.upper()],
            risk_score=rule.risk_score,
            event_time=created_at - given.pop("late", timedelta(seconds=number % 90)),
            created_at=created_at,
            host_name=f"web-{number % 5}",
            **given,
        )
