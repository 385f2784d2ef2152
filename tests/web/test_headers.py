"""What a browser is allowed to do, errors that tell without giving away, and static files."""

import json
import re

import pytest
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.access import page, public
from accounts.errors import NotAllowed
from soc.urls import handler400, handler403, handler404, handler500  # noqa: F401
from soc.urls import urlpatterns as site
from soc.web.errors import PageError, csrf_failed
from tests.people import htmx, said, sign_in

SECRET = "postgresql://secret"


class StaleError(PageError):
    status = 409


@public
def boom(request):
    raise RuntimeError(SECRET)


@public
def down(request):
    raise OperationalError(SECRET)


@public
def cache_down(request):
    raise RedisConnectionError(SECRET)


@public
def stale(request):
    raise StaleError("Ana closed this 4 s ago.")


@public
def gone(request):
    raise Http404(SECRET)


@page()
def role(request):
    raise NotAllowed("Needs the engineer role.")


@page(methods=("POST",))
def only_post(request):
    return HttpResponse("done")


urlpatterns = [
    path("boom/", boom),
    path("down/", down),
    path("cache-down/", cache_down),
    path("stale/", stale),
    path("gone/", gone),
    path("role/", role),
    path("only-post/", only_post),
    path("api/v1/boom/", boom),
    *site,
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def test_the_content_policy_is_strict(client, db):
    answer = client.get("/login/")
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"


def test_pages_are_not_kept_in_caches(people):
    assert "no-store" in sign_in(people.ana).get("/settings/you/")["Cache-Control"]


def test_static_files_may_be_kept_and_carry_the_policy(client):
    answer = client.get("/static/css/base.css")
    assert answer.status_code == 200
    assert "no-store" not in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("url", "status"), [("/boom/", 500), ("/down/", 503), ("/cache-down/", 503), ("/stale/", 409), ("/gone/", 404)]
)
def test_an_error_page_gives_a_reference_and_nothing_away(client, db, url, status):
    answer = client.get(url)
    text = answer.content.decode()
    assert answer.status_code == status
    assert SECRET not in text
    assert answer["X-Request-Id"] in text
    assert answer["Content-Security-Policy"]


def test_the_log_has_the_reference_but_no_local_variables(client, db, capsys, caplog):
    answer = client.get("/boom/")
    entry = next(record for record in caplog.records if record.name == "soc.web.errors")
    assert answer["X-Request-Id"] in str(entry.msg)


def test_a_database_that_does_not_answer_says_when_to_come_back(client, db):
    assert int(client.get("/down/")["Retry-After"]) > 0


def test_a_page_error_tells_its_sentence(client, db):
    assert b"Ana closed this 4 s ago." in client.get("/stale/").content


def test_a_missing_role_is_named(people):
    answer = sign_in(people.ana).get("/role/")
    assert answer.status_code == 403
    assert b"Needs the engineer role." in answer.content


def test_htmx_gets_a_strip(client, db):
    answer = htmx(client).get("/stale/")
    assert answer["HX-Retarget"] == "#strip"
    assert b"<html" not in answer.content


@pytest.mark.parametrize("status_url", ["/gone/", "/boom/"])
def test_htmx_may_claim_to_be_on_no_address_at_all(client, db, status_url):
    answer = htmx(client).get(status_url, headers={"HX-Current-URL": "http://["})
    assert answer.status_code == {"/gone/": 404, "/boom/": 500}[status_url]
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/rules/%00/", 404),
        ("/settings/keys/%00/revoke/", 404),
        ("/search/dead-letters/?reason=%00", 400),
        ("/alerts/?q=a%00b", 400),
        ("/alerts/?%00=a", 400),
        ("/api/v1/boom/?a=%00", 400),
    ],
)
def test_a_nul_in_an_address_is_refused_at_the_door(people, url, status):
    answer = sign_in(people.adam).get(url)
    assert answer.status_code == status
    assert status == 404 or b"NUL" in answer.content


def test_a_nul_in_a_form_is_refused_at_the_door(people):
    answer = sign_in(people.adam).post("/only-post/", {"name": "a\0b"})
    assert answer.status_code == 400
    assert b"NUL" in answer.content


def test_the_api_gets_json(client, db):
    answer = client.get("/api/v1/boom/")
    body = json.loads(answer.content)
    assert body["error"]["status"] == 500
    assert body["error"]["reference"] == answer["X-Request-Id"]
    assert SECRET not in answer.content.decode()


def test_a_wrong_method_is_405(people):
    answer = sign_in(people.ana).get("/only-post/")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


def test_a_wrong_method_is_answered_with_a_page(people):
    text = sign_in(people.ana).get("/only-post/").content.decode()
    assert "Nothing to look at here" in text
    assert "Reference" in text


def test_signing_in_does_not_lead_to_the_address_of_a_button(people, client):
    assert client.get("/only-post/")["Location"] == "/login/"
    assert client.get("/role/?a=b")["Location"] == "/login/?next=%2Frole%2F%3Fa%3Db"


def test_a_form_without_its_token_is_refused_in_words(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.ana, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/only-post/")
    assert answer.status_code == 403
    assert b"older than your sign-in" in answer.content


def test_the_token_may_come_in_a_header(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.ana, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/settings/you/")
    token = client.cookies["csrftoken"].value
    assert client.post("/only-post/", headers={"X-CSRFToken": token}).content == b"done"


def test_the_answer_to_a_missing_token_needs_no_database(django_assert_num_queries):
    assert csrf_failed(RequestFactory().post("/x/"), "no cookie").status_code == 403


def test_the_base_page_configures_htmx_strictly(people):
    text = sign_in(people.ana).get("/settings/you/").content.decode()
    config = json.loads(said(r"name=\"htmx-config\" content='([^']+)'", text))
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False
    assert config["historyCacheSize"] == 0
    assert {"code": "(409|422)", "swap": True} in config["responseHandling"]


def test_everything_a_page_loads_exists(people, client):
    text = sign_in(people.ana).get("/settings/you/").content.decode()
    for address in set(re.findall(r"(?:src|href)=\"(/static/[^\"#]+)", text)):
        assert client.get(address).status_code == 200, address
