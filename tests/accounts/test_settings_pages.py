"""One's own settings, and the page of API keys."""

from datetime import timedelta

from accounts.forms import NewKeyForm
from accounts.keys import authenticate_key, create_key, revoke_key, touch_key
from accounts.models import ApiKey, Change, Notice, Team
from accounts.pages import keys_page
from soc.web import clock
from tests.people import said, sign_in

SENDS = {"scopes": "events:write"}


def test_one_s_own_settings_are_saved_and_recorded(people):
    form = {"first_name": "Ana", "last_name": "Lim", "time_zone": "Asia/Singapore"}
    answer = sign_in(people.ana).post("/settings/you/", form)
    assert answer["Location"] == "/settings/you/"
    people.ana.refresh_from_db()
    assert (people.ana.last_name, people.ana.time_zone, people.ana.single_key_shortcuts) == (
        "Lim",
        "Asia/Singapore",
        False,
    )
    entry = Change.objects.get(verb="change_settings")
    assert entry.before == {"last_name": "", "time_zone": "UTC", "single_key_shortcuts": True, "mail_notices": True}


def test_an_unknown_time_zone_is_refused(people):
    answer = sign_in(people.ana).post("/settings/you/", {"time_zone": "Mars/Olympus"})
    assert answer.status_code == 422


def test_nobody_gives_themselves_a_role(people):
    sign_in(people.ana).post("/settings/you/", {"time_zone": "UTC", "role": "admin", "is_superuser": "1"})
    people.ana.refresh_from_db()
    assert (people.ana.role, people.ana.is_superuser) == ("analyst", False)


def test_switching_shortcuts_off_reaches_the_page(people):
    client = sign_in(people.ana)
    assert b'data-keys="on"' in client.get("/settings/you/").content
    client.post("/settings/you/", {"time_zone": "UTC"})
    assert b'data-keys="off"' in client.get("/settings/you/").content


