"""The second factor: set up, asked for, used once, taken away, demanded by policy, and written down."""

import base64
import json
import logging
import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from accounts import second_factor
from accounts.models import Change, User
from tests.accounts.factors import PASSWORD, SECRET, by_password, code, demand, give_app, give_codes, with_password
from tests.people import htmx, said, sign_in

SECURITY = "/settings/security/"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def ana(people) -> User:
    return with_password(people.ana)


def prove(client, password=PASSWORD):
    return client.post(f"{SECURITY}again/", {"password": password})


def verbs_of(user):
    return list(
        Change.objects.filter(object_type="user", object_id=user.pk).order_by("pk").values_list("verb", flat=True)
    )


def test_a_password_is_not_enough_once_there_is_an_app(ana):
    give_app(ana)
    client = Client()
    assert by_password(client, "ana")["Location"].startswith("/login/code/")
    assert client.get("/settings/you/").status_code == 302
    answer = client.post("/login/code/", {"code": code()})
    assert answer.status_code == 302
    assert client.get("/settings/you/").status_code == 200


def test_one_comes_back_to_where_one_wanted_after_the_second_step(ana):
    give_app(ana)
    client = Client()
    by_password(client, "ana", next="/settings/you/")
    assert client.post("/login/code/", {"code": code()})["Location"] == "/settings/you/"


def test_a_code_works_once_even_while_it_lives(ana):
    give_app(ana)
    shown = code()
    for expected in (302, 422):
        client = Client()
        by_password(client, "ana")
        assert client.post("/login/code/", {"code": shown}).status_code == expected


def test_a_wrong_code_comes_back_as_422_and_five_are_the_end_for_a_while(ana):
    give_app(ana)
    client = Client()
    by_password(client, "ana")
    for _ in range(5):
        assert b"That code is not right" in client.post("/login/code/", {"code": "000000"}).content
    answer = client.post("/login/code/", {"code": code()})
    assert answer.status_code == 422
    assert b"Too many tries" in answer.content


def test_a_recovery_code_opens_once_and_leaves_an_entry(ana):
    give_app(ana)
    first = give_codes(ana)[0]
    for expected in (302, 422):
        client = Client()
        by_password(client, "ana")
        assert client.post("/login/code/", {"code": first}).status_code == expected
    assert verbs_of(ana).count("use_recovery_code") == 1


def test_the_second_step_can_be_given_up(ana):
    give_app(ana)
    client = Client()
    by_password(client, "ana")
    assert client.get("/login/")["Location"].startswith("/login/code/")
    assert client.post("/login/code/", {"cancel": "1"})["Location"] == "/login/"
    assert client.get("/login/").status_code == 200


def test_the_second_step_belongs_to_signing_in():
    assert Client().get("/login/code/")["Location"] == "/login/"


def test_setting_up_an_app_asks_who_one_is_then_shows_codes_once(ana):
    client = sign_in(ana)
    asked = client.get(f"{SECURITY}app/")
    assert asked["Location"].startswith(f"{SECURITY}again/")
    assert prove(client, "wrong").status_code == 422
    prove(client)
    page = client.get(f"{SECURITY}app/").content.decode()
    assert "data:image/svg+xml;base64," in page
    secret = said(r'id="totp-secret">([A-Z2-7 ]+)<', page).replace(" ", "")
    shown = code(secret=secret)
    assert client.post(f"{SECURITY}app/", {"code": "000000"}).status_code == 422
    assert client.post(f"{SECURITY}app/", {"code": shown})["Location"] == f"{SECURITY}codes/"
    codes = re.findall(r"<li>(\d{4} \d{4})", client.get(f"{SECURITY}codes/").content.decode())
    assert len(codes) == 10
    assert codes[0] not in client.get(f"{SECURITY}codes/").content.decode()
    assert verbs_of(ana) == ["add_second_factor", "new_recovery_codes"]
    assert secret not in str(list(Change.objects.values()))
    assert secret not in str(list(Authenticator.objects.values()))


def test_new_codes_make_the_old_ones_worthless(ana):
    give_app(ana)
    old = give_codes(ana)[0]
    client = sign_in(ana)
    prove(client)
    assert client.post(f"{SECURITY}codes/new/")["Location"] == f"{SECURITY}codes/"
    fresh = Client()
    by_password(fresh, "ana")
    assert fresh.post("/login/code/", {"code": old}).status_code == 422
    assert verbs_of(ana) == ["new_recovery_codes"]


def test_the_last_factor_takes_the_recovery_codes_with_it(ana):
    give_app(ana)
    give_codes(ana)
    client = sign_in(ana)
    prove(client)
    assert client.post(f"{SECURITY}app/remove/")["Location"] == SECURITY
    assert not Authenticator.objects.exists()
    entry = Change.objects.get(verb="remove_second_factor")
    assert entry.before["factor"] == "authenticator app"


