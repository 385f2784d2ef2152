"""Who may do what, and who sees what."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.access import may, need, reason_against
from accounts.errors import NotAllowed
from accounts.roles import PERMISSIONS, Permission, Role
from accounts.selectors import default_team, people_to_assign, teams_of


def test_every_role_may_look_and_only_the_administrator_may_everything():
    assert all(Permission.VIEW in PERMISSIONS[role] for role in Role)
    assert [role for role in Role if PERMISSIONS[role] == frozenset(Permission)] == [Role.ADMIN]


def test_nobody_may_do_anything_signed_out_or_switched_off(people):
    people.adam.is_active = False
    assert not any(may(person, p) for p in Permission for person in (AnonymousUser(), people.adam))


def test_the_reason_names_the_first_role_that_may(people):
    assert reason_against(Permission.EXCEPT) == "Needs the analyst role."
    assert reason_against(Permission.MANAGE_RULES) == "Needs the engineer role."
    with pytest.raises(NotAllowed) as refused:
        need(people.vera, Permission.TRIAGE)
    assert refused.value.reason == "Needs the analyst role."


def test_a_person_sees_the_own_teams_and_an_administrator_all(people):
    assert teams_of(people.ana) == [people.core.pk]
    assert teams_of(people.otto) == [people.retail.pk]
    assert teams_of(people.adam) == sorted([people.core.pk, people.retail.pk])


def test_there_is_one_default_team(people):
    assert default_team() == default_team() == people.core


def test_alerts_go_to_members_who_may_triage(people):
    named = {person.username for person in people_to_assign([people.core.pk])}
    assert named == {"ana", "rosa", "mona", "adam"}
    assert "otto" in {person.username for person in people_to_assign([people.retail.pk])}
