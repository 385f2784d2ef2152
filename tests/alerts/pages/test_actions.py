"""What people do: acknowledge, close, assign, comment, undo; with and without htmx; and who was first."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from alerts.models import Alert, BulkAct, Comment
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World


def status(alert: Alert) -> str:
    return reverse("alerts:set_status", args=[alert.pk])


def test_closing_without_javascript_redirects_and_offers_undo(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    form = {"version": alert.version, "status": "closed", "reason": "benign_positive"}
    answer = ana.post(status(alert), form)
    assert answer.status_code == 303
    page = ana.get(answer["Location"]).content.decode()
    assert "Closed as benign positive." in page
    assert "/alerts/undo/" in page
    alert.refresh_from_db()
    assert (alert.status, alert.reason) == ("closed", "benign_positive")


def test_what_was_said_is_said_once(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    answer = ana.post(status(alert), {"version": alert.version, "status": "acknowledged"})
    assert "Acknowledged. It is yours." in ana.get(answer["Location"]).content.decode()
    assert 'class="toast"' not in ana.get(answer["Location"]).content.decode()


def test_closing_without_a_reason_shows_the_form_again(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    answer = ana.post(status(alert), {"version": alert.version, "status": "closed"})
    assert answer.status_code == 422
    assert "Choose a reason" in answer.content.decode()


def test_other_needs_a_note(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    answer = ana.post(status(alert), {"version": alert.version, "status": "closed", "reason": "other"})
    assert answer.status_code == 422
    assert "needs a note" in answer.content.decode()


def test_closing_as_a_false_positive_says_where_the_fault_lay_without_javascript(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = ana.get(reverse("alerts:detail", args=[alert.pk])).content.decode()
    assert 'type="radio" class="check" name="fault" value="" checked' in page
    form = {"version": alert.version, "status": "closed", "reason": "false_positive", "fault": "data_wrong"}
    said = ana.get(ana.post(status(alert), form)["Location"]).content.decode()
    assert "Closed as false positive, data wrong." in said
    assert '<span class="chip benign">False positive, data wrong</span>' in said
    assert "closed it as false positive, data wrong" in ana.get(f"/alerts/{alert.pk}/?side=activity").content.decode()


@pytest.mark.parametrize(
    ("fault", "offered", "not_offered"),
    [
        ("", ["Tune the rule", "Stop alerting on this?"], []),
        ("rule_logic", ["Tune the rule", "Stop alerting on this?"], []),
        ("data_wrong", ["Stop alerting on this?"], ["Tune the rule"]),
    ],
)
def test_wrong_data_is_no_reason_to_tune_the_rule(
    ana: Client, world: World, fault: str, offered: list[str], not_offered: list[str]
) -> None:
    alert = world.send([world.perl()])[0]
    form = {"version": alert.version, "status": "closed", "reason": "false_positive", "fault": fault}
    page = ana.get(ana.post(status(alert), form)["Location"]).content.decode()
    assert [words for words in offered if words not in page] == []
    assert [words for words in not_offered if words in page] == []


def test_a_rules_page_and_earlier_alerts_say_why_false_positives_were_false(ana: Client, world: World) -> None:
    first, second, last = world.send([world.perl(number, host__name="db") for number in range(3)])
    rule = reverse("rules:detail", args=[first.rule_id])
    assert "alse positives:" not in ana.get(rule).content.decode()
    for alert, fault in ((first, "data_wrong"), (second, "")):
        form = {"version": alert.version, "status": "closed", "reason": "false_positive", "fault": fault}
        ana.post(status(alert), form)
    assert "False positives: 1 data wrong, 1 not said" in ana.get(rule).content.decode()
    page = ana.get(reverse("alerts:detail", args=[last.pk])).content.decode()
    assert '<span class="xs faint">false positive, data wrong</span>' in page


@pytest.mark.parametrize("said", [("true_positive", "rule_logic"), ("false_positive", "the moon")])
def test_a_fault_of_what_is_no_false_positive_is_refused(ana: Client, world: World, said: tuple[str, str]) -> None:
    alert = world.send([world.perl()])[0]
    form = {"version": alert.version, "status": "closed", "reason": said[0], "fault": said[1]}
    answer = ana.post(status(alert), form)
    assert answer.status_code == 422
    assert "Only a false positive has a fault: rule logic or data wrong." in answer.content.decode()
    ticked = {"alert": f"{alert.pk}:{alert.version}", "action": "close", "reason": said[0], "fault": said[1]}
    answer = ana.post(reverse("alerts:bulk"), ticked)
    assert answer.status_code == 422
    assert "Only a false positive has a fault" in answer.content.decode()
    alert.refresh_from_db()
    assert alert.status == "open"


def test_several_are_closed_with_their_fault_and_other_acts_pass_over_it(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2)])
    ticked = {"alert": [f"{one.pk}:{one.version}" for one in alerts], "fault": "rule_logic"}
    assert ana.post(reverse("alerts:bulk"), ticked | {"action": "acknowledge"}).status_code == 303
    ticked["alert"] = [f"{one.pk}:{one.version + 1}" for one in alerts]
    answer = ana.post(reverse("alerts:bulk"), ticked | {"reason": "false_positive"})
    assert "Closed 2 alerts as false positive, rule logic." in ana.get(answer["Location"]).content.decode()
    assert set(Alert.objects.values_list("reason", "fault")) == {("false_positive", "rule_logic")}


def test_who_was_slower_is_offered_the_same_fault_once_more(ana: Client, sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl()])[0]
    sign_in("rosa").post(status(alert), {"version": alert.version, "status": "acknowledged"})
    form = {"version": alert.version, "status": "closed", "reason": "false_positive", "fault": "data_wrong"}
    page = ana.post(status(alert), form).content.decode()
    assert ">Overwrite with false positive, data wrong<" in page
    assert 'name="fault" value="data_wrong"' in page.split(">Overwrite with")[0].rsplit("<form", 1)[1]


def test_a_stale_action_is_a_409_that_says_who_did_what(ana: Client, sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl()])[0]
    sign_in("rosa").post(status(alert), {"version": alert.version, "status": "acknowledged"})
    answer = ana.post(status(alert), {"version": alert.version, "status": "closed", "reason": "false_positive"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Rosa" in page
    assert "acknowledged" in page
    alert.refresh_from_db()
    assert alert.status == "acknowledged"
    assert "Yours was: false positive." in page
    assert ">Overwrite with false positive<" in page
    again = {"version": alert.version, "status": "closed", "reason": "false_positive"}
    assert f'name="version" value="{alert.version}"' in page.split(">Overwrite with")[0].rsplit("<form", 1)[1]
    assert ana.post(status(alert), again).status_code == 303


def test_assigning_and_taking_the_owner_off(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    assign = reverse("alerts:assign", args=[alert.pk])
    assert ana.post(assign, {"version": alert.version, "assignee": world.rosa.pk}).status_code == 303
    alert.refresh_from_db()
    assert alert.assignee == world.rosa
    ana.post(assign, {"version": alert.version, "assignee": ""})
    alert.refresh_from_db()
    assert alert.assignee is None


def test_an_alert_cannot_be_given_to_somebody_of_another_team(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    answer = ana.post(reverse("alerts:assign", args=[alert.pk]), {"version": alert.version, "assignee": world.otto.pk})
    assert answer.status_code == 422


def test_a_comment_stands_in_the_activity(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    comments = reverse("alerts:comment", args=[alert.pk])
    part = ana.post(comments, {"text": "Asked the owner."}, headers=HTMX)
    assert "Asked the owner." in part.content.decode()
    assert "<html" not in part.content.decode()
    assert ana.post(comments, {"text": "Second."}).status_code == 303
    assert ana.post(comments, {"text": " "}).status_code == 422
    assert Comment.objects.count() == 2


def test_bulk_closes_what_is_ticked_and_undo_opens_it_again(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2), world.perl(3)])
    form = {"alert": [f"{alert.pk}:{alert.version}" for alert in alerts[:2]], "reason": "false_positive"}
    answer = ana.post(reverse("alerts:bulk"), form)
    assert answer.status_code == 303
    page = ana.get(answer["Location"]).content.decode()
    assert "Closed 2 alerts as false positive." in page
    undo = page.split('action="/alerts/undo/')[1].split('"')[0].replace("&amp;", "&")
    assert ana.post(f"/alerts/undo/{undo}").status_code == 303
    assert Alert.objects.filter(status="open").count() == 3
    assert "Undone: 2 alerts are as before." in ana.get(reverse("alerts:queue")).content.decode()


def test_bulk_for_htmx_answers_with_the_list_and_says_it(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2)])
    form = {"alert": [f"{alerts[0].pk}:{alerts[0].version}"], "action": "acknowledge"}
    page = ana.post(reverse("alerts:bulk"), form, headers=HTMX).content.decode()
    assert page.lstrip().startswith("<section")
    assert "Acknowledged 1 alert. It is yours." in page
    assert 'id="announce"' in page


def test_one_stale_tick_stops_the_whole_bulk(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2)])
    ticks = [f"{alert.pk}:{alert.version}" for alert in alerts]
    world.close([alerts[0]], by="rosa")
    answer = ana.post(reverse("alerts:bulk"), {"alert": ticks, "reason": "benign_positive"})
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.content.decode()
    assert Alert.objects.get(pk=alerts[1].pk).status == "open"


def test_a_selection_that_cannot_be_read_is_refused(ana: Client, world: World) -> None:
    world.send([world.perl()])
    for ticks in ([], ["x"], ["1:2:x", "1"]):
        answer = ana.post(reverse("alerts:bulk"), {"alert": ticks, "action": "acknowledge"})
        assert answer.status_code == 422


def test_a_viewer_may_not_act_and_nothing_changes_on_get(sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl()])[0]
    vera = sign_in("vera")
    assert vera.post(status(alert), {"version": alert.version, "status": "acknowledged"}).status_code == 403
    assert vera.get(status(alert)).status_code == 405


def test_a_viewer_sees_the_acts_that_fit_the_alert_though_they_are_not_for_them(sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl()])[0]
    for address in ("alerts:detail", "alerts:peek"):
        page = sign_in("vera").get(reverse(address, args=[alert.pk])).content.decode()
        assert ">Acknowledge<" in page
        assert ">Reopen<" not in page
    world.close([alert])
    for address in ("alerts:detail", "alerts:peek"):
        page = sign_in("vera").get(reverse(address, args=[alert.pk])).content.decode()
        assert "disabled" in page.split(">Reopen<")[0][-80:]
        assert ">Acknowledge<" not in page


def test_the_other_team_cannot_act_on_it(sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl()])[0]
    otto = sign_in("otto")
    assert otto.post(status(alert), {"version": alert.version, "status": "acknowledged"}).status_code == 404
    answer = otto.post(reverse("alerts:bulk"), {"alert": [f"{alert.pk}:1"], "action": "acknowledge"})
    assert answer.status_code == 404
    alert.refresh_from_db()
    assert alert.status == "open"


def test_both_the_queue_and_the_alert_say_with_what_one_would_overwrite(
    ana: Client, sign_in: SignIn, world: World
) -> None:
    alert = world.send([world.perl()])[0]
    seen = alert.version
    sign_in("rosa").post(status(alert), {"version": seen, "status": "closed", "reason": "benign_positive"})
    meant: dict[str, tuple[dict[str, Any], str]] = {
        "close": ({"reason": "true_positive"}, "true positive"),
        "assign": ({"assignee": world.rosa.pk}, "owner Rosa"),
        "snooze": ({"until": "4h"}, "snoozed for 4 hours"),
    }
    for action, (data, words) in meant.items():
        answer = ana.post(reverse("alerts:bulk"), {"action": action, "alert": f"{alert.pk}:{seen}"} | data)
        assert answer.status_code == 409
        assert f">Overwrite with {words}</button>" in answer.content.decode()
        assert f"Yours was: {words}." in answer.content.decode()
    late = ana.post(reverse("alerts:snooze", args=[alert.pk]), {"version": seen, "until": "tomorrow"})
    assert "Overwrite with snoozed until tomorrow, 9:00<" in late.content.decode()


def test_snoozing_says_until_when_in_the_queue_and_on_the_alert(ana: Client, world: World) -> None:
    first, second = world.send([world.perl(1), world.perl(2)])
    ana.post(reverse("alerts:bulk"), {"action": "snooze", "until": "tomorrow", "alert": f"{first.pk}:{first.version}"})
    assert "Snoozed 1 alert until tomorrow, 9:00." in ana.get(reverse("alerts:queue")).content.decode()
    answer = ana.post(reverse("alerts:snooze", args=[second.pk]), {"version": second.version, "until": "1h"})
    assert "Snoozed for 1 hour." in ana.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("filter_gone", ["rule=gone", "assignee=999999", "team=999999", "status=odd"])
@pytest.mark.parametrize("chosen", ["all", "fold"])
def test_an_act_on_a_list_of_which_a_filter_is_gone_reaches_nothing(
    ana: Client, world: World, filter_gone: str, chosen: str
) -> None:
    alerts = world.send([world.perl(1), world.perl(4)])
    page = ana.get(reverse("alerts:queue")).content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    which = {"all": "1"} if chosen == "all" else {"fold": bytes(alerts[0].fold or b"").hex()}
    sent = which | {"seen": seen, "reason": "benign_positive", "from": filter_gone}
    answer = ana.post(reverse("alerts:bulk"), sent)
    assert answer.status_code == 422
    assert "A filter of this list cannot be used any more." in answer.content.decode()
    back = ana.post(reverse("cases:add_from_alerts"), sent | {"to": "new"}, follow=True)
    assert "A filter of this list cannot be used any more." in back.content.decode()
    assert set(Alert.objects.values_list("status", flat=True)) == {"open"}
    assert not BulkAct.objects.exists()
    assert ana.post(reverse("alerts:bulk"), sent | {"from": "host=db-2"}).status_code == 303


def test_a_long_query_in_another_script_takes_no_filter_off_the_list_of_an_act(ana: Client, world: World) -> None:
    world.send([world.perl(1), world.perl(4)])
    page = ana.get(reverse("alerts:queue")).content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    query = urlencode({"q": "not host.name: " + "ж" * 3_900, "user": "nobody-else"})
    ana.post(reverse("alerts:bulk"), {"all": "1", "seen": seen, "reason": "other", "note": "x", "from": query})
    assert BulkAct.objects.get().arguments["filters"]["user_name"] == "nobody-else"
