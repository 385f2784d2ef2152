"""A small world for the tests of cases: a rule with a guide, and alerts raised through the real doors."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from accounts.models import Change, Team, User
from alerts.evaluation import judge_lookbacks
from alerts.models import Alert
from cases.models import Case
from cases.opening import open_case
from rules.loading import Status, load_rules
from tests.alerts import world
from tests.people import People

NOW = world.NOW
MINUTE = timedelta(minutes=1)
GUIDE = """
## Triage and analysis

### Response and remediation

- Isolate the involved host from the network.
- Reset every secret that the process can read.
"""


def load(
    folder: Path, *, rule_id: str = "perl", name: str = "Perl was started", note: str = GUIDE, **given: Any
) -> None:
    """Load a rule with a guide and switch it on; loading it again with another note makes a new revision."""
    text = world.RULE.format(
        rule_id=rule_id,
        name=name,
        query=given.get("query", world.PERL),
        severity=given.get("severity", "high"),
        risk=73,
        interval="5m",
        most=100,
        more=f'note = """{note}"""\n',
    )
    path = folder / f"{rule_id}.toml"
    path.write_text(text)
    report = load_rules(paths=[path], source="test", actor=None, now=NOW - timedelta(days=30), enable=True)
    assert report.count(Status.ERROR) == 0, report.errors
    judge_lookbacks(now=NOW - timedelta(days=30), worker=uuid4())


def alerts(number: int = 1, *, team: Team | None = None, **fields: Any) -> list[Alert]:
    """As many alerts as asked for, of distinct events a second apart."""
    events = [world.event(NOW + timedelta(seconds=place), process__pid=place, **fields) for place in range(number)]
    return world.raised(events, team=team)


def seen_by(person: User) -> list[int]:
    """The ids of the person's teams."""
    return list(person.teams.values_list("pk", flat=True))


def opened(people: People, found: Sequence[Alert] = (), **given: Any) -> Case:
    """A case that Ana opened."""
    values: dict[str, Any] = {"title": "Perl everywhere", "severity": 3} if not found else {}
    values |= {"team": people.core, "actor": people.ana, "now": NOW, "team_ids": [people.core.pk]} | given
    return open_case(alert_ids=[alert.pk for alert in found], **values)


def by(person: User, **given: Any) -> dict[str, Any]:
    """What every service asks besides: who acts, when, and what he sees."""
    return {"actor": person, "now": NOW, "team_ids": seen_by(person)} | given


def verbs(case: Case) -> list[str]:
    """The record of a case, oldest first."""
    record = Change.objects.filter(object_type="case", object_id=str(case.pk))
    return list(record.order_by("pk").values_list("verb", flat=True))
