"""Who calls: keys with their scopes and their team, sessions with their token, and people who are gone."""

from datetime import timedelta
from typing import Any

from django.test import Client

from accounts.api import throttle
from accounts.models import ApiKey, Notice, RolePolicy, User
from accounts.roles import Role
from accounts.scopes import Scope
from soc.web import clock
from tests.api.world import Site, make_key
from tests.people import sign_in


def _error(answer: Any) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_a_key_tells_who_it_acts_for_and_what_it_opens(site):
    header = site.header_for(site.people["ana"], ["alerts:read", "cases:read"])
    me = site.call(None, "GET", "me", header=header).json()
    assert me["person"]["username"] == "ana"
    assert me["role"] == "analyst"
    assert me["scopes"] == ["alerts:read", "cases:read"]
    assert [team["id"] for team in me["teams"]] == [site.team.pk]


def test_a_key_without_the_scope_is_told_which_one(site):
    header = site.header_for(site.people["ana"], ["alerts:read"])
    answer = site.call(None, "POST", f"alerts/{site.named['alert_id']}/comments", {"text": "Seen."}, header)
    assert answer.status_code == 403
    assert _error(answer) == {
        "status": 403,
        "code": "scope_missing",
        "detail": "This key lacks the scope alerts:write.",
    }


def test_a_scope_adds_nothing_to_the_role(site):
    answer = site.call("vera", "POST", f"alerts/{site.named['alert_id']}/comments", {"text": "Seen."})
    assert answer.status_code == 403
    assert _error(answer)["code"] == "role_lacks"


def test_an_agents_key_reads_nothing(site):
    key, presented = make_key(site.people["ana"], site.team, [Scope.EVENTS_WRITE], site.world.now)
    assert key.acts_for is None
    assert site.call(None, "GET", "me", header=f"ApiKey {presented}").status_code == 403


def test_a_key_sees_its_team_alone_even_an_administrators(site):
    adam = site.people["adam"]
    elsewhere = site.header_for(adam, ["alerts:read"], site.other)
    assert site.call(None, "GET", "alerts", header=elsewhere).json()["items"] == []
    assert site.call(None, "GET", f"alerts/{site.named['alert_id']}", header=elsewhere).status_code == 404
    assert len(site.call("adam", "GET", "alerts").json()["items"]) == 4


def test_a_key_of_a_team_that_its_person_has_left_sees_nothing(site):
    site.people["ana"].teams.clear()
    assert site.call("ana", "GET", "alerts").json()["items"] == []


def test_a_key_of_somebody_deactivated_is_a_401(site):
    User.objects.filter(username="ana").update(is_active=False)
    answer = site.call("ana", "GET", "alerts")
    assert answer.status_code == 401
    assert _error(answer)["code"] == "key_person"
    assert answer["WWW-Authenticate"] == "ApiKey"


def test_keys_that_are_revoked_expired_or_unknown_are_a_401(site):
    for change, code in (
        ({"revoked_at": site.world.now}, "key_revoked"),
        ({"revoked_at": None, "expires_at": site.world.now - timedelta(days=1)}, "key_expired"),
    ):
        ApiKey.objects.filter(acts_for=site.people["ana"]).update(**change)
        answer = site.call("ana", "GET", "alerts")
        assert (answer.status_code, _error(answer)["code"]) == (401, code)
    for header in ("ApiKey bm9ib2R5Om5vYm9keQ==", "ApiKey !", "Bearer x", "ApiKey"):
        assert site.call(None, "GET", "alerts", header=header).status_code == 401


