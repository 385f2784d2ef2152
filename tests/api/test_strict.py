"""What a client gets wrong is told in one shape, whatever it is: never a 500, never a page, never a word of ours."""

from typing import Any

import pytest
from django.test import Client

from soc.web.api.body import MAX_BODY_BYTES

JSON = "application/json"


def _post(site: Any, path: str, data: Any, content_type: str = JSON) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(f"/api/v1/{path}", data, content_type=content_type, HTTP_AUTHORIZATION=site.headers["ana"])


def _told(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"].startswith(JSON)
    assert answer["Cache-Control"] == "no-store"
    error: dict[str, Any] = answer.json()["error"]
    assert error["status"] == answer.status_code
    assert error["code"]
    assert error["detail"]
    return error


def _comments(site: Any) -> str:
    return f"alerts/{site.named['alert_id']}/comments"


def test_unknown_parts_of_a_body_are_named(site):
    answer = site.call("ana", "POST", _comments(site), {"text": "Seen.", "colour": "red"})
    assert answer.status_code == 400
    assert _told(answer)["fields"] == {"colour": ["Unknown."]}


def test_an_unknown_parameter_is_named_with_what_was_probably_meant(site):
    answer = site.call("ana", "GET", "alerts?severty=high")
    assert answer.status_code == 400
    assert _told(answer)["fields"] == {"severty": ["Unknown; did you mean severity?"]}


def test_a_parameter_that_takes_one_value_is_said_once(site):
    answer = site.call("ana", "GET", "alerts?host=a&host=b")
    assert answer.status_code == 400
    assert _told(answer)["fields"] == {"host": ["Say this once."]}


def test_several_values_may_be_repeated_or_joined_by_commas(site):
    repeated = site.call("ana", "GET", "alerts?status=open&status=acknowledged").json()
    joined = site.call("ana", "GET", "alerts?status=open,acknowledged").json()
    assert len(repeated["items"]) == 3
    assert [one["id"] for one in repeated["items"]] == [one["id"] for one in joined["items"]]


def test_bad_json_is_a_400(site):
    assert _told(_post(site, _comments(site), b'{"text": '))["code"] == "malformed"


def test_nesting_however_deep_is_a_400(site):
    assert _told(_post(site, _comments(site), b"[" * 100_000))["code"] == "malformed"
    deep = b'{"text":' * 500 + b"1" + b"}" * 500
    assert _post(site, _comments(site), deep).status_code == 400


def test_a_body_that_is_no_object_is_a_400(site):
    for body in (b"[]", b"3", b'"text"', b"null"):
        assert _post(site, _comments(site), body).status_code == 400


def test_half_characters_and_nul_are_a_400(site):
    for body in (b'{"text": "\\ud800"}', b'{"text": "a\\u0000b"}', b'{"text": "\xff"}'):
        assert _told(_post(site, _comments(site), body))["status"] == 400


def test_nul_in_an_address_is_turned_away(site):
    assert _told(site.call("ana", "GET", "alerts?host=a%00b"))["status"] == 400
    assert _told(site.call("ana", "GET", "rules/a%00b"))["status"] == 404


def test_a_body_beyond_the_limit_is_a_413(site):
    body = b'{"text": "' + b"a" * MAX_BODY_BYTES + b'"}'
    assert _told(_post(site, _comments(site), body))["status"] == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_another_content_type_is_a_415(site, content_type):
    assert _told(_post(site, _comments(site), b"text=seen", content_type))["status"] == 415


def test_another_method_is_a_405_that_says_which_there_are(site):
    answer = site.call("ana", "DELETE", "alerts")
    assert answer.status_code == 405
    assert _told(answer)["code"] == "method_not_allowed"
    assert answer["Allow"] == "GET, HEAD"


def test_a_number_beyond_what_is_stored_is_a_404(site):
    for number in (2**31, 2**63 - 1, 2**63, 10**40):
        for noun in ("alerts", "exceptions", "cases"):
            assert _told(site.call("ana", "GET", f"{noun}/{number}"))["status"] == 404


def test_a_number_beyond_what_is_stored_in_a_body_is_a_400(site):
    answer = site.call("ana", "POST", "alerts/assignee", {"alerts": [{"id": 2**70, "version": 1}], "assignee": None})
    assert answer.status_code == 400


def test_an_address_that_is_not_there_is_a_404_in_the_same_shape(site):
    assert site.call("ana", "GET", "nothing").json()["error"]["code"] == "not_found"


def test_a_time_without_its_offset_is_refused(site):
    answer = site.call("ana", "GET", "alerts?since=2026-11-20T10:00:00")
    assert "offset" in _told(answer)["fields"]["since"][0]


def test_a_time_that_no_calendar_has_everywhere_is_refused(site):
    for moment in ("0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2201-01-01T00:00:00Z"):
        assert site.call("ana", "GET", f"alerts?since={moment}").status_code == 400


def test_a_query_that_cannot_be_read_says_where(site):
    error = _told(site.call("ana", "GET", "alerts?kql=host.name:(a"))
    assert (error["status"], error["code"]) == (400, "bad_query")
    assert "column" in error["detail"]
    assert _told(site.call("ana", "GET", "events/search?q=host.name:(a"))["code"] == "bad_query"
    assert _told(site.call("ana", "GET", "events/search?start=yesterday"))["fields"]["start"]


def test_limits_are_from_one_to_two_hundred(site):
    for limit in ("0", "201", "-1", "many", "1e3"):
        assert site.call("ana", "GET", f"alerts?limit={limit}").status_code == 400


def test_a_key_of_another_list_or_none_at_all_is_refused(site):
    key = site.call("ana", "GET", "alerts?limit=1").json()["next"]
    assert site.call("ana", "GET", f"alerts?limit=1&after={key}").status_code == 200
    other = (f"alerts?after={key}&sort=newest", f"alerts?after={key}&status=closed", f"alerts?after={key}&severity=low")
    for bad in (*other, f"cases?after={key}", "alerts?after=x", f"alerts?after={key}x"):
        assert _told(site.call("ana", "GET", bad))["code"] == "bad_key", bad


def test_pages_hold_everything_once(site):
    seen, after = [], ""
    while True:
        page = site.call("ana", "GET", f"alerts?limit=1{after}").json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == page["total"]["number"] == 4


def test_what_is_not_meant_for_clients_stays_in_the_log(site, monkeypatch):
    def broken(**_more: Any) -> None:
        raise RuntimeError("the secret of the server")

    monkeypatch.setattr("alerts.selectors.alert_page", broken)
    answer = site.call("ana", "GET", f"alerts/{site.named['alert_id']}")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
    assert answer.json()["error"]["code"] == "server_error"


def test_the_description_refuses_in_the_same_shape(site):
    answer = Client().post("/api/v1/schema?format=json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
