"""Asking to be let into a team: one open request, few a day, decided by administrators, and all of it in the record."""

from datetime import timedelta

import pytest

from accounts import access_requests, teams
from accounts.errors import AccessRefused, NotAllowed
from accounts.models import AccessRequest, Change, Notice
from accounts.people import change_person, deactivate, reactivate
from accounts.roles import Role
from accounts.selectors import teams_of
from tests.people import NOON

PAGE = "/alerts/7/"


def ask(people, who=None, team=None, now=NOON):
    return access_requests.ask(user=who or people.otto, team=team or people.core, path=PAGE, now=now)


def test_asking_twice_is_asking_once(people):
    first, second = ask(people), ask(people, now=NOON + timedelta(hours=1))
    assert first == second
    assert list(access_requests.waiting()) == [first]
    assert [(entry.verb, entry.team) for entry in Change.objects.filter(object_type="access")] == [("ask", people.core)]
    assert [notice.user for notice in Notice.objects.filter(kind="access")] == [people.adam]


def test_who_is_in_the_team_or_sees_all_of_them_has_nothing_to_ask_for(people):
    for person in (people.ana, people.adam):
        with pytest.raises(AccessRefused, match="already"):
            ask(people, person)


def test_somebody_who_was_declined_may_ask_again_but_a_handful_of_times_a_day(people):
    for number in range(access_requests.MOST_A_DAY):
        asked = ask(people, now=NOON + timedelta(minutes=number))
        access_requests.decline(request_id=asked.pk, actor=people.adam, now=NOON + timedelta(minutes=number))
    with pytest.raises(AccessRefused, match="tomorrow"):
        ask(people, now=NOON + timedelta(hours=1))
    assert ask(people, now=NOON + timedelta(days=2)).state == AccessRequest.State.OPEN


def test_granting_adds_the_person_and_tells_so(people):
    asked = ask(people)
    access_requests.grant(request_id=asked.pk, actor=people.adam, now=NOON)
    assert people.core.pk in teams_of(people.otto)
    told = Notice.objects.get(user=people.otto)
    assert (told.path, told.actor_name) == (PAGE, "Adam")
    entry = Change.objects.get(object_type="access", verb="grant")
    assert (entry.before["state"], entry.after["state"], entry.after["person"]) == ("open", "granted", "otto")
    assert Change.objects.filter(object_type="user", object_id=people.otto.pk, verb="change").exists()
    with pytest.raises(AccessRefused, match="decided already"):
        access_requests.decline(request_id=asked.pk, actor=people.adam, now=NOON)


def test_only_administrators_decide(people):
    asked = ask(people)
    for act in (access_requests.grant, access_requests.decline):
        with pytest.raises(NotAllowed):
            act(request_id=asked.pk, actor=people.mona, now=NOON)


def test_who_came_into_the_team_otherwise_or_is_gone_is_not_waiting(people):
    ask(people)
    teams.add_member(team=people.core, user=people.otto, actor=people.adam, now=NOON)
    assert access_requests.count_waiting(people.adam) == 0
    ask(people, people.ana, people.retail)
    assert access_requests.count_waiting(people.adam) == 1
    assert access_requests.count_waiting(people.mona) == 0
    people.ana.is_active = False
    people.ana.save()
    assert not access_requests.waiting()


def states():
    return list(AccessRequest.objects.order_by("pk").values_list("state", "settled_by__username"))


def test_coming_into_the_team_otherwise_answers_the_request_so_that_another_can_be_made(people):
    asked = ask(people)
    teams.add_member(team=people.core, user=people.otto, actor=people.adam, now=NOON)
    assert states() == [("granted", "adam")]
    assert Notice.objects.get(user=people.otto).path == PAGE
    assert [entry.verb for entry in Change.objects.filter(object_type="access").order_by("pk")] == ["ask", "grant"]
    teams.remove_member(team=people.core, user=people.otto, actor=people.adam, now=NOON + timedelta(days=90))
    assert not access_requests.waiting()
    again = ask(people, now=NOON + timedelta(days=91))
    assert again != asked
    assert list(access_requests.waiting()) == [again]


def test_so_does_another_form_or_role_and_a_request_for_another_team_goes_on_waiting(people):
    ask(people)
    change = {"user": people.ana, "first_name": "Ana", "last_name": "", "email": "", "actor": people.adam, "now": NOON}
    ask(people, people.ana, people.retail)
    change_person(**change, role=Role.ANALYST, teams=[people.core, people.retail])
    assert states() == [("open", None), ("granted", "adam")]
    teams.add_member(team=people.retail, user=people.rosa, actor=people.adam, now=NOON)
    change_person(**{**change, "user": people.otto}, role=Role.ADMIN, teams=[people.retail])
    assert [state for state, _ in states()] == ["granted", "granted"]


def test_who_is_deactivated_asks_for_nothing_any_more(people):
    ask(people)
    deactivate(user=people.otto, actor=None, now=NOON)
    assert states() == [("declined", None)]
    assert not Notice.objects.filter(user=people.otto).exists()
    reactivate(user=people.otto, actor=people.adam, now=NOON)
    assert not access_requests.waiting()
    assert ask(people, now=NOON + timedelta(days=1)).state == AccessRequest.State.OPEN


def test_managers_of_the_team_are_named_first_and_those_of_others_not_at_all(people):
    assert access_requests.whom_to_ask(people.core) == [people.mona, people.adam]
    assert access_requests.whom_to_ask(people.retail) == [people.adam]
