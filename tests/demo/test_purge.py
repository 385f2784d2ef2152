"""The demo's past is taken out again without touching anything else, and stored once however often it is laid."""

from typing import Any

import pytest
from django.core.management import call_command

from accounts.keys import create_key
from accounts.models import Notice, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.models import Alert, SuppressedHit
from cases.joining import add_alerts
from cases.models import Case
from cases.opening import open_case
from events.models import Batch, Event
from rules.models import CandidateBlock, ExceptionItem, GroupMark, RuleRun, SeenTerm, TeamHistory
from soc.demo.purge import purge
from soc.demo.team import demo_team
from tests.demo.laying import NOW, lay, with_days
from tests.kept import laid_once


@pytest.fixture(scope="module")
def _laid(django_db_setup, django_db_blocker):
    with laid_once(lambda: with_days(1), django_db_blocker) as copy:
        yield copy


@pytest.fixture
def laid(_laid, db):
    """The key, and what was said of one day."""
    return _laid()


def test_laying_the_same_days_again_stores_nothing_twice(laid):
    demo, first = laid
    stored, alerts = Event.objects.count(), Alert.objects.count()
    second = lay(demo, days=1)
    assert first.events == Event.objects.exclude(index__startswith=".").count()  # alerts are events too
    assert (second.events, Event.objects.count(), Alert.objects.count()) == (0, stored, alerts)


def test_purging_takes_the_demo_out_and_leaves_the_rest(laid):
    real, _ = create_key(name="Real", team=default_team(), actor=None, now=NOW)
    lay(real, days=1)
    kept = Event.objects.filter(team_id=real.team_id).count()
    gone = purge()
    assert gone.events == kept
    assert set(Event.objects.values_list("team_id", flat=True).distinct()) == {real.team_id}
    assert set(Alert.objects.values_list("team_id", flat=True)) == {real.team_id}
    for remembered in (SeenTerm, CandidateBlock, GroupMark, TeamHistory):
        assert set(remembered.objects.values_list("team_id", flat=True)) <= {real.team_id}
    assert set(SuppressedHit.objects.values_list("alert__team_id", flat=True)) <= {real.team_id}
    assert set(Batch.objects.values_list("team_id", flat=True)) == {real.team_id}


def test_purging_says_what_stays(laid, capsys):
    alert = Alert.objects.earliest("id")
    ExceptionItem.objects.create(
        rule=alert.rule, name="The backup console", entries=[], from_alert=alert.pk, created_at=NOW, updated_at=NOW
    )
    shown = Alert.objects.count()
    call_command("purge_demo", "--yes")
    said = capsys.readouterr().out
    assert f"demo cases and {shown} demo alerts." in said
    assert f"Left: {RuleRun.objects.count():,} rows of rule runs" in said
    assert f"  {alert.rule.name}: The backup console" in said


def test_purging_takes_demo_cases_out_and_leaves_what_others_work_on(laid):
    adam = User.objects.create(username="adam", role=Role.ADMIN)
    core, everything = default_team(), [demo_team().pk, default_team().pk]
    moved = list(Alert.objects.exclude(in_case__isnull=False).order_by("pk")[:2])
    Alert.objects.filter(pk__in=[alert.pk for alert in moved]).update(team=core)
    act: dict[str, Any] = {"actor": adam, "now": NOW, "team_ids": everything}
    ours = open_case(team=core, title="Ours", severity=1, **act)
    add_alerts(case_id=ours.pk, alert_ids=[moved[0].pk], **act)
    demos = open_case(team=core, alert_ids=[moved[1].pk], **act)
    Notice.objects.create(user=adam, at=NOW, kind="assigned", text="x", path=f"/cases/{demos.pk}/", key="x")
    gone = purge()
    assert gone.cases >= 1
    assert list(Case.objects.all()) == [ours]
    assert not ours.joined.exists()
    assert not Alert.objects.exists()
    assert not Notice.objects.exists()