def test_nobody_touches_a_passkey_of_somebody_else(people, ana):
    theirs = Authenticator.objects.create(user=people.adam, type="webauthn", data={"name": "x", "credential": {}})
    client = sign_in(ana)
    prove(client)
    for address in (f"{SECURITY}passkeys/{theirs.pk}/", f"{SECURITY}passkeys/{theirs.pk}/remove/"):
        assert client.get(address).status_code == 404
        assert client.post(address, {"name": "mine"}).status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def reads_as_passkey(response, user_id):
    """Well formed on the outside, with `response` inside."""
    made = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
    if user_id:
        response["userHandle"] = base64.urlsafe_b64encode(str(user_id).encode()).decode()
    return json.dumps(made)


NONSENSE = [
    "",
    "{}",
    "[]",
    "null",
    "[" * 15_000,
    "{" * 25_000,
    '{"response": 1}',
    '{"response": {"userHandle": "MQ"}}',
    '{"id": "a", "response": {}}',
    reads_as_passkey({"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}, 1),
    reads_as_passkey({"clientDataJSON": "AA", "attestationObject": "n5-fn5-fn5-f"}, 0),
    reads_as_passkey({"clientDataJSON": "e30", "attestationObject": "gYGBgYGBgYGBgYGBgYGBgYGB" * 300}, 0),
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_instead_of_a_passkey_is_refused_in_words(ana, nonsense):
    client = Client()
    client.get("/login/passkey/", headers={"Accept": "application/json"})
    assert client.post("/login/passkey/", {"credential": nonsense})["Location"] == "/login/"
    known = sign_in(ana)
    prove(known)
    known.get(f"{SECURITY}passkeys/new/")
    assert known.post(f"{SECURITY}passkeys/new/", {"credential": nonsense, "name": "x"}).status_code == 422
    assert not Authenticator.objects.exists()


def test_an_administrator_takes_everything_away(ana):
    give_app(ana)
    give_codes(ana)
    assert second_factor.remove_all(ana) == ["authenticator app", "recovery codes"]
    assert not second_factor.has_second_factor(ana)


def test_a_secret_sealed_with_another_key_lets_nobody_in_and_breaks_nothing(ana, settings):
    give_app(ana)
    client = Client()
    settings.SECRET_KEY = "x" * 60
    by_password(client, "ana")
    assert client.post("/login/code/", {"code": code()}).status_code == 422


def test_no_secret_reaches_the_log(ana, caplog):
    caplog.set_level(logging.DEBUG)
    give_app(ana)
    codes = give_codes(ana)
    client = Client()
    by_password(client, "ana")
    client.post("/login/code/", {"code": codes[0]})
    assert SECRET not in caplog.text
    assert codes[0] not in caplog.text


# What the policy of a role demands


def test_who_has_none_is_led_to_set_one_up_before_anything_else(ana):
    demand("analyst")
    client = sign_in(ana)
    assert client.get("/alerts/")["Location"] == SECURITY
    page = client.get(SECURITY)
    assert page.status_code == 200
    assert b"Your role needs a second factor" in page.content
    assert client.get(f"{SECURITY}app/").status_code == 302
    prove(client)
    assert client.get(f"{SECURITY}app/").status_code == 200
    give_app(ana)
    assert client.get("/alerts/").status_code == 200


def test_who_takes_the_last_one_away_is_led_to_the_next_at_once(ana):
    demand("analyst")
    give_app(ana)
    client = sign_in(ana)
    prove(client)
    assert client.get("/alerts/").status_code == 200
    client.post(f"{SECURITY}app/remove/")
    assert client.get("/alerts/")["Location"] == SECURITY


def test_a_client_is_told_in_a_sentence(ana):
    demand("analyst")
    answer = sign_in(ana).post("/api/v1/events", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert "second factor" in answer.json()["error"]["detail"]


def test_htmx_is_led_there_as_a_whole_page(ana):
    demand("analyst")
    answer = htmx(sign_in(ana)).get("/alerts/")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, SECURITY)


def test_another_role_goes_on_as_before(ana):
    demand("admin")
    assert sign_in(ana).get("/alerts/").status_code == 200


def test_a_policy_reaches_who_is_signed_in_within_a_minute(ana):
    client = sign_in(ana)
    assert client.get("/alerts/").status_code == 200
    demand("analyst")
    session = client.session
    session["seen_at"] -= 61
    session.save()
    assert client.get("/alerts/")["Location"] == SECURITY


def test_a_page_costs_nothing_more_for_all_that(ana, django_assert_num_queries):
    client = sign_in(ana)
    client.get("/settings/you/")
    with django_assert_num_queries(3):  # the session, the person, and the unread notices of the frame
        client.get("/settings/you/")
