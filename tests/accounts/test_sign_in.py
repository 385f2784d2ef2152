"""Getting in: password, one-time link, and being sent there and back."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.errors import LinkRefused
from accounts.models import SignInLink, User
from accounts.services import create_sign_in_link, use_sign_in_link
from soc.web import clock
from tests.people import NOON, htmx, sign_in

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def ana(people):
    people.ana.set_password(PASSWORD)
    people.ana.save()
    return people.ana


def _try(client, password, **extra):
    return client.post("/login/", {"login": "ana", "password": password, **extra})


def test_a_stranger_is_sent_to_sign_in_and_back(ana):
    client = Client()
    sent = client.get("/settings/you/?a=1")
    assert sent.status_code == 302
    assert sent["Location"] == "/login/?next=%2Fsettings%2Fyou%2F%3Fa%3D1"
    back = _try(client, PASSWORD, next="/settings/you/?a=1")
    assert back["Location"] == "/settings/you/?a=1"
    assert client.get("/settings/you/").status_code == 200


def test_nobody_is_sent_to_another_site(ana):
    assert _try(Client(), PASSWORD, next="https://evil.example/")["Location"] == "/"


def test_a_wrong_password_comes_back_as_422_without_saying_which_was_wrong(ana):
    wrong = _try(Client(), "no")
    unknown = Client().post("/login/", {"login": "nobody", "password": "no"})
    assert wrong.status_code == unknown.status_code == 422
    assert b"do not match" in wrong.content
    assert b"do not match" in unknown.content


def test_after_five_tries_even_the_right_password_waits(ana):
    client = Client()
    for _ in range(5):
        _try(client, "no")
    answer = _try(client, PASSWORD)
    assert answer.status_code in {422, 429}
    assert b"Too many" in answer.content


@pytest.mark.usefixtures("_quick_hashes")
def test_another_host_or_address_or_spelling_wins_no_tries(ana):
    User.objects.filter(pk=ana.pk).update(email="ana@example.net")
    for number, login in enumerate(("ana", "ANA", " ana ", "ana@example.net", "Ana@Example.NET")):
        guesser = Client(SERVER_NAME="localhost", SERVER_PORT=str(1000 + number), REMOTE_ADDR=f"10.0.0.{number}")
        guesser.post("/login/", {"login": login, "password": "no"}, headers={"host": f"localhost:{1000 + number}"})
    answer = _try(Client(REMOTE_ADDR="10.0.0.99"), PASSWORD)
    assert answer.status_code in {422, 429}
    assert b"Too many" in answer.content


@pytest.mark.usefixtures("_quick_hashes")
def test_a_name_that_nobody_has_runs_out_of_tries_all_the_same(ana):
    said = [
        Client(REMOTE_ADDR=f"10.0.0.{number}")
        .post("/login/", {"login": name, "password": "no"}, headers={"host": f"localhost:{1000 + number}"})
        .content.decode()
        for number, name in enumerate(("ghost", "Ghost", "GHOST", " ghost", "ghost ", "ghosT"))
    ]
    assert "Four tries left" in said[0]
    assert "last try" in said[4]
    assert "Too many tries" in said[5]


def test_nobody_signs_up():
    assert Client().get("/signup/").status_code == 404


def test_htmx_is_told_instead_of_getting_a_form_into_the_middle_of_a_page(people):
    answer = htmx(Client()).get("/settings/you/", headers={"HX-Current-URL": "http://testserver/alerts/?q=a"})
    assert answer.status_code == 401
    assert answer["HX-Retarget"] == "#strip"
    assert b"/login/?next=%2Falerts%2F%3Fq%3Da" in answer.content


def test_a_link_signs_in_once(people):
    User.objects.filter(pk=people.adam.pk).update(password="argon2$known")  # who has none would have to choose one
    token = create_sign_in_link(user=people.adam, now=clock.now())
    client = Client()
    assert b"<button" in client.get(f"/sign-in/{token}/").content  # opening changes nothing
    assert client.post(f"/sign-in/{token}/")["Location"] == "/"
    assert client.get("/settings/you/").status_code == 200
    assert Client().post(f"/sign-in/{token}/").status_code == 403


def test_an_old_link_or_one_of_a_person_switched_off_does_not_work(people):
    token = create_sign_in_link(user=people.ana, now=NOON)
    with pytest.raises(LinkRefused):
        use_sign_in_link(token=token, now=NOON + timedelta(hours=12))
    User.objects.filter(pk=people.ana.pk).update(is_active=False)
    with pytest.raises(LinkRefused):
        use_sign_in_link(token=token, now=NOON)


def test_only_a_hash_of_a_link_is_stored(people):
    token = create_sign_in_link(user=people.ana, now=NOON)
    assert token.encode() not in bytes(SignInLink.objects.get().token_sha256)


def test_a_generated_password_must_be_changed_first(ana):
    User.objects.filter(pk=ana.pk).update(must_change_password=True)
    client = sign_in(User.objects.get(pk=ana.pk))
    assert client.get("/settings/you/")["Location"] == "/settings/password/"
    new = "entirely different words"
    answer = client.post("/settings/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer["Location"] == "/settings/you/"
    assert client.get("/settings/you/").status_code == 200
    assert User.objects.get(pk=ana.pk).check_password(new)


def test_signing_out_needs_a_post(people):
    client = sign_in(people.ana)
    assert client.get("/logout/").status_code == 200
    assert client.get("/settings/you/").status_code == 200
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/settings/you/").status_code == 302


def test_the_page_counts_the_tries_down(ana):
    client = Client()
    said = [_try(client, "no").content.decode() for _ in range(6)]
    assert "Four tries left in this quarter of an hour." in said[0]
    assert "One try left" in said[3]
    assert "That was the last try" in said[4]
    assert "Too many tries" in said[5]
    assert "last try" not in said[5]


@pytest.mark.usefixtures("_quick_hashes")
def test_an_address_runs_out_of_tries_over_many_names(ana):
    for number in range(30):
        Client().post("/login/", {"login": f"guess{number}", "password": "no"})
    assert b"Too many tries" in _try(Client(), PASSWORD).content


@pytest.fixture
def _quick_hashes(settings):
    """Hashing takes a tenth of a second by design; where thirty tries are counted it proves nothing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


