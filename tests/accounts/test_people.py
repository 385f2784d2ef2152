"""What administrators do with people, and what the rules of the house keep them from doing."""

import threading
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import connection

from accounts import people as persons
from accounts.errors import LastAdministrator, LinkRefused, NotAllowed, Oneself, PersonRefused
from accounts.models import Change, Team, User
from accounts.roles import Role
from accounts.services import use_sign_in_link
from tests.people import NOON, make_people, make_person, sign_in

LOST = ["authenticator app", "recovery codes"]


def invite(people, **more):
    wanted = {"username": "jana", "role": Role.ANALYST, "teams": [people.core], "actor": people.adam, "now": NOON}
    return persons.invite(**wanted | more)


def change(people, user, **more):
    wanted = {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "role": Role(user.role),
        "teams": list(user.teams.all()),
    }
    return persons.change_person(user=user, actor=people.adam, now=NOON, **wanted | more)


def token_of(path):
    return path.split("/")[2]


def test_who_is_invited_comes_in_once_and_chooses_a_password(people):
    invited = invite(people, first_name="Jana", email="jana@example.net")
    assert not invited.user.has_usable_password()
    assert not invited.user.must_change_password
    jana = use_sign_in_link(token=token_of(invited.link_path), now=NOON + timedelta(hours=11))
    assert (jana.username, jana.must_change_password, list(jana.teams.all())) == ("jana", True, [people.core])
    entry = Change.objects.get(verb="invite")
    assert (entry.actor, entry.door, entry.object_id) == (people.adam, "page", str(jana.pk))
    assert entry.after == {
        "username": "jana",
        "first_name": "Jana",
        "last_name": "",
        "email": "jana@example.net",
        "role": "analyst",
        "teams": ["default"],
        "active": True,
        "must_change_password": False,
    }


@pytest.mark.parametrize("name", ["", "two words", "аdam", "x" * 151, "a/b", "<b>"])
def test_a_name_that_cannot_be_is_refused(people, name):
    with pytest.raises(PersonRefused) as refused:
        invite(people, username=name)
    assert refused.value.field == "username"


def test_names_and_addresses_belong_to_one_person_in_any_case(people):
    invite(people, email="jana@example.net")
    with pytest.raises(PersonRefused, match="has this name"):
        invite(people, username="JANA")
    with pytest.raises(PersonRefused, match="has this address"):
        invite(people, username="jon", email="Jana@Example.net")
    with pytest.raises(PersonRefused, match="not an e-mail address"):
        invite(people, username="jon", email="x@y\nBcc: all@example.net")


def test_without_a_team_only_an_administrator_sees_anything(people):
    with pytest.raises(PersonRefused, match="at least one team"):
        invite(people, teams=[])
    assert invite(people, role=Role.ADMIN, teams=[]).user.role == Role.ADMIN


def test_only_administrators_manage_people(people):
    for person in (people.vera, people.ana, people.rosa, people.mona):
        with pytest.raises(NotAllowed, match="Needs the admin role"):
            invite(people, actor=person)
        with pytest.raises(NotAllowed):
            persons.deactivate(user=people.otto, actor=person, now=NOON)


def test_a_change_records_before_and_after_and_nothing_when_nothing_changed(people):
    change(people, people.ana)
    assert not Change.objects.filter(object_type="user").exists()
    changed = change(
        people, people.ana, role=Role.ENGINEER, teams=[people.core, people.retail], email="ana@example.net"
    )
    entry = Change.objects.get(object_type="user")
    assert (entry.before["role"], entry.after["role"]) == ("analyst", "engineer")
    assert (entry.before["teams"], entry.after["teams"]) == (["default"], ["default", "retail"])
    assert entry.before.keys() == entry.after.keys()
    assert changed.email == "ana@example.net"


def test_an_old_address_does_not_sign_in_any_more(people):
    EmailAddress.objects.create(user=people.ana, email="old@example.net", verified=True)
    change(people, people.ana, email="new@example.net")
    assert not EmailAddress.objects.filter(email="old@example.net").exists()


def test_deactivation_ends_sessions_links_and_the_way_in(people):
    link = persons.new_sign_in_link(user=people.ana, actor=people.adam, now=NOON)
    people.ana.refresh_from_db()
    browser = sign_in(people.ana)
    assert browser.get("/settings/you/").status_code == 200
    persons.deactivate(user=people.ana, actor=people.adam, now=NOON)
    assert browser.get("/settings/you/")["Location"].startswith("/login/")
    persons.reactivate(user=people.ana, actor=people.adam, now=NOON)
    with pytest.raises(LinkRefused):
        use_sign_in_link(token=token_of(link), now=NOON)
    assert list(Change.objects.filter(object_type="user").order_by("id").values_list("verb", flat=True)) == [
        "new_link",
        "deactivate",
        "reactivate",
    ]


def test_every_browser_is_signed_out(people):
    browsers = [sign_in(people.ana), sign_in(people.ana)]
    for browser in browsers:
        assert browser.get("/settings/you/").status_code == 200
    for browser in browsers:  # what allauth notes when somebody signs in through its form
        UserSession.objects.create(user=people.ana, ip="192.0.2.1", session_key=browser.session.session_key)
    assert persons.end_sessions(user=people.ana, actor=people.adam, now=NOON) == 2
    assert all(browser.get("/settings/you/").status_code == 302 for browser in browsers)
    assert Change.objects.get(verb="end_sessions").before == {"sessions": 2}


