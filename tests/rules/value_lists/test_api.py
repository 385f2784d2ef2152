"""Value lists over the API: a feed fills one, sends the same again, and is told line by line what cannot be read."""

from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from rules import exceptions
from rules import value_lists as lists
from rules.models import Rule
from tests.people import sign_in
from tests.rules.conftest import NOW, person

ADDRESS = "/api/v1/lists"


@pytest.fixture
def feed(db: None) -> Client:
    return sign_in(person("rosa", Role.ENGINEER))


def send(feed: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(feed, method)(f"{ADDRESS}{path}", body, content_type="application/json")


def test_a_feed_makes_a_list_and_fills_it(feed: Client) -> None:
    made = send(feed, "post", "", list_id="ips", type="ip", values=["192.0.2.7"])
    assert (made.status_code, made.json()["count"]) == (201, 1)
    again = send(feed, "post", "/ips/values", values=["192.0.2.7", "192.0.2.8"]).json()
    assert (again["added"], again["duplicates"], again["version"]) == (1, 1, 2)
    bad = send(feed, "post", "/ips/values", values=["192.0.2.9", "nope"])
    assert (bad.status_code, bad.json()["error"]["fields"]["values"]) == (422, ["Line 2: 'nope' is no address"])
    passed = send(feed, "post", "/ips/values", values=["192.0.2.9", "nope"], skip_bad=True).json()
    assert (passed["added"], passed["bad"]) == (1, [{"line": 2, "why": "'nope' is no address"}])
    stale = send(feed, "put", "/ips/values", values=["192.0.2.1"], version=1)
    assert (stale.status_code, stale.json()["error"]["stale"]["what"]) == (409, "append")
    assert send(feed, "put", "/ips/values", values=["192.0.2.1"]).json()["removed"] == 3
    found = feed.get(f"{ADDRESS}/ips/values?q=192").json()
    assert (found["items"], found["found"], found["after"]) == (["192.0.2.1"], 1, None)
    assert send(feed, "post", "/ips/values/remove", values=["192.0.2.1", "192.0.2.2"]).json()["removed"] == 1
    assert feed.get(f"{ADDRESS}/ips").json()["count"] == 0
    assert [one["list_id"] for one in feed.get(ADDRESS).json()["items"]] == ["ips"]


def test_a_list_that_is_asked_for_stays(feed: Client, rule: Rule) -> None:
    lists.create_list(list_id="ips", name="IPs", type="ip", lines=["192.0.2.7"], actor=None, now=NOW)
    entry = {"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "ips"}}
    item = exceptions.create_item(rule=rule, entries=[entry], reason="r", name="Ours", actor=None, now=NOW)
    refused = feed.delete(f"{ADDRESS}/ips")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")
    assert feed.get(f"{ADDRESS}/ips").json()["exceptions"] == 1
    exceptions.remove_item(item=item, actor=None, now=NOW)
    assert feed.delete(f"{ADDRESS}/ips").status_code == 204
    assert feed.get(f"{ADDRESS}/ips").status_code == 404
