"""One note on several alerts: a comment on each, as one act with one undo, and one word to whom it calls."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import Change, Notice
from alerts import bulk_work, notes, triage, undo
from alerts.errors import NothingToUndo, SomebodyElsesNote, TextRefused, UndoNotWhole
from alerts.models import Alert, BulkAct, Comment
from alerts.selectors.activity import activity_of
from soc.web import clock
from tests.alerts.world import event, load, other_team, raised
from tests.people import sign_in

pytestmark = pytest.mark.django_db
BULK, NOTE = "/alerts/bulk/", {"action": "note", "text": "Seen with the owner of the host"}


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path, most=1_000)
    now = clock.now()
    return raised([event(user__name=f"u{number}", at=now) for number in range(7)], now=now)


def work():
    now = clock.now()
    while bulk_work.work_portion(now=now, worker=uuid4()):
        now += timedelta(seconds=1)


def noted():
    return list(Comment.objects.order_by("alert").values_list("alert", flat=True))


def seen_on(client, address="/alerts/"):
    return client.get(address).context["seen"]


def note_group(**given: Any) -> UUID:
    """Writes a note; the group to take it back by."""
    group = notes.note_all(**given).group
    assert group is not None
    return group


def test_a_selection_is_given_a_note_and_undo_takes_it_off_each(alerts, cast):
    client, chosen = sign_in(cast.ana), alerts[:3]
    ticks = [f"{one.pk}:{one.version}" for one in chosen]
    answer = client.post(BULK, {**NOTE, "alert": ticks}, headers={"HX-Request": "true"}).content.decode()
    assert "Note added to 3 alerts." in answer
    assert noted() == [one.pk for one in chosen]
    assert set(Alert.objects.values_list("version", flat=True)) == {1}
    group = Change.objects.filter(verb="commented").values_list("group", flat=True).distinct().get()
    assert group is not None
    client.post(f"/alerts/undo/{group}/")
    assert noted() == []
    told = Change.objects.filter(verb="undid").order_by("pk")
    texts = [(one.before.get("text"), one.before.get("text_of")) for one in told]
    first = told[0].before["comment"]
    assert texts == [(NOTE["text"], None), (None, first), (None, first)]
    with pytest.raises(NothingToUndo):
        undo.undo(group=group, actor=cast.ana, now=clock.now(), team_ids=[chosen[0].team_id])


def test_nobody_takes_back_what_another_wrote(alerts, cast):
    by: dict[str, Any] = {"now": clock.now(), "team_ids": [alerts[0].team_id]}
    chosen = [one.pk for one in alerts[:2]]
    group = note_group(alert_ids=chosen, text="Seen", actor=cast.ana, **by)
    with pytest.raises(SomebodyElsesNote) as refused:
        undo.undo(group=group, actor=cast.rosa, **by)
    assert refused.value.message == "This note is from Ana, and nobody else can take it back."
    client = sign_in(cast.ana)
    client.post(BULK, {**NOTE, "all": "1", "from": "fold=off", "seen": seen_on(client, "/alerts/?fold=off")})
    work()
    with pytest.raises(SomebodyElsesNote):
        undo.undo(group=BulkAct.objects.get().pk, actor=cast.rosa, **by)
    assert len(noted()) == 9


def test_a_note_is_taken_back_from_the_activity_by_who_wrote_it(alerts, cast):
    one, client = alerts[0], sign_in(cast.ana)
    client.post(BULK, {**NOTE, "alert": [f"{each.pk}:{each.version}" for each in alerts[:3]]})
    page = f"/alerts/{one.pk}/?side=activity"
    undoing = f"/alerts/undo/{Change.objects.filter(verb='commented').latest('pk').group}/"
    client.get(page)  # says what was done, with its undo
    assert undoing in client.get(page).content.decode()
    assert undoing not in sign_in(cast.rosa).get(page).content.decode()
    client.post("/alerts/bulk/", {"action": "acknowledge", "alert": f"{one.pk}:{one.version}"})
    client.get(page)
    assert undoing in client.get(page).content.decode()  # what is done to an alert meanwhile does not matter
    client.post(undoing, {"alert": one.pk})
    assert noted() == []
    assert Alert.objects.get(pk=one.pk).status == "acknowledged"
    assert "took back a comment" in client.get(page).content.decode()


def test_a_comment_is_a_note_of_one_with_its_undo_in_the_toast_and_for_ten_minutes_in_the_activity(alerts, cast):
    one, client = alerts[0], sign_in(cast.ana)
    place, called = f"/alerts/{one.pk}/comments/", f"@{cast.rosa.username} yours?"
    for beside in ({}, {"peek": "1"}):
        answer = client.post(place, {"text": called, **beside}, headers={"HX-Request": "true"}).content.decode()
        group = Change.objects.filter(verb="commented").latest("pk").group
        assert "Comment added." in answer
        assert f"/alerts/undo/{group}/" in answer
        assert Notice.objects.get(user=cast.rosa).text.startswith(f"Ana mentioned you on AL-{one.pk}, ")
        client.post(f"/alerts/undo/{group}/")
        assert (noted(), Notice.objects.count()) == ([], 0)
    now = clock.now()
    written = notes.comment(alert_id=one.pk, text="Seen", actor=cast.ana, now=now, team_ids=[one.team_id])
    for person, later, may in ((cast.ana, 10, True), (cast.ana, 11, False), (cast.rosa, 0, False)):
        (entry,) = [
            each for each in activity_of(one, user=person, now=now + timedelta(minutes=later)) if each.is_comment
        ]
        assert entry.undoable is may
        assert (entry.group == written.group) is (later <= 10)


def test_all_that_match_are_given_a_note_by_a_worker_who_takes_it_back_too(alerts, cast, monkeypatch):
    monkeypatch.setattr(bulk_work, "PORTION", 3)
    client = sign_in(cast.ana)
    client.post(BULK, {**NOTE, "all": "1", "from": "fold=off", "seen": seen_on(client, "/alerts/?fold=off")})
    work()
    act = BulkAct.objects.get()
    assert (act.done, act.skipped) == (7, 0)
    assert noted() == [one.pk for one in alerts]
    assert "Adding the note is done: 7 alerts." in client.get(f"/alerts/bulk/{act.pk}/").content.decode()
    undo.undo(group=act.pk, actor=cast.ana, now=clock.now(), team_ids=[alerts[0].team_id])
    work()
    assert noted() == []
    assert BulkAct.objects.get().done == 7


def test_a_note_on_all_that_match_reaches_what_colleagues_moved_meanwhile(alerts, cast):
    client = sign_in(cast.ana)
    seen = seen_on(client)
    by: dict[str, Any] = {"actor": cast.rosa, "now": clock.now(), "team_ids": [alerts[0].team_id]}
    triage.assign(alert_ids=[alerts[0].pk], assignee=cast.rosa, **by)
    client.post(BULK, {**NOTE, "all": "1", "seen": seen})
    work()
    assert (BulkAct.objects.get().done, BulkAct.objects.get().skipped) == (7, 0)
    assert noted() == [one.pk for one in alerts]


def test_undo_of_a_note_takes_those_off_that_are_left(alerts, cast):
    by: dict[str, Any] = {"actor": cast.ana, "now": clock.now(), "team_ids": [alerts[0].team_id]}
    group = note_group(alert_ids=[one.pk for one in alerts[:2]], text="Seen", **by)
    Comment.objects.filter(alert=alerts[0]).delete()
    assert undo.undo(group=group, **by).alerts == [alerts[1].pk]
    group = note_group(alert_ids=[alerts[0].pk], text="Seen", **by)
    Comment.objects.all().delete()
    with pytest.raises(NothingToUndo):
        undo.undo(group=group, **by)


def test_undo_of_a_note_is_refused_where_some_of_the_alerts_are_of_other_teams(alerts, cast):
    by: dict[str, Any] = {"actor": cast.ana, "now": clock.now(), "team_ids": [alerts[0].team_id]}
    group = note_group(alert_ids=[one.pk for one in alerts[:3]], text="Seen", **by)
    Comment.objects.filter(alert=alerts[0]).delete()
    Alert.objects.filter(pk=alerts[1].pk).update(team=other_team())
    with pytest.raises(UndoNotWhole, match="on 1 alert of other teams as well, where you cannot"):
        undo.undo(group=group, **by)
    assert noted() == [alerts[1].pk, alerts[2].pk]


def test_a_folded_row_is_given_a_note_whoever_acted_or_noted_meanwhile(alerts, cast):
    now = clock.now()
    same = raised([event(event__id=str(number), at=now) for number in range(3)], now=now)
    client, fold = sign_in(cast.ana), same[0].fold.hex()
    seen = seen_on(client)
    by: dict[str, Any] = {"actor": cast.rosa, "now": clock.now(), "team_ids": [same[0].team_id]}
    notes.note_all(alert_ids=[same[0].pk], text="Mine, too", **by)
    assert client.post(BULK, {**NOTE, "fold": fold, "seen": seen}).status_code == 303
    assert noted() == [same[0].pk, *[one.pk for one in same]]
    closing = {"action": "close", "reason": "benign_positive", "fold": fold, "seen": seen}
    assert client.post(BULK, closing).status_code == 303  # a note of a colleague moves nothing on


def test_whom_a_note_on_several_calls_is_told_once_and_no_more_after_undo(alerts, cast):
    by: dict[str, Any] = {"actor": cast.ana, "now": clock.now(), "team_ids": [alerts[0].team_id]}
    group = uuid4()
    for portion in (alerts[:4], alerts[4:]):
        notes.note_all(alert_ids=[one.pk for one in portion], text=f"@{cast.rosa.username} yours?", group=group, **by)
    notice = Notice.objects.get(user=cast.rosa)
    assert "mentioned you on several alerts" in notice.text
    assert notice.path == f"/alerts/{alerts[0].pk}/?side=activity"
    undo.undo(group=group, **by)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001])
def test_a_note_says_something_and_not_too_much(alerts, cast, text):
    ticks = [f"{one.pk}:{one.version}" for one in alerts]
    assert sign_in(cast.ana).post(BULK, {**NOTE, "text": text, "alert": ticks}).status_code == 422
    with pytest.raises(TextRefused):
        notes.checked_note(text)
    assert noted() == []


def test_a_note_that_was_begun_goes_with_the_closing_unless_that_has_its_own(alerts, cast):
    client, ticks = sign_in(cast.ana), [f"{one.pk}:{one.version}" for one in alerts]
    for tick, own, kept in ((ticks[0], "", "Known"), (ticks[1], "Mine", "Mine")):
        client.post(BULK, {"reason": "other", "note": own, "text": "Known", "alert": tick})
        assert Change.objects.filter(verb="closed").latest("pk").note == kept
    assert noted() == []