def test_the_last_active_administrator_stays(people):
    gone = make_person("gone", Role.ADMIN)
    gone.is_active = False
    gone.save()
    with pytest.raises(LastAdministrator, match="Adam is the last active administrator"):
        change(people, people.adam, role=Role.MANAGER)
    with pytest.raises(LastAdministrator):
        persons.deactivate(user=people.adam, actor=None, now=NOON, door=Change.Door.COMMAND)
    make_person("second", Role.ADMIN)
    assert change(people, people.adam, role=Role.MANAGER).role == Role.MANAGER


def test_nobody_does_to_oneself_what_would_lock_one_out(people):
    make_person("second", Role.ADMIN)
    for act in (
        persons.deactivate,
        persons.require_password_change,
        persons.reset_second_factors,
        persons.end_sessions,
        persons.new_sign_in_link,
    ):
        with pytest.raises(Oneself):
            act(user=people.adam, actor=people.adam, now=NOON)


def test_a_password_is_required_anew_only_where_there_is_one(people):
    with pytest.raises(PersonRefused, match="no password here"):
        persons.require_password_change(user=people.ana, actor=people.adam, now=NOON)
    people.ana.set_password("correct horse battery")
    people.ana.save()
    browser = sign_in(people.ana)
    persons.require_password_change(user=people.ana, actor=people.adam, now=NOON)
    assert browser.get("/alerts/")["Location"] == "/settings/password/"
    assert Change.objects.get(verb="require_password_change").after["must_change_password"] is True


def test_a_new_link_makes_the_old_password_and_the_old_link_useless(people):
    people.ana.set_password("correct horse battery")
    people.ana.save()
    first = persons.new_sign_in_link(user=people.ana, actor=people.adam, now=NOON)
    second = persons.new_sign_in_link(user=people.ana, actor=people.adam, now=NOON)
    people.ana.refresh_from_db()
    assert not people.ana.has_usable_password()
    with pytest.raises(LinkRefused):
        use_sign_in_link(token=token_of(first), now=NOON)
    assert use_sign_in_link(token=token_of(second), now=NOON).must_change_password
    assert token_of(second) not in repr(list(Change.objects.values()))


def test_lost_second_factors_are_taken_away_and_recorded(people):
    assert persons.reset_second_factors(user=people.ana, actor=people.adam, now=NOON) == []
    Authenticator.objects.create(user=people.ana, type=Authenticator.Type.TOTP, data={"secret": "hush"})
    Authenticator.objects.create(user=people.ana, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "hush"})
    assert persons.reset_second_factors(user=people.ana, actor=people.adam, now=NOON) == LOST
    assert not Authenticator.objects.filter(user=people.ana).exists()
    entry = Change.objects.get(verb="reset_second_factors")
    assert entry.before == {"second_factors": LOST}
    assert "hush" not in repr(list(Change.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_demote_each_other_at_once_one_stays():
    people = make_people()
    eve = make_person("eve", Role.ADMIN, people.core)
    gate, refused = threading.Barrier(2), []

    def demote(actor: User, other: User) -> None:
        try:
            gate.wait(5)
            persons.change_person(
                user=other, first_name="", last_name="", email="", role=Role.VIEWER,
                teams=[Team.objects.get(pk=people.core.pk)], actor=actor, now=NOON,
            )  # fmt: skip
        except LastAdministrator as error:
            refused.append(error)
        finally:
            connection.close()

    for _ in range(4):
        User.objects.filter(pk__in=[people.adam.pk, eve.pk]).update(role=Role.ADMIN)
        refused.clear()
        pair = [threading.Thread(target=demote, args=two) for two in ((people.adam, eve), (eve, people.adam))]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join(20)
        assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1
        assert len(refused) == 1


def test_what_cannot_be_seen_in_a_name_is_drawn_wherever_it_is_told(people):
    hidden = "x\u202egnp\u2060"
    User.objects.filter(pk=people.ana.pk).update(first_name=hidden, last_name="\u200f" * 150)
    Team.objects.filter(pk=people.core.pk).update(name=hidden)
    ana, core = User.objects.get(pk=people.ana.pk), Team.objects.get(pk=people.core.pk)
    assert str(core) == "x⟨U+202E⟩gnp⟨U+2060⟩"
    assert str(ana).startswith("x⟨U+202E⟩gnp⟨U+2060⟩ ⟨U+200F⟩")
    assert len(str(ana)) <= 301
    assert str(people.mona) == "Mona"
    change(people, ana, last_name="Ánna")
    assert Change.objects.latest("pk").after["first_name"] == hidden
    page = sign_in(people.adam).get(f"/settings/teams/{core.pk}/").content.decode()
    shown = page.replace(f'value="{hidden}"', "")
    assert "\u202e" not in shown
    assert "x⟨U+202E⟩gnp⟨U+2060⟩ Ánna" in shown
