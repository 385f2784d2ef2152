"""The page of an alert or a case of another team: it says whose it is and whom to ask, and nothing else does."""

import re

import pytest
from django.urls import reverse

from accounts.models import AccessRequest, User
from accounts.roles import Role
from cases.opening import open_case
from tests.alerts.pages import world as worlds
from tests.people import htmx, make_person, said, sign_in

WHAT = r'name="what" value="([^"]+)"'


@pytest.fixture
def world(db):
    return worlds.build()


@pytest.fixture
def addresses(world):
    (alert,) = world.send([world.perl(1)])
    case = open_case(
        title="Secret", severity=2, team=world.team, actor=world.ana, now=world.now, team_ids=[world.team.pk]
    )
    return {"alerts": f"/alerts/{alert.pk}/?side=related", "cases": f"/cases/{case.pk}/"}


@pytest.mark.parametrize("things", ["alerts", "cases"])
def test_the_page_names_the_teams_and_whom_to_ask_and_nothing_of_the_thing(world, addresses, things):
    answer = sign_in(world.otto).get(addresses[things])
    text = re.sub(r"<[^>]+>", "", answer.content.decode())
    assert answer.status_code == 403
    assert f"You can see {things} of team {world.otto.teams.get()}. This one belongs to {world.team}." in text
    assert "Mona" in text
    assert "Secret" not in text
    assert "perl" not in text


@pytest.mark.parametrize("things", ["alerts", "cases"])
def test_parts_of_the_page_and_numbers_that_do_not_exist_stay_absent(world, addresses, things):
    assert htmx(sign_in(world.otto)).get(addresses[things]).status_code == 404
    assert sign_in(world.otto).get(f"/{things}/999999/").status_code == 404
    assert sign_in(world.otto).get(f"/{things}/{2**70}/").status_code == 404


def test_who_is_in_no_team_reads_a_sentence_that_makes_sense(addresses):
    lonely = make_person("lena", Role.VIEWER)
    text = sign_in(lonely).get(addresses["alerts"]).content.decode()
    assert "You are in no team yet, so you see no alerts." in text


def test_asking_is_answered_on_the_same_page_and_the_outcome_too(world, addresses):
    otto, adam = sign_in(world.otto), sign_in(User.objects.get(username="adam"))
    page = otto.get(addresses["alerts"]).content.decode()
    sent = otto.post(reverse("accounts:access_ask"), {"what": said(WHAT, page)})
    assert (sent.status_code, sent["Location"]) == (303, addresses["alerts"])
    asked = AccessRequest.objects.get()
    page = otto.get(addresses["alerts"]).content.decode()
    assert "You asked" in page
    assert "Request access" not in page
    teams = adam.get("/settings/teams/").content.decode()
    assert "1 waiting" in teams
    assert "asking for access" in adam.get("/settings/users/").content.decode()
    adam.post(reverse("accounts:access_decline", args=[asked.pk]))
    page = otto.get(addresses["alerts"]).content.decode()
    assert "Adam declined your request" in page
    otto.post(reverse("accounts:access_ask"), {"what": said(WHAT, page)})
    adam.post(reverse("accounts:access_grant", args=[AccessRequest.objects.get(state="open").pk]))
    assert otto.get(addresses["alerts"]).status_code == 200


def test_what_no_page_has_signed_asks_for_nothing(world):
    answer = sign_in(world.otto).post(reverse("accounts:access_ask"), {"what": f'{{"team": {world.team.pk}}}'})
    assert answer.status_code == 400
    assert not AccessRequest.objects.exists()


def test_from_an_address_too_long_to_keep_one_asks_all_the_same(world, addresses):
    otto = sign_in(world.otto)
    number = addresses["alerts"].split("/")[2]
    page = otto.get(f"/alerts/{number.zfill(400)}/")
    assert page.status_code == 403
    sent = otto.post(reverse("accounts:access_ask"), {"what": said(WHAT, page.content.decode())})
    assert (sent.status_code, sent["Location"], AccessRequest.objects.get().path) == (303, "/", "/")
