"""All that match and folded rows are what the page showed: what came later was never looked at by anybody."""

import re
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from accounts.models import Change
from alerts import bulk_work, triage
from alerts.escalation import to_team
from alerts.models import Alert, BulkAct, Comment, Status
from alerts.seen import OLDEST, Seen
from soc.web import clock
from tests.alerts.world import event, load, other_team, raised
from tests.people import sign_in

pytestmark = pytest.mark.django_db
BULK, CLOSE = "/alerts/bulk/", {"action": "close", "reason": "benign_positive"}
NO_MOMENTS = (
    "x",
    ":",
    "1:2",
    "-1:2026-11-21T00:00:00Z",
    "1:2026-11-21T00:00:00",
    "1:0001-01-01T00:00:00+00:00",
    "1:0001-01-01T00:00:00+14:00",
    "1:9999-12-31T23:59:59-14:00",
    "1:2026-11-21T00:00:00Z@x",
    "1:2026-11-21T00:00:00Z@-2",
)


@pytest.fixture
def now(tmp_path):
    load(tmp_path, most=1_000)
    return clock.now()


def seen_on(page):
    """What the list gives to the form."""
    return seen_on_text(page.content.decode())


def seen_on_text(text):
    return re.search(r'name="seen" value="([^"]+)"', text).group(1)


def status_of(alert):
    return Alert.objects.get(pk=alert.pk).status


def work(now):
    while bulk_work.work_portion(now=now, worker=uuid4()):
        now += timedelta(seconds=1)


def test_all_that_match_are_those_that_the_page_counted(cast, now):
    shown = raised([event(user__name=f"u{number}", at=now) for number in range(110)], now=now)
    client = sign_in(cast.ana)
    page = client.get("/alerts/?fold=off")
    assert "All 110 matching" in page.content.decode()
    assert "New case from all 110…" in page.content.decode()
    assert "Add all 110 to this case" not in page.content.decode()  # no case is open
    (late,) = raised([event(user__name="attacker", at=now)], now=now)
    client.post(BULK, {**CLOSE, "all": "1", "from": "fold=off", "seen": seen_on(page)})
    work(clock.now())
    assert (BulkAct.objects.get().total, BulkAct.objects.get().done) == (110, 110)
    assert (status_of(shown[0]), status_of(late)) == (Status.CLOSED, Status.OPEN)


def test_a_folded_row_is_those_that_it_counted(cast, now):
    first, second = raised([event(at=now), event(at=now, event__id="2")], now=now)
    client = sign_in(cast.ana)
    seen = seen_on(client.get("/alerts/"))
    (late,) = raised([event(at=now, event__id="3")], now=now)
    assert late.fold == first.fold
    assert client.post(BULK, {**CLOSE, "fold": first.fold.hex(), "seen": seen}).status_code == 303
    assert [status_of(one) for one in (first, second, late)] == [Status.CLOSED, Status.CLOSED, Status.OPEN]


def test_a_folded_row_of_which_a_colleague_has_taken_one_is_asked_about_again(cast, now):
    first, second = raised([event(at=now), event(at=now, event__id="2")], now=now)
    client = sign_in(cast.ana)
    seen = seen_on(client.get("/alerts/"))
    triage.assign(
        alert_ids=[second.pk], assignee=cast.rosa, actor=cast.rosa, now=clock.now(), team_ids=[second.team_id]
    )
    answer = client.post(BULK, {**CLOSE, "fold": first.fold.hex(), "seen": seen})
    assert (answer.status_code, status_of(first)) == (409, Status.OPEN)
    again = answer.context["again"]
    assert client.post(BULK, urlencode(again["fields"]), "application/x-www-form-urlencoded").status_code == 303
    assert status_of(second) == Status.CLOSED


@pytest.mark.parametrize("folded", [True, False], ids=["fold", "tick"])
def test_what_one_has_done_since_the_list_was_drawn_does_not_stand_in_the_way_of_the_next_act(cast, now, folded):
    first, second = raised([event(at=now), event(at=now, event__id="2")], now=now)
    client = sign_in(cast.ana)
    ticks = [f"{one.pk}:{one.version}" for one in (first, second)]
    chosen = {"seen": seen_on(client.get("/alerts/"))} | ({"fold": first.fold.hex()} if folded else {"alert": ticks})
    assert client.post(BULK, {**chosen, "action": "acknowledge"}).status_code == 303
    assert client.post(BULK, {**chosen, "action": "assign", "assignee": ""}).status_code == 303
    triage.assign(
        alert_ids=[second.pk], assignee=cast.rosa, actor=cast.rosa, now=clock.now(), team_ids=[second.team_id]
    )
    assert client.post(BULK, {**CLOSE, **chosen}).status_code == 409
    assert status_of(first) == Status.ACKNOWLEDGED


