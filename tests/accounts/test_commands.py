"""The commands that make keys, people and the first administrator."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.keys import authenticate_key
from accounts.models import Change, User
from soc.web import clock
from tests.people import said


def test_the_first_administrator_is_printed_once(db, capsys, monkeypatch):
    monkeypatch.setenv("WATCHBILL_URL", "http://127.0.0.1:9000/")
    call_command("ensure_admin", "--print-once")
    first = capsys.readouterr().out
    call_command("ensure_admin", "--print-once")
    assert capsys.readouterr().out == "administrator exists\n"
    password = said(r"password +(\S+)", first)
    assert User.objects.get(role="admin").check_password(password)
    link = said(r"http://127.0.0.1:9000(/sign-in/\S+)", first)
    assert Client().post(link)["Location"] == "/"


def test_a_key_is_printed_in_the_form_that_agents_send(people, capsys):
    call_command("create_api_key", "storm", "--expires", "7")
    header = said(r"Authorization: (ApiKey \S+)", capsys.readouterr().out)
    assert authenticate_key(header, clock.now()).name == "storm"


def test_an_unknown_team_is_named_with_those_there_are(people):
    with pytest.raises(CommandError, match="There are: default, retail"):
        call_command("create_api_key", "x", "--team", "nope")


def test_a_person_gets_a_password_to_be_changed(people, capsys):
    call_command("create_user", "jana", "--role", "analyst", "--team", "retail")
    jana = User.objects.get(username="jana")
    assert jana.check_password(said(r"shown once: (\S+)", capsys.readouterr().out))
    assert (jana.must_change_password, jana.role, list(jana.teams.all())) == (True, "analyst", [people.retail])
    with pytest.raises(CommandError, match="exists already"):
        call_command("create_user", "jana")


def test_the_way_back_in(people, capsys):
    call_command("sign_in_link", "ana")
    link = said(r"(/sign-in/\S+)", capsys.readouterr().out)
    assert Client().post(link)["Location"] == "/"


def test_a_link_leads_to_where_the_server_runs(people, capsys, monkeypatch, settings, tmp_path):
    monkeypatch.delenv("WATCHBILL_URL", raising=False)
    settings.HOME = tmp_path
    call_command("sign_in_link", "ana")
    assert capsys.readouterr().out.startswith("http://127.0.0.1:8000/sign-in/")
    (tmp_path / "url").write_text("http://127.0.0.1:9123\n")
    call_command("sign_in_link", "ana")
    assert capsys.readouterr().out.startswith("http://127.0.0.1:9123/sign-in/")


def test_a_client_s_key_needs_its_person(people, capsys):
    with pytest.raises(CommandError, match="acts for an active person"):
        call_command("create_api_key", "tickets", "--scope", "alerts:read")
    with pytest.raises(CommandError, match="nobody called nope"):
        call_command("create_api_key", "tickets", "--scope", "alerts:read", "--acts-for", "nope")
    call_command("create_api_key", "tickets", "--scope", "alerts:read", "--scope", "health:read", "--acts-for", "Ana")
    printed = capsys.readouterr().out
    key = authenticate_key(said(r"Authorization: (ApiKey \S+)", printed), clock.now())
    assert (key.scopes, key.acts_for) == (["alerts:read", "health:read"], people.ana)
    assert "as ana" in printed


def test_somebody_is_shut_out_and_let_back_in(people, capsys):
    call_command("deactivate_user", "ana")
    people.ana.refresh_from_db()
    assert not people.ana.is_active
    call_command("deactivate_user", "ana", "--reactivate")
    people.ana.refresh_from_db()
    assert people.ana.is_active
    assert capsys.readouterr().out == "ana is shut out.\nana may sign in again.\n"
    assert set(Change.objects.filter(object_type="user").values_list("door", flat=True)) == {"command"}
    with pytest.raises(CommandError, match="last active administrator"):
        call_command("deactivate_user", "adam")


def test_lost_second_factors_are_taken_away_from_the_machine(people, capsys):
    Authenticator.objects.create(user=people.ana, type=Authenticator.Type.TOTP, data={})
    call_command("reset_second_factors", "ana")
    call_command("reset_second_factors", "ana")
    assert capsys.readouterr().out == "ana: authenticator app.\nana: there was nothing to take away.\n"


def test_an_identity_of_the_provider_is_untied_from_the_machine(people, capsys):
    SocialAccount.objects.create(user=people.ana, provider="oidc", uid="sub-1")
    call_command("unlink_identity", "Ana")
    call_command("unlink_identity", "ana")
    assert capsys.readouterr().out == "ana: oidc sub-1.\nana: there was nothing to untie.\n"
    entry = Change.objects.get(verb="unlink_identity")
    assert (entry.door, entry.before, entry.after["identities"]) == ("command", {"identities": ["oidc sub-1"]}, [])


def test_a_lost_password_is_replaced_by_a_link(people, capsys):
    call_command("sign_in_link", "ana", "--new-password")
    link = said(r"(/sign-in/\S+)", capsys.readouterr().out)
    browser = Client()
    assert browser.post(link)["Location"] == "/"
    assert browser.get("/alerts/")["Location"] == "/settings/password/"
    assert Change.objects.filter(verb="new_link", door="command").exists()
