"""Drafts that wait are looked at together: as exact as each preview, and at the cost of one."""

from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.exceptions import draft, looks, preview
from alerts.exceptions.drafts import waiting_for
from alerts.exceptions.looks import look_at
from alerts.exceptions.scope import scope_of
from alerts.models import Alert, ExceptionDraft, Reason, Status
from alerts.triage import set_status
from rules import shared
from tests.alerts.world import NOW, event, load, other_team, raised
from tests.people import sign_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
LONG = 1e12


def on(host, field="host.name"):
    return [{"field": field, "type": "match", "operator": "included", "value": host}]


@pytest.fixture
def drafts(tmp_path, cast):
    """Of Ana's, on a rule, on two rules, of two groups, and for a shared list; among true positives of two teams."""
    first = load(tmp_path, most=1_000)
    second = load(tmp_path, rule_id="two", name="Two", most=1_000)
    alerts = raised([event(host__name=f"h{number % 4}", user__name=f"u{number % 3}") for number in range(12)])
    theirs = raised([event(host__name="h1")], team=other_team())
    told = {"status": Status.CLOSED, "actor": cast.ana, "now": LATER}
    for at, reason in ((0, Reason.TRUE_POSITIVE), (3, Reason.BENIGN_POSITIVE)):
        set_status(alert_ids=[alerts[at].pk], reason=reason, **told, team_ids=[alerts[0].team_id])
    Alert.objects.filter(pk__in=[one.pk for one in theirs]).update(status="closed", reason="true_positive")
    Alert.objects.filter(pk=alerts[5].pk).update(suppressed=2)
    shared.create_list(list_id="known", name="Known", rules=[first, second], actor=cast.rosa, now=LATER)
    mine = next(one for one in alerts if one.rule_id == first.pk)
    by = {"alert": mine, "reason": "r", "actor": cast.ana, "now": LATER, "team_ids": [mine.team_id]}
    draft(entries=on("h0"), close_matching="benign_positive", **by)
    draft(entries=on("h1"), rule_ids=["two"], **by)
    draft(entries=on("u1", "user.name"), more=[on("h2")], **by)
    draft(entries=on("h3"), list_id="known", **by)
    return list(waiting_for(cast.rosa, [mine.team_id]))


def teams(drafts):
    return [drafts[0].team_id]


def as_previewed(one, team_ids):
    rules = scope_of(one.rule, one.rule_ids, one.list_id).rules
    seen = preview(rule=one.rule, entries=one.entries, more=one.more, rules=rules, team_ids=team_ids, now=LATER)
    hidden = seen.by_verdict["true_positive"]
    return seen.total, seen.silenced, hidden, seen.true_positives_elsewhere, seen.open_matching


def told(look):
    return look.total, look.silenced, look.hidden, look.elsewhere, look.open_matching


@pytest.mark.parametrize("together", [5_000, 0])
def test_each_look_says_what_the_preview_says(drafts, monkeypatch, together):
    monkeypatch.setattr(looks, "MOST_TOGETHER", together)
    found = look_at(drafts, teams(drafts), LATER, until=LONG)
    assert [told(found[one.pk]) for one in drafts] == [as_previewed(one, teams(drafts)) for one in drafts]
    assert any(look.hidden for look in found.values())
    assert any(look.elsewhere for look in found.values())


def test_a_draft_more_costs_no_further_query(drafts, cast):
    waiting = drafts[1]
    with CaptureQueriesContext(connection) as few:
        look_at(drafts, teams(drafts), LATER, until=LONG)
    several = [ExceptionDraft.objects.get(pk=waiting.pk) for _ in range(8)]
    for number, one in enumerate(several):
        one.pk, one.entries = None, on(f"h9{number}")
        one.save()
    all_of_them = list(waiting_for(cast.rosa, teams(drafts)))
    with CaptureQueriesContext(connection) as many:
        look_at(all_of_them, teams(drafts), LATER, until=LONG)
    assert (len(all_of_them), len(many)) == (12, len(few))
    assert len(few) < 8
    client = sign_in(cast.rosa)
    with CaptureQueriesContext(connection) as page:
        assert client.get("/exceptions/").status_code == 200
    assert len(page) < 40, len(page)


def test_what_cannot_be_looked_at_says_why_and_keeps_no_other_draft(drafts):
    ExceptionDraft.objects.filter(pk=drafts[1].pk).update(rule_ids=["gone"])
    ExceptionDraft.objects.filter(pk=drafts[3].pk).update(list_id="gone")
    again = list(ExceptionDraft.objects.select_related("rule", "alert").order_by("pk"))
    found = look_at(again, teams(drafts), LATER, until=LONG)
    assert found[drafts[1].pk] == "There is no rule gone."
    assert found[drafts[3].pk] == "There is no such shared list any more."
    assert found[drafts[0].pk].silenced


def test_when_there_are_too_many_alerts_and_no_time_is_left_it_is_said(drafts, monkeypatch):
    monkeypatch.setattr(looks, "MOST_TOGETHER", 0)
    found = look_at(drafts, teams(drafts), LATER, until=monotonic() - 1)
    assert set(found.values()) == {None}
