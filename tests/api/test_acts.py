"""What clients do: acts with versions, undo, and the same record as the pages leave."""

from typing import Any
from urllib.parse import urlencode

from accounts.models import Change, RolePolicy
from accounts.roles import Role
from alerts.models import Alert
from tests.api.world import ENTRIES


def _alert(site: Any) -> Alert:
    return Alert.objects.get(pk=site.named["alert_id"])


def test_a_stale_act_says_who_did_what_and_when(site):
    path, version = f"alerts/{site.named['alert_id']}/status", _alert(site).version
    done = site.call("rosa", "POST", path, {"status": "closed", "reason": "duplicate", "version": version})
    assert done.status_code == 200
    answer = site.call("ana", "POST", path, {"status": "open", "version": version})
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "stale"
    assert (error["stale"]["who"], error["stale"]["what"]) == ("Rosa", "closed")
    assert error["stale"]["when"]


def test_an_act_goes_into_the_record_as_the_apis(site):
    site.call("ana", "POST", f"alerts/{site.named['alert_id']}/comments", {"text": "Seen."})
    last = Change.objects.latest("id")
    assert (last.door, last.actor) == (Change.Door.API, site.people["ana"])


def test_an_act_is_taken_back_by_what_it_answered(site):
    alert = _alert(site)
    body = {"status": "closed", "reason": "false_positive", "version": alert.version}
    done = site.call("ana", "POST", f"alerts/{alert.pk}/status", body).json()
    assert done["changed"][0]["status"] == "closed"
    assert done["changed"][0]["version"] == alert.version + 1
    undone = site.call("ana", "POST", "alerts/undo", {"group": done["undo"]})
    assert undone.json() == {
        "alerts": [alert.pk], "released": 0, "on_its_way": False, "changed_back": 0, "left": 0,
    }  # fmt: skip
    assert _alert(site).status == "acknowledged"
    again = site.call("ana", "POST", "alerts/undo", {"group": done["undo"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_undo")


def test_one_act_on_several_is_all_or_nothing(site):
    first, other = _alert(site), Alert.objects.get(pk=site.named["in_case"])
    alerts = [{"id": first.pk, "version": first.version}, {"id": other.pk, "version": other.version + 7}]
    body = {"alerts": alerts, "status": "closed", "reason": "duplicate"}
    assert site.call("ana", "POST", "alerts/status", body).status_code == 409
    assert _alert(site).status == "acknowledged"


def test_closing_needs_a_reason(site):
    body = {"status": "closed", "version": _alert(site).version}
    answer = site.call("ana", "POST", f"alerts/{site.named['alert_id']}/status", body)
    assert (answer.status_code, answer.json()["error"]["detail"]) == (422, "Choose why you close it.")


def test_a_false_positive_says_where_the_fault_lay(site):
    alert = _alert(site)
    body = {"status": "closed", "reason": "false_positive", "fault": "data_wrong", "version": alert.version}
    done = site.call("ana", "POST", f"alerts/{alert.pk}/status", body).json()
    assert done["changed"][0]["fault"] == "data_wrong"
    page = site.call("ana", "GET", f"alerts/{alert.pk}").json()
    assert (page["alert"]["reason"], page["alert"]["fault"]) == ("false_positive", "data_wrong")
    assert page["activity"][0]["text"] == "closed it as false positive, data wrong"
    several = {"alerts": [{"id": alert.pk, "version": alert.version + 1}], "status": "closed"}
    said = several | {"reason": "false_positive", "fault": "rule_logic"}
    assert site.call("ana", "POST", "alerts/status", said).json()["changed"][0]["fault"] == "rule_logic"


def test_a_fault_of_what_is_no_false_positive_is_refused(site):
    alert = _alert(site)
    for said in (
        {"status": "closed", "reason": "true_positive", "fault": "rule_logic"},
        {"status": "closed", "reason": "false_positive", "fault": "the moon"},
        {"status": "acknowledged", "fault": "data_wrong"},
    ):
        answer = site.call("ana", "POST", f"alerts/{alert.pk}/status", said | {"version": alert.version})
        assert answer.status_code == 400
        assert list(answer.json()["error"]["fields"]) == ["fault"]
    assert _alert(site).version == alert.version


def test_an_alert_is_told_as_its_page_tells_it(site):
    page = site.call("vera", "GET", f"alerts/{site.named['alert_id']}").json()
    assert "".join(part["text"] for part in page["sentence"]).startswith("postgres ran perl")
    assert page["why"]["asked"]
    assert page["guide"]["steps"]
    assert page["event"]["process"]["name"] == "perl"
    assert {one["verb"] for one in page["activity"]} >= {"acknowledged", "commented"}
    assert page["verdicts"]["benign_positive"] == 1


def test_an_alert_moves_to_another_team_and_can_be_fetched_back(site):
    alert = _alert(site)
    body = {"team": site.other.pk, "note": "Your host.", "version": alert.version}
    done = site.call("ana", "POST", f"alerts/{alert.pk}/escalate", body)
    assert done.status_code == 200
    assert site.call("ana", "GET", f"alerts/{alert.pk}").status_code == 404
    assert site.call("otto", "GET", f"alerts/{alert.pk}").status_code == 200
    assert site.call("ana", "POST", "alerts/undo", {"group": done.json()["undo"]}).status_code == 200
    assert site.call("ana", "GET", f"alerts/{alert.pk}").status_code == 200


def test_an_exception_is_previewed_saved_and_undone(site):
    path = f"alerts/{site.named['alert_id']}/exceptions"
    entries = site.call("ana", "GET", f"{path}/suggestion").json()["entries"]
    assert entries
    preview = site.call("ana", "POST", f"{path}/preview", {"entries": entries}).json()
    assert preview["matches_source"] is True
    expires = "2026-12-24T00:00:00Z"
    body = {"entries": entries, "reason": "A menu.", "expires_at": expires, "close_matching": "benign_positive"}
    added = site.call("ana", "POST", path, body)
    assert added.status_code == 201
    assert site.named["alert_id"] in added.json()["closed"]
    listed = site.call("vera", "GET", "exceptions?state=in_force").json()["items"]
    assert added.json()["exception"]["id"] in [one["id"] for one in listed]
    undone = site.call("ana", "POST", "alerts/undo", {"group": added.json()["undo"]})
    assert set(undone.json()["alerts"]) == set(added.json()["closed"])


def test_an_exception_without_an_end_needs_an_engineer(site):
    path = f"alerts/{site.named['alert_id']}/exceptions"
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "nobody"}]
    body = {"entries": entries, "reason": "Safe.", "expires_at": None}
    refused = site.call("ana", "POST", path, body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "end_needed")
    assert site.call("ana", "POST", path, body | {"expires_at": "2100-01-01T00:00:00Z"}).status_code == 422
    saved = site.call("rosa", "POST", path, body)
    assert saved.status_code == 201
    assert saved.json()["exception"]["review_at"]


def test_a_stale_exception_says_who_was_first(site):
    path = f"exceptions/{site.named['item_id']}"
    assert site.call("rosa", "POST", f"{path}/disable", {"version": 1}).status_code == 200
    answer = site.call("ana", "POST", f"{path}/enable", {"version": 1})
    assert answer.status_code == 409
    assert answer.json()["error"]["stale"]["who"] == "Rosa"


def test_tampered_entries_are_refused_in_words(site):
    path = f"alerts/{site.named['alert_id']}/exceptions/preview"
    for entry in ({"field": "a", "type": "match", "value": {"deep": 1}}, "text", {"field": "a", "__proto__": 1}, {}):
        answer = site.call("ana", "POST", path, {"entries": [entry]})
        assert answer.status_code in (400, 422), entry
        assert answer.json()["error"]["detail"]


def test_a_rule_is_switched_and_tells_its_state(site):
    path = f"rules/{site.named['rule_id']}"
    assert site.call("rosa", "POST", f"{path}/disable").json()["rule"]["enabled"] is False
    assert site.call("rosa", "POST", f"{path}/enable").json()["rule"]["enabled"] is True
    page = site.call("vera", "GET", path).json()
    assert page["revisions"][0]["number"] == 1
    assert page["guide"]["steps"]
    assert page["logic"]["query"]
    assert site.call("vera", "GET", f"{path}/runs").json()["items"]


def test_events_are_searched_and_fetched(site):
    found = site.call("vera", "GET", 'events/search?q=process.name:"perl"&limit=2').json()
    assert len(found["items"]) == 2
    rest = site.call("vera", "GET", f'events/search?q=process.name:"perl"&limit=2&after={found["next"]}').json()
    assert not {one["id"] for one in found["items"]} & {one["id"] for one in rest["items"]}
    one = found["items"][0]
    assert site.call("vera", "GET", f"events/{one['id']}?day={one['day']}").json() == one
    assert site.call("otto", "GET", f"events/{one['id']}").status_code == 404
    bars = site.call("vera", "GET", "events/histogram").json()
    assert bars["total"]["number"] == 4


def test_the_queue_comes_in_groups_of_ones_own_teams(site):
    path = "alerts/groups?status=open&status=acknowledged&by=host"
    told, listed = (
        site.call("vera", "GET", one).json() for one in (path, path.replace("/groups", "").removesuffix("&by=host"))
    )
    assert told["alerts"] == listed["total"]["number"] > 0
    assert sum(group["alerts"] for group in told["items"]) == told["alerts"]
    first = told["items"][0]
    alone = site.call("vera", "GET", f"alerts?status=open&status=acknowledged&host={first['name']}").json()
    assert alone["total"]["number"] == first["alerts"]
    assert {one["host_name"] for one in alone["items"]} == {first["name"]}
    assert (told["groups"], told["further"], told["capped"]) == (len(told["items"]), 0, False)
    assert site.call("otto", "GET", path).json()["items"] == []
    assert site.call("vera", "GET", f"{path}&page=2").status_code == 400
    assert site.call("vera", "GET", "alerts/groups?by=colour").status_code == 400
    assert site.call("vera", "GET", "alerts?lacks=host").json()["items"] == []


def test_a_host_or_a_user_is_asked_for_as_it_is_written_whatever_stands_around_it(site):
    first = Alert.objects.order_by("pk").first()
    told = {"host": f" {first.host_name}", "user": f"{first.user_name}\t"}
    for by, name in told.items():
        assert site.call("vera", "GET", f"alerts?{urlencode({by: name.strip()})}").json()["items"]
        assert not site.call("vera", "GET", f"alerts?{urlencode({by: name})}").json()["items"]


def test_a_case_from_alert_to_closure(site):
    body = {"team": site.team.pk, "alerts": [site.named["alert_id"]]}
    case = site.call("ana", "POST", "cases", body).json()
    path = f"cases/{case['id']}"
    changed = site.call("ana", "PATCH", path, {"version": case["version"], "next_step": "Ask.", "owner": None})
    assert changed.json()["next_step"] == "Ask."
    stale = site.call("ana", "PATCH", path, {"version": case["version"], "next_step": "No."})
    assert stale.status_code == 409
    assert stale.json()["error"]["stale"]["who"] == "Ana"
    steps = site.call("ana", "GET", f"{path}/steps").json()["items"]
    taken = site.call("ana", "POST", f"{path}/steps", {"keys": [steps[0]["key"]]})
    assert taken.status_code == 201
    task = taken.json()["items"][0]
    done = site.call("ana", "PATCH", f"{path}/tasks/{task['id']}", {"version": task["version"], "state": "done"})
    assert done.json()["settled_by"]["username"] == "ana"
    closing = {"version": changed.json()["version"], "outcome": "benign_positive", "note": "Planned."}
    closed = site.call("ana", "POST", f"{path}/close", closing)
    assert closed.json()["alerts"] == [site.named["alert_id"]]
    report = site.call("ana", "GET", f"{path}/report")
    assert report["Content-Type"].startswith("text/markdown")
    assert "Planned." in report.content.decode()
    kinds = {one["kind"] for one in site.call("vera", "GET", f"{path}/timeline").json()["items"]}
    assert {"open", "change", "close", "task_add"} <= kinds
    of = site.call("ana", "GET", f"cases/of-alerts?alert={site.named['alert_id']}").json()["items"]
    assert of[0]["case"] == case["id"]
    undone = site.call("ana", "POST", f"{path}/reopen", {"version": closed.json()["case"]["version"], "undo": True})
    assert undone.json()["alerts"] == [site.named["alert_id"]]


def test_a_role_under_review_sends_drafts_and_somebody_else_approves_them(site):
    RolePolicy.objects.update_or_create(role=Role.ANALYST, defaults={"exceptions": RolePolicy.Exceptions.DRAFT})
    path = f"alerts/{site.named['alert_id']}/exceptions"
    entries = [{"field": "process.parent.name", "type": "match", "operator": "included", "value": "bash"}]
    body = {"entries": entries, "reason": "A menu.", "expires_at": "2026-12-24T00:00:00Z"}
    refused = site.call("ana", "POST", path, body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "review_needed")
    sent = site.call("ana", "POST", f"{path}/drafts", body)
    assert sent.status_code == 201
    draft = f"exceptions/drafts/{sent.json()['id']}"
    assert site.call("rosa", "GET", "exceptions/drafts?state=waiting").json()["items"][0]["id"] == sent.json()["id"]
    assert site.call("otto", "GET", draft).status_code == 404
    assert site.call("ana", "POST", f"{draft}/approve", {"version": 1}).status_code == 403
    approved = site.call("rosa", "POST", f"{draft}/approve", {"version": 1})
    assert approved.status_code == 200
    assert approved.json()["exception"]["in_force"] is True
    again = site.call("adam", "POST", f"{draft}/return", {"version": 1, "note": "Why?"})
    assert again.status_code == 409
    assert again.json()["error"]["stale"]["who"] == "Rosa"


def test_a_change_of_an_exception_is_drafted_and_approved_unless_it_is_outdated(site):
    RolePolicy.objects.update_or_create(role=Role.ANALYST, defaults={"exceptions": RolePolicy.Exceptions.DRAFT})
    item = f"exceptions/{site.named['item_id']}"
    entries = [{"field": "process.parent.name", "type": "match", "operator": "included", "value": "bash"}]
    body = {"entries": entries, "reason": "A menu.", "expires_at": "2026-12-24T00:00:00Z", "version": 1}
    refused = site.call("ana", "PUT", item, body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "review_needed")
    assert site.call("otto", "POST", f"{item}/drafts", body).status_code == 404
    sent = site.call("ana", "POST", f"{item}/drafts", body)
    assert sent.status_code == 201
    told = sent.json()
    assert (told["alert"], told["edits"], told["edits_version"]) == (None, site.named["item_id"], 1)
    second = site.call("ana", "POST", f"{item}/drafts", body | {"reason": "Another."})
    assert (second.status_code, second.json()["error"]["code"]) == (409, "already_there")
    assert site.call("rosa", "PUT", item, body | {"reason": "Mine."}).status_code == 200
    draft = f"exceptions/drafts/{told['id']}"
    outdated = site.call("rosa", "POST", f"{draft}/approve", {"version": 1}).json()["error"]
    assert (outdated["status"], outdated["code"], outdated["stale"]["who"]) == (409, "outdated", "Rosa")
    stale = site.call("ana", "POST", f"{item}/drafts", body | {"replaces": told["id"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "stale")
    again = site.call("ana", "POST", f"{item}/drafts", body | {"replaces": told["id"], "version": 2}).json()
    approved = site.call("rosa", "POST", f"exceptions/drafts/{again['id']}/approve", {"version": 1}).json()
    assert (approved["exception"]["id"], approved["exception"]["version"]) == (site.named["item_id"], 3)
    assert approved["released"] == 0
    assert site.call("rosa", "POST", "alerts/undo", {"group": approved["undo"]}).status_code == 200
    assert site.call("rosa", "GET", item).json()["reason"] == "Mine."


def test_nobody_reviews_what_he_drafted_himself(site):
    body = {"entries": ENTRIES[1:], "reason": "Mine.", "expires_at": "2026-12-24T00:00:00Z"}
    sent = site.call("rosa", "POST", f"alerts/{site.named['alert_id']}/exceptions/drafts", body)
    answer = site.call("rosa", "POST", f"exceptions/drafts/{sent.json()['id']}/approve", {"version": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "own_draft")


def test_targets_are_set_by_who_may_and_never_over_somebody_elses(site):
    target = next(one for one in site.call("vera", "GET", "targets").json()["items"] if one["severity"] == "high")
    body = {"seconds": target["seconds"] + 3600, "version": target["version"]}
    assert site.call("rosa", "PUT", "targets/high", body).status_code == 403
    assert site.call("mona", "PUT", "targets/high", body).json()["seconds"] == body["seconds"]
    stale = site.call("adam", "PUT", "targets/high", body | {"seconds": 7200})
    assert stale.status_code == 409
    assert stale.json()["error"]["stale"]["who"] == "Mona"
    assert site.call("adam", "PUT", "targets/enormous", body).status_code == 404


def test_the_state_of_the_system_and_the_managers_figures_are_told(site):
    health = site.call("vera", "GET", "health").json()
    assert health["trouble"]["batches"][0]["id"] == site.named["batch_id"]
    assert health["working_rules"] == 2
    assert site.call("vera", "GET", "health/agents").json()["items"]
    figures = site.call("vera", "GET", "overview").json()
    assert figures["waiting"]["open"] == 3
    assert site.call("vera", "GET", f"overview?team={site.other.pk}").status_code == 404
    assert site.call("vera", "GET", "overview?first=2026-11-20").status_code == 400
    then = site.call("vera", "GET", "overview?at=2026-01-01T00:00:00Z").json()
    assert then["period"]["is_past"] is True
    assert then["waiting"]["open"] == 0


def test_a_refused_event_is_sent_again_once(site):
    letter = f"health/dead-letters/{site.named['letter_id']}"
    assert "perl" in site.call("rosa", "GET", letter).json()["text"]
    assert site.call("rosa", "POST", f"{letter}/again").json()["letter"]["state"] == "stored"
    assert site.call("rosa", "POST", f"{letter}/again").status_code == 409
    assert site.call("ana", "GET", letter).status_code == 403


def test_a_duplicate_names_its_original_and_both_tell(site):
    alert, original = _alert(site), Alert.objects.get(pk=site.named["in_case"])
    body = {"status": "closed", "reason": "duplicate", "duplicate_of": original.pk, "version": alert.version}
    assert site.call("ana", "POST", f"alerts/{alert.pk}/status", body).status_code == 200
    assert site.call("ana", "GET", f"alerts/{alert.pk}").json()["duplicate_of"] == original.pk
    assert site.call("ana", "GET", f"alerts/{original.pk}").json()["duplicates"] == [alert.pk]


def test_only_a_duplicate_has_an_original_and_never_itself(site):
    alert = _alert(site)
    path, version = f"alerts/{alert.pk}/status", alert.version
    for reason, original, code in (("false_positive", site.named["in_case"], 400), ("duplicate", alert.pk, 422)):
        body = {"status": "closed", "reason": reason, "duplicate_of": original, "version": version}
        assert site.call("ana", "POST", path, body).status_code == code
    body = {"status": "closed", "reason": "duplicate", "duplicate_of": 10**12, "version": version}
    assert site.call("ana", "POST", path, body).status_code == 404