@pytest.mark.parametrize("first", ["close", "reopen"])
def test_what_one_has_judged_oneself_in_another_tab_is_not_judged_anew_without_asking(cast, now, first):
    alerts = raised([event(at=now), event(user__name="bert", at=now)], now=now)
    by = {"actor": cast.ana, "alert_ids": [one.pk for one in alerts], "team_ids": [alerts[0].team_id]}
    if first == "reopen":
        triage.set_status(status="closed", reason="false_positive", now=now, **by)
    client = sign_in(cast.ana)
    page = client.get("/alerts/?status=closed" if first == "reopen" else "/alerts/")
    ticks = [f"{one.pk}:{Alert.objects.get(pk=one.pk).version}" for one in alerts]
    done = {"action": first, "reason": "true_positive", "alert": ticks[0]}
    assert client.post(BULK, {**done, "seen": seen_on(page)}).status_code == 303
    reason = Alert.objects.get(pk=alerts[0].pk).reason
    answer = client.post(BULK, {**CLOSE, "alert": ticks, "seen": seen_on(page)})
    assert (answer.status_code, Alert.objects.get(pk=alerts[0].pk).reason) == (409, reason)
    assert "Ana" in answer.content.decode()
    again = urlencode(answer.context["again"]["fields"])
    assert client.post(BULK, again, "application/x-www-form-urlencoded").status_code == 303
    assert set(Alert.objects.values_list("reason", flat=True)) == {"benign_positive"}


def test_a_row_whose_alerts_one_has_given_to_another_team_oneself_is_asked_about_again(cast, now):
    same = raised([event(at=now), event(at=now, event__id="2")], now=now)
    cast.ana.teams.add(other_team())
    client = sign_in(cast.ana)
    chosen = {"seen": seen_on(client.get("/alerts/")), "fold": same[0].fold.hex()}
    by = {"actor": cast.ana, "now": clock.now(), "team_ids": [same[0].team_id]}
    to_team(alert_ids=[same[1].pk], team=other_team(), note="Yours.", **by)
    Alert.objects.filter(pk=same[1].pk).update(fold=same[0].fold)
    assert client.post(BULK, {**CLOSE, **chosen}).status_code == 409
    assert [status_of(one) for one in same] == [Status.OPEN] * 2


def test_what_one_has_judged_and_taken_back_is_as_it_was_listed(cast, now):
    (first,) = raised([event(at=now)], now=now)
    client = sign_in(cast.ana)
    chosen = {"seen": seen_on(client.get("/alerts/")), "alert": f"{first.pk}:{first.version}"}
    assert client.post(BULK, {**CLOSE, **chosen, "reason": "true_positive"}).status_code == 303
    group = Change.objects.filter(verb="closed").get().group
    assert client.post(f"/alerts/undo/{group}/").status_code == 303
    assert client.post(BULK, {**CLOSE, **chosen}).status_code == 303
    assert Alert.objects.get().reason == "benign_positive"


@pytest.mark.parametrize("folded", [True, False], ids=["fold", "tick"])
def test_what_a_colleague_began_before_the_list_was_drawn_and_ended_after_it_is_asked_about_again(cast, now, folded):
    first, second = raised([event(at=now), event(at=now, event__id="2")], now=now)
    client = sign_in(cast.ana)
    seen = seen_on(client.get("/alerts/"))
    begun = Seen.read(seen).at - timedelta(seconds=5)
    by = {"actor": cast.rosa, "now": begun, "team_ids": [first.team_id]}
    triage.set_status(alert_ids=[first.pk], status="acknowledged", **by)
    chosen = {"fold": first.fold.hex()} if folded else {"alert": f"{first.pk}:{first.version}"}
    answer = client.post(BULK, {**CLOSE, **chosen, "seen": seen})
    assert (answer.status_code, status_of(first)) == (409, Status.ACKNOWLEDGED)
    again = urlencode(answer.context["again"]["fields"])
    assert client.post(BULK, again, "application/x-www-form-urlencoded").status_code == 303
    assert [status_of(first), status_of(second)] == [Status.CLOSED, Status.CLOSED if folded else Status.OPEN]


def test_a_colleague_who_is_faster_than_the_check_of_a_row_is_noticed(cast, now, monkeypatch):
    first, _ = raised([event(at=now), event(at=now, event__id="2")], now=now)
    client = sign_in(cast.ana)
    chosen = {"seen": seen_on(client.get("/alerts/")), "fold": first.fold.hex()}

    def late(*given, **known):
        by = {"actor": cast.rosa, "now": clock.now(), "team_ids": [first.team_id]}
        triage.set_status(alert_ids=[first.pk], status="acknowledged", **by)
        return set()

    monkeypatch.setattr("alerts.views.bulk.moved_on", late)
    assert client.post(BULK, {**CLOSE, **chosen}).status_code == 409
    assert status_of(first) == Status.ACKNOWLEDGED


