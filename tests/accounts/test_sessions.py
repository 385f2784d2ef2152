"""Sessions: listed, ended, outlived; and nobody works on who was switched off."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from accounts import sessions
from accounts.models import Change, User
from accounts.services import create_sign_in_link
from soc.web import clock
from tests.accounts.factors import by_password, give_app, with_password
from tests.people import htmx, sign_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def ana(people) -> User:
    return with_password(people.ana)


def browser_of(name, user_agent=FIREFOX):
    client = Client(headers={"User-Agent": user_agent})
    by_password(client, name)
    assert client.get("/settings/you/").status_code == 200
    return client


def age(client, mark, seconds):
    """Let time pass for a session."""
    session = client.session
    session[mark] -= seconds
    session.save()


def switch_off(user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()


def test_signing_in_gives_the_session_a_new_key(ana):
    client = Client()
    client.get("/login/passkey/", headers={"Accept": "application/json"})  # a session before anybody is in it
    before = client.session.session_key
    by_password(client, "ana")
    assert before
    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_the_page_lists_where_one_is_signed_in(ana):
    here, _ = browser_of("ana"), browser_of("ana", EDGE)
    page = here.get("/settings/security/").content.decode()
    assert "Firefox on Linux" in page
    assert "Edge on Windows" in page
    assert page.count("This one") == 1


def test_one_session_is_ended_and_its_browser_is_told(ana):
    here, there = browser_of("ana"), browser_of("ana", EDGE)
    row = next(one.row for one in sessions.sessions_of(ana, here.session.session_key) if not one.current)
    assert here.post(f"/settings/security/sessions/{row.pk}/end/").status_code == 302
    sent = there.get("/settings/you/")
    assert sent["Location"] == "/login/?next=%2Fsettings%2Fyou%2F&why=ended"
    assert b"Your session was ended." in there.get(sent["Location"]).content
    assert here.get("/settings/you/").status_code == 200
    entry = Change.objects.get(verb="end_session")
    assert entry.after == {"sessions": 1, "device": "Edge on Windows"}


def test_nobody_ends_a_session_of_somebody_else(people, ana):
    theirs = browser_of("ana")
    row = sessions.sessions_of(ana, None)[0].row
    assert sign_in(people.adam).post(f"/settings/security/sessions/{row.pk}/end/").status_code == 404
    assert theirs.get("/settings/you/").status_code == 200


def test_all_others_are_ended_at_once(ana):
    here, *others = (browser_of("ana") for _ in range(3))
    here.post("/settings/security/sessions/end-others/")
    assert [one.get("/settings/you/").status_code for one in others] == [302, 302]
    assert here.get("/settings/you/").status_code == 200
    assert Change.objects.get(verb="end_session").after == {"sessions": 2}


def test_ending_reaches_sessions_that_nobody_listed(people, ana):
    unlisted, other = sign_in(ana), sign_in(people.adam)
    assert sessions.end_sessions(ana) == 1
    assert unlisted.get("/settings/you/").status_code == 302
    assert other.get("/settings/you/").status_code == 200


def test_who_is_switched_off_gets_the_sign_in_page_on_the_next_request(ana):
    client = browser_of("ana")
    switch_off(ana)
    assert sessions.end_sessions(ana) == 1
    sent = client.get("/alerts/")
    assert sent["Location"] == "/login/?next=%2Falerts%2F&why=deactivated"
    assert b"Your account was switched off." in client.get(sent["Location"]).content


def test_being_switched_off_alone_is_enough(ana):
    client = browser_of("ana")
    switch_off(ana)
    assert client.get("/alerts/")["Location"].endswith("why=deactivated")


def test_the_api_and_htmx_turn_away_who_is_switched_off(ana):
    client, page = browser_of("ana"), htmx(browser_of("ana"))
    switch_off(ana)
    assert client.get("/api/v1/events").status_code in {401, 403, 404, 405}
    assert client.get("/api/v1/alerts").status_code in {401, 403, 404}
    answer = page.get("/alerts/")
    assert answer.status_code == 401
    assert b"switched off" in answer.content


def test_who_is_switched_off_does_not_come_in_again(ana):
    token = create_sign_in_link(user=ana, now=clock.now())
    switch_off(ana)
    answer = by_password(Client(), "ana")
    assert answer.status_code == 403
    assert b"Your account was switched off." in answer.content
    assert by_password(Client(), "ana", "wrong").status_code == 422  # only who knows the password is told
    assert Client().post(f"/sign-in/{token}/").status_code == 403


@pytest.mark.parametrize(
    ("mark", "seconds", "why"), [("seen_at", 7200, "idle"), ("began_at", 12 * 3600, "age")], ids=["idle", "age"]
)
def test_a_session_ends_by_itself_and_says_why(ana, mark, seconds, why):
    client = browser_of("ana")
    age(client, mark, seconds)
    sent = client.get("/alerts/?view=closed")
    assert sent["Location"] == f"/login/?next=%2Falerts%2F%3Fview%3Dclosed&why={why}"
    assert sessions.WHY[why].encode() in client.get(sent["Location"]).content
    assert client.get("/alerts/")["Location"] == "/login/?next=%2Falerts%2F"


def test_a_page_that_asks_by_itself_keeps_no_session_alive(ana):
    client = browser_of("ana")
    age(client, "seen_at", 3600)
    before = client.session["seen_at"]
    htmx(client).get("/alerts/pulse/")
    assert client.session["seen_at"] == before
    client.get("/alerts/")
    assert client.session["seen_at"] > before


def test_the_idle_limit_can_be_switched_off(ana, settings):
    settings.SESSION_IDLE_SECONDS = 0
    client = browser_of("ana")
    age(client, "seen_at", 11 * 3600)
    assert client.get("/alerts/").status_code == 200


def test_an_address_cannot_put_words_on_the_sign_in_page(db):
    assert b"evil" not in Client().get("/login/?why=evil").content


def test_a_link_does_not_go_round_the_second_factor(ana):
    give_app(ana)
    token = create_sign_in_link(user=ana, now=clock.now())
    client = Client()
    assert client.post(f"/sign-in/{token}/")["Location"].startswith("/login/code/")
    assert client.get("/settings/you/").status_code == 302


@pytest.mark.parametrize(
    ("says", "shown"), [("curl/8.5", "Another program"), (EDGE, "Edge on Windows"), ("", "Another program")]
)
def test_a_device_is_named_by_what_it_says(says, shown):
    assert sessions.device(says) == shown


def test_sessions_that_ran_out_leave_the_tables(ana):
    kept, gone = browser_of("ana"), browser_of("ana")
    Session.objects.filter(pk=gone.session.session_key).update(expire_date=clock.now() - timedelta(seconds=1))
    assert sessions.forget_over(now=clock.now()) == 1
    assert [one.row.session_key for one in sessions.sessions_of(ana, None)] == [kept.session.session_key]
    assert kept.get("/settings/you/").status_code == 200


def test_sessions_are_ended_while_the_cache_is_away(ana, settings):
    client = browser_of("ana")
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://localhost:9"}
    }
    assert sessions.end_sessions(ana) == 1
    assert client.get("/settings/you/")["Location"].endswith("why=ended")
