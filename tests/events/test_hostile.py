"""Hostile events are refused alone or stored unharmed, and their neighbours are stored."""

from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import ApiKey
from events import rate
from events.models import Batch, DeadLetter
from events.store import read_batch
from tests.events.hostile import CASES, Case

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    rate._own.clear()


def send(client: Client, presented: str, body: bytes, kind: str) -> list[dict[str, Any]]:
    response = client.generic(
        "POST", "/api/v1/events", body, content_type=kind, headers={"Authorization": f"ApiKey {presented}"}
    )
    assert response.status_code == 200, response.content[:300]
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def judge(case: Case, item: dict[str, Any]) -> None:
    assert item.get("reason") == case.reason, (case.name, item)
    assert item["status"] == ("rejected" if case.reason else "created"), (case.name, item)
    if case.reason:
        assert item["detail"].endswith(".")


def test_each_line_is_judged_alone_and_its_neighbours_are_stored(client: Client, agent: tuple[ApiKey, str]) -> None:
    neighbour = b'{"message":"neighbour"}'
    lines = [line for case in CASES for line in (case.line, neighbour)]
    items = send(client, agent[1], b"\n".join(lines), "application/x-ndjson")
    for case, item in zip(CASES, items[::2], strict=True):
        judge(case, item)
    assert {item["status"] for item in items[1::2]} == {"created"}
    refused = [case for case in CASES if case.reason]
    assert DeadLetter.objects.count() == min(len(refused), 100)
    check_what_is_kept([item["id"] for item in items[::2] if "id" in item])


def check_what_is_kept(ids: list[str]) -> None:
    """Stored documents hold what was sent, read back through the block."""
    events = {event.uid.hex(): event for event in read_batch(Batch.objects.get())}
    for case, uid in zip([case for case in CASES if not case.reason], ids, strict=True):
        if case.kept:
            field, value = case.kept
            assert events[uid].document().values(field)[0] == value, case.name


# These end the array they stand in, or are two elements of it.
NOT_IN_ARRAYS = {"torn", "utf16", "comma", "two", "comment"}
IN_ARRAYS = [case for case in CASES if case.reason not in ("too_deep", None) and case.name not in NOT_IN_ARRAYS]


@pytest.mark.parametrize("case", IN_ARRAYS, ids=lambda case: case.name)
def test_a_bad_element_of_an_array_is_refused_alone_too(client: Client, agent: tuple[ApiKey, str], case: Case) -> None:
    items = send(client, agent[1], b'[{"_id":"1"},' + case.line + b',{"_id":"2"}]', "application/json")
    assert [item["status"] for item in items] == ["created", "rejected", "created"]
    assert items[1]["reason"] == case.reason


def test_deep_elements_of_an_array_are_refused_alone(client: Client, agent: tuple[ApiKey, str]) -> None:
    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    items = send(client, agent[1], b'[{"_id":"1"},' + deep + b',{"_id":"2"}]', "application/json")
    assert [item.get("reason") for item in items] == [None, "too_deep", None]


def test_what_is_buried_is_bounded(client: Client, agent: tuple[ApiKey, str]) -> None:
    send(client, agent[1], b"\n".join([b"x" * 10_000] * 150), "application/x-ndjson")
    letters = DeadLetter.objects.order_by("pk")
    assert len(letters) == 101
    assert bytes(letters[0].body) == b"x" * 10_000
    assert letters[0].whole
    assert letters[100].detail.startswith("50 more")
    assert (letters[100].events, letters[100].whole) == (50, False)


def test_what_is_stored_is_json_in_one_line(client: Client, agent: tuple[ApiKey, str]) -> None:
    send(client, agent[1], b'{"m":"a\\nb\\u2028"}', "application/json")
    [event] = read_batch(Batch.objects.get())
    assert b"\n" not in event.raw
    assert orjson.loads(event.raw)["m"] == "a\nb\u2028"
