"""One note on several alerts: a comment on each, as one act with one undo, and one word to whom it calls."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import Change, Notice
from alerts import bulk_work, notes, undo
from alerts.errors import NothingToUndo, TextRefused
from alerts.models import Alert, BulkAct, Comment
from soc.web import clock
from tests.alerts.world import event, load, raised
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
    assert [one.before["text"] for one in told] == [NOTE["text"]] * 3
    with pytest.raises(NothingToUndo):
        undo.undo(group=group, actor=cast.ana, now=clock.now(), team_ids=[chosen[0].team_id])


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


def test_a_folded_row_is_given_a_note_whoever_acted_or_noted_meanwhile(alerts, cast):
    now = clock.now()
    same = raised([event(event__id=str(number), at=now) for number in range(3)], now=now)
    client, fold = sign_in(cast.ana), same[0].fold.hex()
    seen = seen_on(client)
    by = {"actor": cast.rosa, "now": clock.now(), "team_ids": [same[0].team_id]}
    notes.note_all(alert_ids=[same[0].pk], text="Mine, too", **by)
    assert client.post(BULK, {**NOTE, "fold": fold, "seen": seen}).status_code == 303
    assert noted() == [same[0].pk, *[one.pk for one in same]]
    closing = {"action": "close", "reason": "benign_positive", "fold": fold, "seen": seen}
    assert client.post(BULK, closing).status_code == 303  # a note of a colleague moves nothing on


def test_whom_a_note_on_several_calls_is_told_once_and_no_more_after_undo(alerts, cast):
    by = {"actor": cast.ana, "now": clock.now(), "team_ids": [alerts[0].team_id]}
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