def _from(address: str, forwarded: str = "") -> Client:
    """A browser as the server sees it: who connects, and what the header says."""
    client = Client()
    client.defaults["REMOTE_ADDR"] = address
    if forwarded:
        client.defaults["HTTP_X_FORWARDED_FOR"] = forwarded
    return client


@pytest.mark.usefixtures("_quick_hashes")
def test_a_forged_forwarding_header_wins_no_tries(ana):
    for number in range(30):
        _from("192.0.2.7", f"10.0.0.{number}").post("/login/", {"login": f"guess{number}", "password": "no"})
    assert b"Too many tries" in _try(_from("192.0.2.7"), PASSWORD).content


@pytest.mark.usefixtures("_quick_hashes")
def test_behind_a_proxy_the_address_it_saw_counts_and_not_the_one_that_was_claimed(ana, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(30):
        guesser = _from("10.9.9.9", f"203.0.113.{number}, 192.0.2.7")
        guesser.post("/login/", {"login": f"guess{number}", "password": "no"})
    assert b"Too many tries" in _try(_from("10.9.9.9", "198.51.100.1, 192.0.2.7"), PASSWORD).content
    assert _try(_from("10.9.9.9", "192.0.2.8"), PASSWORD).status_code == 302


def test_passwords_are_kept_with_argon2(ana):
    assert ana.password.startswith("argon2$argon2id$")


def test_who_has_no_password_chooses_one_without_an_old_one(people):
    User.objects.filter(pk=people.ana.pk).update(must_change_password=True)
    client = sign_in(User.objects.get(pk=people.ana.pk))
    assert client.get("/alerts/")["Location"] == "/settings/password/"
    page = client.get("/settings/password/")
    assert b"oldpassword" not in page.content
    new = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/settings/password/", {**new, "password2": "x"}).status_code == 422
    assert client.post("/settings/password/", new).status_code == 302
    assert client.get("/settings/you/").status_code == 200
    ana = User.objects.get(pk=people.ana.pk)
    assert ana.check_password(PASSWORD)
    assert not ana.must_change_password


def test_a_password_that_must_be_changed_holds_up_the_api_and_htmx_too(ana):
    User.objects.filter(pk=ana.pk).update(must_change_password=True)
    client = sign_in(User.objects.get(pk=ana.pk))
    answer = client.post("/api/v1/events", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert "Choose a password" in answer.json()["error"]["detail"]
    part = htmx(client).get("/alerts/")
    assert (part.status_code, part["HX-Redirect"]) == (204, "/settings/password/")


def test_the_same_password_again_is_no_change(ana):
    User.objects.filter(pk=ana.pk).update(must_change_password=True)
    client = sign_in(User.objects.get(pk=ana.pk))
    again = {"oldpassword": PASSWORD, "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/settings/password/", again).status_code == 422
    assert User.objects.get(pk=ana.pk).must_change_password


def test_changing_the_password_ends_the_other_sessions(ana):
    here, there = sign_in(ana), sign_in(ana)
    new = {"oldpassword": PASSWORD, "password1": "entirely different words", "password2": "entirely different words"}
    here.post("/settings/password/", new)
    assert here.get("/settings/you/").status_code == 200
    assert there.get("/settings/you/").status_code == 302


def test_who_has_lost_the_password_comes_by_a_link_and_chooses_another(ana):
    token = create_sign_in_link(user=ana, now=clock.now())
    client = Client()
    client.post(f"/sign-in/{token}/")
    assert b"oldpassword" not in client.get("/settings/password/").content
    new = {"password1": "entirely different words", "password2": "entirely different words"}
    assert client.post("/settings/password/", new).status_code == 302
    assert User.objects.get(pk=ana.pk).check_password("entirely different words")
    assert b"oldpassword" in client.get("/settings/password/").content
