"""Exceptions that wait for a second pair of eyes: nothing is in force before somebody else approved it."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.errors import NotAllowed
from accounts.models import Change, Notice, RolePolicy
from accounts.roles import Role
from accounts.selectors import default_team
from alerts import exceptions
from alerts.errors import (
    AlertError,
    AlreadyExcepted,
    DraftNotFound,
    GuardRefused,
    NoteNeeded,
    OwnDraft,
    ReviewNeeded,
    StaleDraft,
)
from alerts.escalation import to_team
from alerts.models import Alert, ExceptionDraft
from alerts.triage import set_status
from alerts.undo import undo
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, other_team, people, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
CI = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-ci"}]


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event(), event(user__name="other")])


def team():
    return [default_team().pk]


def sent(alert, actor, entries=CI, **given):
    return exceptions.draft(
        alert=alert, entries=entries, reason="The nightly job.", close_matching="benign_positive", actor=actor, now=NOW,
        team_ids=team(), **given,
    )  # fmt: skip


def reviewed(act, draft, actor, version=1, **given):
    return act(draft_id=draft.pk, version=version, actor=actor, now=LATER, team_ids=team(), **given)


def added(alert, actor, entries=CI):
    return exceptions.add(alert=alert, entries=entries, reason="known", actor=actor, now=NOW, team_ids=team())


def drafts_for_analysts():
    RolePolicy.objects.create(role=Role.ANALYST, exceptions=RolePolicy.Exceptions.DRAFT)


def test_a_role_whose_exceptions_need_a_review_can_put_nothing_in_force(alerts, cast):
    others = added(alerts[0], cast.rosa).item
    drafts_for_analysts()
    with pytest.raises(ReviewNeeded):
        added(alerts[2], cast.ana, [CI[0] | {"value": "other"}])
    common = {"actor": cast.ana, "now": LATER, "team_ids": team()}
    for refused in (exceptions.enable, exceptions.disable, exceptions.take_back):
        with pytest.raises(ReviewNeeded):
            refused(item=others, **common)
    with pytest.raises(ReviewNeeded):
        exceptions.edit(item=others, version=1, entries=CI, reason="x", name="x", **common)


def test_approved_it_holds_under_its_authors_name_and_may_be_ended_by_him(alerts, cast):
    drafts_for_analysts()
    draft = sent(alerts[0], cast.ana)
    assert not ExceptionItem.objects.exists()
    result = reviewed(exceptions.approve, draft, cast.rosa)
    assert (result.item.owner, len(result.closed)) == (cast.ana, 2)
    assert Change.objects.get(object_type="exception", verb="create").actor == cast.rosa
    told = Change.objects.get(object_type="exception_draft", verb="approve")
    assert (told.before["state"], told.after["state"], told.after["exception"]) == (
        "waiting", "approved", result.item.pk,
    )  # fmt: skip
    exceptions.disable(item=result.item, actor=cast.ana, now=LATER, team_ids=team())


def test_approved_after_its_alert_went_to_another_team_it_writes_nothing_there(alerts, cast):
    draft = sent(alerts[0], cast.ana)
    given = {"actor": cast.ana, "now": NOW, "team_ids": team()}
    to_team(alert_ids=[alerts[0].pk], team=other_team(), note="Yours.", **given)
    last = Change.objects.latest("pk").pk
    done = reviewed(exceptions.approve, draft, cast.rosa)
    assert done.closed == [alerts[1].pk]
    written = Change.objects.filter(pk__gt=last)
    assert not written.filter(team=other_team()).exists()
    assert not written.filter(object_type="alert", object_id=str(alerts[0].pk)).exists()
    told = written.get(object_type="exception_draft")
    assert (told.team_id, told.note) == (team()[0], "Drafted by Ana, approved by Rosa: The nightly job.")
    assert undo(group=done.group, actor=cast.rosa, now=LATER, team_ids=team()).alerts == [alerts[1].pk]


def test_the_reviewers_are_told_and_then_the_author(alerts, cast):
    draft = sent(alerts[0], cast.ana)
    assert {one.user for one in Notice.objects.filter(kind="review")} == {cast.rosa}
    reviewed(exceptions.send_back, draft, cast.rosa, note="Name the host as well.")
    assert "Name the host" in Notice.objects.get(user=cast.ana).text


def test_who_may_review(alerts, cast):
    draft, own = sent(alerts[0], cast.ana), sent(alerts[2], cast.rosa, [CI[0] | {"value": "other"}])
    for person in (cast.ana, cast.mona, cast.vera):
        with pytest.raises(NotAllowed):
            reviewed(exceptions.approve, draft, person)
    with pytest.raises(OwnDraft):
        reviewed(exceptions.approve, own, cast.rosa)
    with pytest.raises(DraftNotFound):
        exceptions.approve(draft_id=draft.pk, version=1, actor=cast.rosa, now=NOW, team_ids=[other_team().pk])
    with pytest.raises(DraftNotFound):
        reviewed(exceptions.withdraw, draft, cast.rosa)


def test_the_second_reviewer_learns_who_was_first(alerts, cast):
    draft = sent(alerts[0], cast.ana)
    with pytest.raises(NoteNeeded):
        reviewed(exceptions.send_back, draft, cast.rosa, note="")
    reviewed(exceptions.send_back, draft, cast.rosa, note="Narrower, please.")
    with pytest.raises(StaleDraft, match="Rosa returned"):
        reviewed(exceptions.approve, draft, cast.rosa)
    again = sent(alerts[0], cast.ana, replaces=draft.pk)
    draft.refresh_from_db()
    assert (draft.state, again.state) == ("withdrawn", "waiting")
    reviewed(exceptions.withdraw, again, cast.ana)


def test_the_guard_looks_again_when_it_is_approved(alerts, cast):
    draft = sent(alerts[0], cast.ana)
    set_status(
        alert_ids=[alerts[1].pk], status="closed", reason="true_positive", actor=cast.ana, now=NOW, team_ids=team()
    )
    with pytest.raises(GuardRefused):
        reviewed(exceptions.approve, draft, cast.rosa)
    assert not ExceptionItem.objects.exists()
    reviewed(exceptions.approve, draft, cast.rosa, override_guard_reason="That was a drill.")


def test_the_same_is_neither_drafted_twice_nor_approved_beside_an_equal_one(alerts, cast):
    draft = sent(alerts[0], cast.ana)
    with pytest.raises(AlreadyExcepted, match="waits for review"):
        sent(alerts[1], cast.ana)
    added(alerts[1], cast.rosa)
    with pytest.raises(AlreadyExcepted):
        reviewed(exceptions.approve, draft, cast.rosa)


def test_a_draft_goes_with_its_alert(alerts, cast):
    draft = sent(alerts[0], cast.ana)
    Alert.objects.filter(pk=alerts[0].pk).delete()
    with pytest.raises(DraftNotFound):
        reviewed(exceptions.approve, draft, cast.rosa)


@pytest.mark.django_db(transaction=True)
def test_approved_by_two_at_once_it_is_one_exception(tmp_path):
    cast = people()
    load(tmp_path)
    (alert,) = raised([event()])
    draft, start, refused = sent(alert, cast.ana), Barrier(2), []

    def approve():
        start.wait()
        try:
            reviewed(exceptions.approve, draft, cast.rosa)
        except AlertError as error:
            refused.append(error)
        connection.close()

    both = [Thread(target=approve) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert ExceptionItem.objects.count() == 1
    assert [type(error) for error in refused] == [StaleDraft]
    assert ExceptionDraft.objects.get().state == "approved"
