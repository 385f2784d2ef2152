"""The door of the agents: what it takes, what it answers, and that our own trouble is never theirs."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.test import Client

from accounts.keys import revoke_key
from accounts.models import ApiKey
from events import bell, pressure, rate
from events.models import Batch, DeadLetter, Event
from soc.web import clock

pytestmark = pytest.mark.django_db
NDJSON = "application/x-ndjson"
Post = Callable[..., Any]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    pressure.look_again()
    rate._own.clear()


@pytest.fixture
def post(client: Client, agent: tuple[ApiKey, str]) -> Post:
    def send(body: bytes | str | list[Any] | dict[str, Any], content_type: str = NDJSON, **headers: str) -> Any:
        if isinstance(body, list | dict):
            body, content_type = orjson.dumps(body), "application/json"
        all_headers = {"Authorization": f"ApiKey {agent[1]}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return client.generic("POST", "/api/v1/events", body, content_type=content_type, headers=all_headers)

    return send


def statuses(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["status"] for item in response.json()["items"]]


def test_lines_are_stored_and_answered_one_by_one(post: Post) -> None:
    response = post(b'{"_id":"a"}\n{"_id":"b"\n\r\n{"_id":"a"}\r\n[1]\n')
    assert statuses(response) == ["created", "rejected", "duplicate", "rejected"]
    assert [item.get("reason") for item in response.json()["items"]] == [None, "not_json", None, "not_an_object"]
    assert {key: response.json()[key] for key in ("created", "duplicate", "rejected")} == {
        "created": 1, "duplicate": 1, "rejected": 2,
    }  # fmt: skip
    assert DeadLetter.objects.count() == 2


def test_an_array_and_one_object_are_taken_as_json(post: Post) -> None:
    assert statuses(post([{"_id": "a"}, 1, None, "x", {"_id": "b"}])) == [
        "created", "rejected", "rejected", "rejected", "created",
    ]  # fmt: skip
    assert statuses(post({"_id": "c"})) == ["created"]


def test_a_bad_element_of_an_array_is_refused_alone(post: Post) -> None:
    body = b'[{"_id":"a"},{"m":"\\ud800"},{"x":},{"y":"a,b]}\\"{"},{"n":1e131073} , {"_id":"b"} ]'
    assert statuses(post(body, "application/json")) == [
        "created", "rejected", "rejected", "created", "rejected", "created",
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"[", b'[{"a":1}', b'[{"a":1}] x', b'[{"a":"}]', b"7", b"[1}"])
def test_a_body_that_is_no_array_is_refused_whole(post: Post, body: bytes) -> None:
    response = post(body, "application/json")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "malformed"
    assert not Batch.objects.exists()


@pytest.mark.parametrize("body", [b"\n\r\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_a_400(post: Post, body: bytes) -> None:
    assert post(body).status_code == 400


def test_a_byte_order_mark_is_overlooked(post: Post) -> None:
    assert statuses(post(b'\xef\xbb\xbf{"_id":"a"}\n')) == ["created"]


def test_gzip_is_unpacked(post: Post) -> None:
    packed = gzip.compress(b'{"_id":"a"}\n') + gzip.compress(b'{"_id":"b"}\n')
    assert statuses(post(packed, Content_Encoding="gzip")) == ["created", "created"]


def test_a_gzip_bomb_is_a_413_and_a_torn_one_a_400(post: Post, settings: Any) -> None:
    settings.INGEST_MAX_UNPACKED_BYTES = 1_000_000
    assert post(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip").status_code == 413
    assert post(gzip.compress(b'{"_id":"a"}')[:-6], Content_Encoding="gzip").status_code == 400
    assert post(b"no gzip", Content_Encoding="gzip").status_code == 400


def test_a_large_body_is_a_413_whether_or_not_it_says_its_length(post: Post, client: Client, settings: Any) -> None:
    settings.INGEST_MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    line = b'{"m":"' + b"x" * 6_000 + b'"}\n'
    assert statuses(post(line)) == ["created"]
    assert post(line * 2).status_code == 413
    from events.api import read_body
    from events.errors import TooLarge

    request = client.request(REQUEST_METHOD="GET", PATH_INFO="/api/v1/schema").wsgi_request
    request.META |= {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    request.__dict__.pop("headers", None)
    import io

    request.META["wsgi.input"] = io.BytesIO(line)
    assert read_body(request, 10_000) == line
    request.META["wsgi.input"] = io.BytesIO(line * 2)
    with pytest.raises(TooLarge):
        read_body(request, 10_000)


def test_a_string_of_a_hundred_megabytes_is_a_413_at_once(post: Post) -> None:
    assert post(b'{"m":"' + b"x" * 100_000_000 + b'"}').status_code == 413


def test_a_body_above_djangos_form_limit_is_taken(post: Post, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert statuses(post(b'{"m":"' + b"x" * 5_000 + b'"}')) == ["created"]


def test_too_many_events_are_a_413(post: Post, settings: Any) -> None:
    settings.INGEST_MAX_EVENTS = 3
    assert post(b"{}\n" * 4).status_code == 413
    assert statuses(post(b"{}\n" * 3)) == ["created"] * 3


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_other_types_are_a_415(post: Post, kind: str) -> None:
    assert post(b"{}", kind).status_code == 415


def test_other_encodings_are_a_415(post: Post) -> None:
    assert post(b"{}", Content_Encoding="br").status_code == 415


def test_no_key_is_a_401_and_a_dead_one_a_403(post: Post, client: Client, agent: tuple[ApiKey, str]) -> None:
    assert client.post("/api/v1/events", b"{}", content_type=NDJSON).status_code == 401
    for bad in ("Basic abc", "ApiKey", "ApiKey !!!", "ApiKey bm86bm8="):
        assert post(b"{}", Authorization=bad).status_code == 401
    key = agent[0]
    ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert post(b"{}").json()["error"]["code"] == "key_expired"
    revoke_key(key=key, actor=None, now=clock.now())
    response = post(b"{}")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "key_revoked")


def test_other_methods_are_a_405(client: Client) -> None:
    assert client.get("/api/v1/events").status_code == 405


def test_a_repeated_request_gets_the_first_answer(post: Post) -> None:
    first = post(b'{"m":1}\n{"x":\n', Idempotency_Key="k-1")
    again = post(b'{"m":1}\n{"x":\n', Idempotency_Key="k-1")
    assert again.json() == first.json()
    assert Event.objects.count() == 1
    assert DeadLetter.objects.count() == 1
    assert statuses(post(b'{"m":1}', Idempotency_Key="k-2")) == ["created"]
    assert post(b"{}", Idempotency_Key="a b").status_code == 400


def test_a_request_that_was_refused_event_by_event_is_remembered_too(post: Post) -> None:
    first = post(b"x", Idempotency_Key="k")
    assert post(b"x", Idempotency_Key="k").json() == first.json()
    assert not Event.objects.exists()


def test_a_request_key_with_other_events_is_refused_and_stores_nothing(post: Post) -> None:
    first = post(b'{"_id":"one"}', Idempotency_Key="k")
    other = post(b'{"_id":"other"}', Idempotency_Key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "key_reused")
    assert Event.objects.count() == 1
    packed = post(gzip.compress(b'{"_id":"one"}'), Idempotency_Key="k", Content_Encoding="gzip")
    assert packed.json() == first.json()


def test_a_key_that_is_too_fast_gets_a_429_and_is_told_when(post: Post, agent: tuple[ApiKey, str]) -> None:
    ApiKey.objects.update(events_per_second=1)
    assert statuses(post(b"{}\n" * 40)) == ["created"] * 40
    response = post(b"{}")
    assert response.status_code == 429
    assert 25 <= int(response["Retry-After"]) <= 32


def test_the_rate_is_shared_through_the_cache(post: Post, settings: Any, broker_url: str) -> None:
    settings.CACHE_URL = broker_url.replace("redis+socket", "unix").replace("virtual_host", "db")
    ApiKey.objects.update(events_per_second=1)
    assert post(b"{}\n" * 40).status_code == 200
    assert post(b"{}").status_code == 429
    assert not rate._own


def test_a_dead_cache_lets_events_through_quickly(post: Post, settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    assert post(b"{}").status_code == 200


def test_a_dead_broker_does_not_hold_up_the_answer(
    post: Post, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        response = post(b'{"_id":"a"}')
    assert statuses(response) == ["created"]
    assert callbacks == [bell.ring]
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        assert statuses(post(b'{"_id":"a"}')) == ["duplicate"]
    assert callbacks == []


def test_a_backlog_is_a_503_with_a_time_to_come_back(post: Post, settings: Any) -> None:
    settings.INGEST_BACKLOG_EVENTS = 2
    assert post(b"{}\n" * 3).status_code == 200
    pressure.look_again()
    response = post(b"{}")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_a_database_in_trouble_is_a_503(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(clock, "now", broken)
    response = post(b"{}")
    assert response.status_code == 503
    assert response["Retry-After"]
    assert "closed the connection" not in response.content.decode()


def test_the_key_is_marked_as_used(post: Post, agent: tuple[ApiKey, str]) -> None:
    post(b"{}")
    agent[0].refresh_from_db()
    assert agent[0].last_used_at is not None


def test_the_schema_describes_the_door(client: Client) -> None:
    response = client.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    schema = json.loads(response.content)
    answers = schema["paths"]["/api/v1/events"]["post"]["responses"]
    assert set(answers) == {"200", "400", "401", "403", "413", "415", "422", "429", "503"}
    assert schema["components"]["securitySchemes"]["ApiKey"]["name"] == "Authorization"