def test_a_new_key_is_shown_once_and_works(people):
    client = sign_in(people.rosa)
    answer = client.post("/settings/keys/new/", {"name": "windows-fleet", "team": people.core.pk, "days": "90"} | SENDS)
    presented = said(r"ApiKey ([A-Za-z0-9+/=]{40,})", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    key = authenticate_key(f"ApiKey {presented}", clock.now())
    assert (key.name, key.created_by, key.expires_at) == (
        "windows-fleet",
        people.rosa,
        key.created_at + timedelta(days=90),
    )
    assert presented.encode() not in client.get("/settings/keys/").content


def test_a_key_for_another_team_is_refused_by_the_form(people):
    answer = sign_in(people.rosa).post(
        "/settings/keys/new/", {"name": "x", "team": people.retail.pk, "days": ""} | SENDS
    )
    assert answer.status_code == 422
    assert not ApiKey.objects.filter(name="x").exists()


def test_revoking_asks_for_the_name(people):
    client = sign_in(people.rosa)
    url = f"/settings/keys/{people.key.pk}/revoke/"
    assert client.post(url, {"typed_name": "agnet"}).status_code == 422
    people.key.refresh_from_db()
    assert people.key.revoked_at is None
    assert client.post(url, {"typed_name": "agent"})["Location"] == "/settings/keys/"
    people.key.refresh_from_db()
    assert people.key.revoked_at is not None
    assert b"Revoked" in client.get("/settings/keys/").content


def test_another_team_s_key_is_neither_listed_nor_revoked(people):
    otto = sign_in(people.otto)
    assert people.key.pk[:8].encode() not in otto.get("/settings/keys/").content
    answer = otto.post(f"/settings/keys/{people.key.pk}/revoke/", {"typed_name": "agent"})
    assert answer.status_code == 404


def test_a_hostile_name_is_text(people):
    client = sign_in(people.rosa)
    client.post(
        "/settings/keys/new/",
        {"name": "<script>alert(1)</script>", "team": people.core.pk, "days": ""} | SENDS,
    )
    assert b"<script>alert" not in client.get("/settings/keys/").content


def test_the_number_of_queries_does_not_grow_with_the_keys(people, django_assert_max_num_queries):
    for number in range(20):
        sign_in(people.rosa).post(
            "/settings/keys/new/", {"name": f"k{number}", "team": people.core.pk, "days": ""} | SENDS
        )
    client = sign_in(people.rosa)
    with django_assert_max_num_queries(12):
        client.get("/settings/keys/")


def test_a_client_s_key_is_made_by_ticking_what_it_may(people):
    client = sign_in(people.rosa)
    sent = {"name": "tickets", "team": people.core.pk, "days": "90", "scopes": ["alerts:read", "alerts:write"]}
    text = client.post("/settings/keys/new/", sent).content.decode()
    key = ApiKey.objects.get(name="tickets")
    assert (key.scopes, key.acts_for) == (["alerts:read", "alerts:write"], people.rosa)
    assert "read alerts, work on alerts as Rosa" in text
    assert "/api/v1/me" in text
    answer = client.post("/settings/keys/new/", sent | {"scopes": []})
    assert answer.status_code == 422
    assert b"Choose what the key may do." in answer.content


def test_replacing_shows_the_new_key_once_and_says_how_long_the_old_one_works(people):
    client = sign_in(people.rosa)
    text = client.post(f"/settings/keys/{people.key.pk}/replace/").content.decode()
    presented = said(r"ApiKey ([A-Za-z0-9+/=]{40,})", text)
    assert authenticate_key(f"ApiKey {presented}", clock.now()).name == "agent"
    assert authenticate_key(people.header, clock.now()) == people.key
    again = client.get("/settings/keys/").content.decode()
    assert presented not in again
    assert "Replaced, works 1 day more" in again
    answer = client.post(f"/settings/keys/{people.key.pk}/replace/")
    assert answer.status_code == 422
    assert b"replaced already" in answer.content


def test_a_key_of_somebody_else_offers_no_replacement(people):
    key, _ = create_key(name="tickets", team=people.core, actor=people.rosa, now=clock.now(), scopes=["alerts:read"])
    page = sign_in(people.adam).get("/settings/keys/").content.decode()
    assert f"/settings/keys/{key.pk}/replace/" not in page
    assert f"/settings/keys/{key.pk}/revoke/" in page
    assert sign_in(people.adam).post(f"/settings/keys/{key.pk}/replace/").status_code == 422


def test_another_team_s_key_is_not_replaced(people):
    assert sign_in(people.otto).post(f"/settings/keys/{people.key.pk}/replace/").status_code == 404


def test_mail_is_switched_off_by_the_person(people):
    client = sign_in(people.ana)
    client.post("/settings/you/", {"time_zone": "UTC"})
    people.ana.refresh_from_db()
    assert people.ana.mail_notices is False


def test_a_person_is_told_when_mail_fails(people):
    people.ana.email = "ana@example.net"
    people.ana.save()
    client = sign_in(people.ana)
    assert b"Mail to you fails" not in client.get("/settings/you/").content
    Notice.objects.create(
        user=people.ana, at=clock.now(), kind="assigned", text="AL-1", path="/", key="k", mail="failed"
    )
    assert b"Mail to you fails" in client.get("/settings/you/").content


def test_the_page_waits_for_the_first_use_of_a_new_key(people):
    client = sign_in(people.rosa)
    url = f"/settings/keys/{people.key.pk}/use/"
    waiting = client.get(url).content.decode()
    assert "Waiting for its first use" in waiting
    assert f'hx-get="{url}"' in waiting
    touch_key(people.key, clock.now())
    used = client.get(url).content.decode()
    assert "First used" in used
    assert "hx-get" not in used
    assert sign_in(people.otto).get(url).status_code == 404


def test_keys_in_use_stand_before_revoked_ones(people):
    revoke_key(key=people.key, actor=people.rosa, now=clock.now())
    create_key(name="newer", team=people.core, actor=people.rosa, now=clock.now())
    shown = keys_page(user=people.rosa, form=NewKeyForm(teams=Team.objects.all()), now=clock.now())
    assert [row.key.name for row in shown.rows] == ["newer", "agent"]