def test_a_tick_on_an_alert_of_another_team_tells_nothing_of_it(cast, now):
    (theirs,) = raised([event(at=now)], now=now, team=other_team())
    by = {"actor": cast.otto, "now": clock.now(), "team_ids": [theirs.team_id]}
    triage.set_status(alert_ids=[theirs.pk], status="acknowledged", **by)
    chosen = {"alert": f"{theirs.pk}:1", "seen": Seen(theirs.pk, now).told()}
    answer = sign_in(cast.ana).post(BULK, {**CLOSE, **chosen})
    assert answer.status_code == 404
    assert "Otto" not in answer.content.decode()


@pytest.mark.parametrize("action", [CLOSE, {"action": "note", "text": "Seen"}, {"action": "escalate"}])
def test_a_row_of_which_the_person_sees_nothing_is_refused(cast, now, action):
    first, _ = raised([event(at=now), event(at=now, event__id="2")], now=now)
    raised([event(user__name="his", at=now)], now=now, team=other_team())
    chosen = {"fold": first.fold.hex(), "seen": Seen(first.pk + 1, now).told()}
    answer = sign_in(cast.otto).post(BULK, {**action, **chosen})
    assert answer.status_code == 422
    assert "No alert matches any more." in answer.content.decode()
    assert not Comment.objects.exists()


def test_a_list_that_was_drawn_long_ago_is_to_be_looked_at_again(cast, now):
    first, _ = raised([event(at=now), event(at=now, event__id="2")], now=now)
    client = sign_in(cast.ana)
    old = Seen(first.pk + 1, clock.now() - OLDEST - timedelta(minutes=1)).told()
    for chosen in ({"all": "1"}, {"fold": first.fold.hex()}):
        answer = client.post(BULK, {**CLOSE, **chosen, "seen": old})
        assert answer.status_code == 409
        assert "drawn long ago" in answer.content.decode()
    assert status_of(first) == Status.OPEN


@pytest.mark.parametrize("chosen", ["all", "tick", "fold"])
@pytest.mark.parametrize("seen", NO_MOMENTS)
def test_what_is_no_moment_of_a_list_is_refused(cast, now, seen, chosen):
    first, _ = raised([event(at=now), event(at=now, event__id="2")], now=now)
    tick = {"all": {"all": "1"}, "tick": {"alert": f"{first.pk}:0"}, "fold": {"fold": first.fold.hex()}}[chosen]
    answer = sign_in(cast.ana).post(BULK, {**CLOSE, **tick, "seen": seen})
    assert answer.status_code == 422
    assert "The selection could not be read." in answer.content.decode()
    assert status_of(first) == Status.OPEN


def test_what_came_since_moves_no_row_of_who_acts_and_undo_points_at_what_came_back(cast, now):
    first, second = raised([event(user__name=name, at=now) for name in ("anna", "bert")], now=now)
    client, htmx = sign_in(cast.ana), {"HX-Request": "true"}
    seen = seen_on(client.get("/alerts/"))
    (late,) = raised([event(user__name="attacker", at=now)], now=now)
    chosen = {**CLOSE, "alert": f"{first.pk}:{first.version}", "seen": seen}
    closed = client.post(BULK, chosen, headers=htmx).content.decode()
    assert [f'id="alert-{one.pk}"' in closed for one in (first, second, late)] == [False, True, False]
    assert f"since={seen.partition(':')[0]}&" in closed  # so that it is announced
    undo = re.search(r'action="(/alerts/undo/[^"]+)"', closed).group(1)
    undone = client.post(undo, {"seen": seen_on_text(closed), "rows": "2"}, headers=htmx).content.decode()
    assert [f'id="alert-{one.pk}"' in undone for one in (first, second, late)] == [True, True, False]
    assert re.findall(r'id="alert-(\d+)" class="cursor', undone) == [str(first.pk)]
    assert f'id="alert-{late.pk}"' in client.get("/alerts/").content.decode()


def test_a_list_of_which_nothing_is_left_shows_what_came_since(cast, now):
    (only,) = raised([event(user__name="anna", at=now)], now=now)
    client = sign_in(cast.ana)
    seen = seen_on(client.get("/alerts/"))
    (late,) = raised([event(user__name="attacker", at=now)], now=now)
    chosen = {**CLOSE, "alert": f"{only.pk}:{only.version}", "seen": seen}
    assert f'id="alert-{late.pk}"' in client.post(BULK, chosen, headers={"HX-Request": "true"}).content.decode()


def test_a_list_that_begins_further_down_says_with_which_alert():
    for told in ("7:2026-11-21T00:00:00+00:00", "7:2026-11-21T00:00:00+00:00@5"):
        assert Seen.read(told).told() == told
