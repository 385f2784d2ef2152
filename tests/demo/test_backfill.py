"""The demo's past, laid through the real doors, and taken out again without touching anything else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from accounts.keys import create_key
from accounts.models import Notice, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.models import Alert, Kind, Reason, Status, SuppressedHit
from cases.joining import add_alerts
from cases.models import Case
from cases.opening import open_case
from events.ingest import ingest
from events.models import Batch, Event
from rules.loading import load_rules
from rules.models import CandidateBlock, ExceptionItem, GroupMark, RuleRun, SeenTerm, TeamHistory
from soc.demo.backfill import backfill
from soc.demo.company import found
from soc.demo.purge import purge
from soc.demo.stories import STORIES
from soc.demo.team import demo_team
from soc.web.sample import SAMPLE_EVENT
from tests.demo.test_stories import _PACK

_NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@pytest.fixture
def demo(db):
    load_rules(paths=sorted(_PACK.glob("*.toml")), source="pack", actor=None, now=_NOW, enable=True)
    key, _ = create_key(name="Demo", team=demo_team(), actor=None, now=_NOW, demo=True)
    return key


def _lay(key, days=2, now=_NOW, progress=float):
    return backfill(company=found(7), key=key, seed=7, days=days, now=now, progress=progress)


def test_past_days_bring_events_alerts_and_verdicts(demo):
    report = _lay(demo)
    assert report.events > 2_000
    assert Alert.objects.filter(demo=True).count() == report.alerts > 15
    closed = Alert.objects.filter(status=Status.CLOSED)
    assert closed.count() == report.verdicts > 5
    assert {Reason.TRUE_POSITIVE, Reason.BENIGN_POSITIVE} <= set(closed.values_list("reason", flat=True))
    assert Alert.objects.exclude(status=Status.CLOSED).exists()


def test_laying_the_same_days_again_stores_nothing_twice(demo):
    first = _lay(demo, days=1)
    stored, alerts = Event.objects.count(), Alert.objects.count()
    second = _lay(demo, days=1)
    assert first.events == Event.objects.exclude(index__startswith=".").count()  # alerts are events too
    assert (second.events, Event.objects.count(), Alert.objects.count()) == (0, stored, alerts)


def _all_of_it():
    """What the demo is, without the numbers that the database gave."""
    alerts = Alert.objects.order_by("created_at", "name", "event_time")
    told = alerts.values_list("name", "created_at", "event_time", "status", "reason", "closed_at")
    return set(Event.objects.values_list("uid", flat=True)), list(told)


def _interrupt(share):
    if share > 0.5:
        raise KeyboardInterrupt


def test_who_was_interrupted_goes_on_later_and_ends_with_the_past_of_one_go(demo):
    later = _NOW + timedelta(minutes=5)  # nothing that a rule has to learn happens on the day before in these
    with pytest.raises(KeyboardInterrupt):
        _lay(demo, days=1, progress=_interrupt)
    half = Event.objects.count()
    assert half
    _lay(demo, days=1, now=later)
    assert not Batch.objects.filter(state=Batch.State.PENDING).exists()
    resumed = _all_of_it()
    assert len(resumed[0]) > half
    first = purge()
    assert _lay(demo_again(), days=1, now=later).alerts
    whole = _all_of_it()
    # What happened in the five minutes that lie before the later start was laid by the first alone.
    assert whole[0] <= resumed[0]
    assert first.events - len(whole[0]) < 50
    assert [one for one in resumed[1] if one[1] >= later - timedelta(days=1)] == whole[1]


def demo_again():
    return create_key(name="Demo", team=demo_team(), actor=None, now=_NOW, demo=True)[0]


def test_laying_the_past_leaves_what_real_agents_sent_to_its_own_time(demo):
    real, _ = create_key(name="Real", team=default_team(), actor=None, now=_NOW)
    sent = ingest(
        key=real, body=SAMPLE_EVENT.encode(), content_type="application/x-ndjson", content_encoding="",
        idempotency_key=None, now=_NOW,
    )  # fmt: skip
    _lay(demo, days=1)
    assert list(Batch.objects.filter(state=Batch.State.PENDING).values_list("pk", flat=True)) == [sent.batch_id]


def test_purging_takes_the_demo_out_and_leaves_the_rest(demo):
    _lay(demo, days=1)
    real, _ = create_key(name="Real", team=default_team(), actor=None, now=_NOW)
    _lay(real, days=1)
    kept = Event.objects.filter(team_id=real.team_id).count()
    gone = purge()
    assert gone.events == kept
    assert set(Event.objects.values_list("team_id", flat=True).distinct()) == {real.team_id}
    assert set(Alert.objects.values_list("team_id", flat=True)) == {real.team_id}
    for remembered in (SeenTerm, CandidateBlock, GroupMark, TeamHistory):
        assert set(remembered.objects.values_list("team_id", flat=True)) <= {real.team_id}
    assert set(SuppressedHit.objects.values_list("alert__team_id", flat=True)) <= {real.team_id}
    assert set(Batch.objects.values_list("team_id", flat=True)) == {real.team_id}


def test_purging_says_what_stays(demo, capsys):
    _lay(demo, days=1)
    alert = Alert.objects.earliest("id")
    ExceptionItem.objects.create(
        rule=alert.rule, name="The backup console", entries=[], from_alert=alert.pk, created_at=_NOW, updated_at=_NOW
    )
    shown = Alert.objects.count()
    call_command("purge_demo", "--yes")
    said = capsys.readouterr().out
    assert f"demo cases and {shown} demo alerts." in said
    assert f"Left: {RuleRun.objects.count():,} rows of rule runs" in said
    assert f"  {alert.rule.name}: The backup console" in said


def test_a_newcomer_finds_a_case_past_its_date_one_that_waits_and_one_closed(demo):
    report = _lay(demo, days=4)
    cases = Case.objects.order_by("pk")
    assert report.cases == cases.count() == 3
    late, held, closed = cases
    assert (late.status, late.phase, held.status, closed.status) == ("in_progress", "investigate", "on_hold", "closed")
    assert late.due_at is not None
    assert held.wake_at is not None
    assert closed.closed_at is not None
    assert late.opened_at < late.due_at < _NOW < held.wake_at
    assert closed.opened_at < closed.closed_at < _NOW
    assert all(case.demo and case.joined.exists() for case in cases)
    assert late.tasks.filter(state="done").exists()
    assert late.tasks.filter(state="open").exists()
    assert _lay(demo, days=4).cases == 0


def test_purging_takes_demo_cases_out_and_leaves_what_others_work_on(demo):
    _lay(demo, days=1)
    adam = User.objects.create(username="adam", role=Role.ADMIN)
    core, everything = default_team(), [demo_team().pk, default_team().pk]
    moved = list(Alert.objects.exclude(in_case__isnull=False).order_by("pk")[:2])
    Alert.objects.filter(pk__in=[alert.pk for alert in moved]).update(team=core)
    act: dict[str, Any] = {"actor": adam, "now": _NOW, "team_ids": everything}
    ours = open_case(team=core, title="Ours", severity=1, **act)
    add_alerts(case_id=ours.pk, alert_ids=[moved[0].pk], **act)
    demos = open_case(team=core, alert_ids=[moved[1].pk], **act)
    Notice.objects.create(user=adam, at=_NOW, kind="assigned", text="x", path=f"/cases/{demos.pk}/", key="x")
    gone = purge()
    assert gone.cases >= 1
    assert list(Case.objects.all()) == [ours]
    assert not ours.joined.exists()
    assert not Alert.objects.exists()
    assert not Notice.objects.exists()


def test_rules_that_look_at_several_events_alert_when_they_would_have(demo, monkeypatch):
    about = [story for story in STORIES if story.rule == "Suspicious Python Shell Command Execution"]
    monkeypatch.setattr("soc.demo.timeline.STORIES", about)
    report = _lay(demo, days=1)
    alerts = Alert.objects.filter(rule__name=about[0].rule)
    assert alerts.count() > 3
    assert set(alerts.values_list("kind", flat=True)) == {Kind.GROUP}
    assert all(timedelta(0) < one.created_at - one.event_time < timedelta(minutes=1) for one in alerts)
    assert alerts.filter(status=Status.CLOSED).exists()
    assert report.alerts == Alert.objects.filter(demo=True).count()