def test_using_a_key_is_noted(site):
    key = ApiKey.objects.get(acts_for=site.people["ana"])
    assert key.last_used_at is None
    site.call("ana", "GET", "me")
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_a_key_that_asks_too_often_waits(site, monkeypatch):
    monkeypatch.setattr(throttle, "REQUESTS_A_MINUTE", 3)
    answers = [site.call("ana", "GET", "me") for _ in range(8)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    assert 0 < int(late[0]["Retry-After"]) <= 60
    assert _error(late[0])["code"] == "rate_limited"
    assert site.call("mona", "GET", "me").status_code == 200


def test_answers_are_kept_by_nobody(site):
    answer = site.call("ana", "GET", "alerts")
    assert answer["Cache-Control"] == "no-store"
    assert {"Authorization", "Cookie"} <= set(answer["Vary"].split(", "))


def test_a_session_reads(site):
    answer = sign_in(site.people["ana"]).get("/api/v1/alerts")
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 4


def test_a_session_writes_only_with_its_token(site):
    path = f"/api/v1/alerts/{site.named['alert_id']}/comments"
    client = Client(enforce_csrf_checks=True)
    client.force_login(site.people["ana"], backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(path, {"text": "Seen."}, content_type="application/json")
    assert (answer.status_code, _error(answer)["code"]) == (403, "csrf_failed")
    client.get("/settings/")
    client.get("/settings/you/")
    token = client.cookies["csrftoken"].value
    answer = client.post(path, {"text": "Seen."}, content_type="application/json", HTTP_X_CSRFTOKEN=token)
    assert answer.status_code == 201


def test_a_session_does_first_what_comes_first(site):
    client = sign_in(site.people["ana"])
    User.objects.filter(username="ana").update(must_change_password=True)
    answer = client.get("/api/v1/alerts")
    assert answer.status_code == 403
    assert "password" in _error(answer)["detail"]


def test_a_session_without_the_second_factor_that_its_role_needs_is_turned_away(site):
    RolePolicy.objects.update_or_create(role=Role.ANALYST, defaults={"second_factor": True})
    answer = sign_in(site.people["ana"]).get("/api/v1/alerts")
    assert answer.status_code == 403
    assert "second factor" in _error(answer)["detail"]


def test_a_key_makes_none_that_opens_more_than_itself(site):
    header = site.header_for(site.people["rosa"], ["keys:write", "keys:read"])
    body = {"name": "more", "team": site.team.pk, "scopes": ["alerts:write"]}
    answer = site.call(None, "POST", "keys", body, header)
    assert answer.status_code == 403
    assert "more than itself" in _error(answer)["detail"]
    body["scopes"] = ["keys:read"]
    made = site.call(None, "POST", "keys", body, header)
    assert made.status_code == 201
    assert made.json()["key"]["acts_for"]["username"] == "rosa"
    assert site.call(None, "GET", "keys", header=f"ApiKey {made.json()['presented']}").status_code == 200


def test_a_key_makes_none_that_works_longer_than_itself(site):
    scopes = ["keys:write", "alerts:read"]
    ends = clock.now() + timedelta(days=1)
    key, presented = make_key(site.people["rosa"], site.team, scopes, site.world.now)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=ends)
    body = {"name": "ever", "team": site.team.pk, "scopes": scopes}
    for expires_at in (None, (ends + timedelta(minutes=1)).isoformat()):
        answer = site.call(None, "POST", "keys", body | {"expires_at": expires_at}, f"ApiKey {presented}")
        assert answer.status_code == 403
        assert "works longer than itself" in _error(answer)["detail"]
    made = site.call(None, "POST", "keys", body | {"expires_at": ends.isoformat()}, f"ApiKey {presented}")
    assert made.status_code == 201
    replaced = site.call(None, "POST", f"keys/{key.pk}/replace", {}, f"ApiKey {presented}")
    assert replaced.status_code == 201
    assert ApiKey.objects.get(pk=replaced.json()["key"]["id"]).expires_at == ends


def test_notices_of_all_teams_are_not_for_a_key_of_one(site):
    ana = site.people["ana"]
    ana.teams.add(site.other)
    triage_text = "@ana the host is db-9"
    Notice.objects.create(
        user=ana, at=site.world.now, kind="mentioned", text=triage_text, path="/alerts/9/", key="elsewhere"
    )
    for method, path, body in (
        ("GET", "notices", None),
        ("POST", "notices/read", {}),
        ("POST", f"notices/{site.named['notice_id']}/read", None),
    ):
        answer = site.call("ana", method, path, body)
        assert (answer.status_code, _error(answer)["code"]) == (403, "key_narrower"), path
    assert not Notice.objects.exclude(read_at=None).exists()
    assert triage_text in sign_in(ana).get("/api/v1/notices").content.decode()
    ana.teams.remove(site.other)
    assert site.call("ana", "GET", "notices").status_code == 200


def test_nobody_gets_a_key_that_acts_for_somebody_else_by_replacing_it(site):
    key = ApiKey.objects.get(acts_for=site.people["adam"])
    answer = site.call("rosa", "POST", f"keys/{key.pk}/replace", {})
    assert answer.status_code == 409
    assert "presented" not in answer.content.decode()


def test_the_secret_of_a_key_is_shown_once(site: Site):
    body = {"name": "new", "team": site.team.pk, "scopes": ["events:write"]}
    presented = site.call("rosa", "POST", "keys", body).json()["presented"]
    assert presented not in site.call("rosa", "GET", "keys").content.decode()
