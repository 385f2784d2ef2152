"""Teams and the policy of each role."""

import pytest

from accounts import teams
from accounts.errors import NotAllowed, TeamRefused
from accounts.models import Change, RolePolicy, Team, User
from accounts.policy import policies, set_policy, writes_exceptions
from accounts.roles import Role
from accounts.selectors import policy_of, teams_of
from tests.people import NOON


def test_a_team_is_made_and_renamed_and_keeps_its_short_name(people):
    team = teams.create_team(name="  Night   Shift ", actor=people.adam, now=NOON)
    assert (team.name, team.slug, team.is_default) == ("Night Shift", "night-shift", False)
    teams.rename_team(team=team, name="Late Shift", actor=people.adam, now=NOON)
    made, renamed = Change.objects.filter(object_type="team").order_by("id")
    assert (made.verb, made.after["name"], made.team) == ("create", "Night Shift", team)
    assert (renamed.before["name"], renamed.after) == (
        "Night Shift",
        {"name": "Late Shift", "slug": "night-shift", "is_default": False},
    )


def test_short_names_differ_whatever_the_names_are(people):
    slugs = [teams.create_team(name=name, actor=people.adam, now=NOON).slug for name in ("Core!", "Core?", "夜班")]
    assert slugs == ["core", "core-2", "team"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "RETAIL"])
def test_a_name_that_is_missing_too_long_or_taken_is_refused(people, name):
    with pytest.raises(TeamRefused):
        teams.create_team(name=name, actor=people.adam, now=NOON)


def test_there_is_always_exactly_one_default_team(people):
    teams.make_default(team=people.retail, actor=people.adam, now=NOON)
    teams.make_default(team=people.retail, actor=people.adam, now=NOON)
    assert list(Team.objects.filter(is_default=True)) == [people.retail]
    assert list(Change.objects.filter(object_type="team").order_by("id").values_list("verb", "team__slug")) == [
        ("no_default", "default"),
        ("make_default", "retail"),
    ]


def test_members_see_their_teams_and_their_record_says_so(people):
    teams.add_member(team=people.retail, user=people.ana, actor=people.adam, now=NOON)
    assert teams_of(people.ana) == sorted([people.core.pk, people.retail.pk])
    teams.remove_member(team=people.core, user=people.ana, actor=people.adam, now=NOON)
    assert teams_of(people.ana) == [people.retail.pk]
    entry = Change.objects.filter(object_type="user", object_id=people.ana.pk).latest("id")
    assert (entry.before["teams"], entry.after["teams"]) == (["default", "retail"], ["retail"])
    with pytest.raises(TeamRefused, match="only team of Ana"):
        teams.remove_member(team=people.retail, user=people.ana, actor=people.adam, now=NOON)


def test_membership_writes_the_teams_alone_and_those_of_now(people):
    stale = User.objects.prefetch_related("teams").get(pk=people.ana.pk)
    assert list(stale.teams.all()) == [people.core]
    third = teams.create_team(name="Third", actor=people.adam, now=NOON)
    User.objects.filter(pk=people.ana.pk).update(role=Role.VIEWER, last_name="Lim", email="ana@example.net")
    people.ana.teams.add(third)
    teams.add_member(team=people.retail, user=stale, actor=people.adam, now=NOON)
    teams.remove_member(team=people.core, user=stale, actor=people.adam, now=NOON)
    ana = User.objects.get(pk=people.ana.pk)
    assert (ana.role, ana.last_name, ana.email) == ("viewer", "Lim", "ana@example.net")
    assert teams_of(ana) == sorted([people.retail.pk, third.pk])


def test_only_administrators_manage_teams_and_policies(people):
    with pytest.raises(NotAllowed):
        teams.create_team(name="x", actor=people.mona, now=NOON)
    with pytest.raises(NotAllowed):
        teams.add_member(team=people.retail, user=people.mona, actor=people.mona, now=NOON)
    with pytest.raises(NotAllowed):
        decide(people, actor=people.mona)


def decide(people, actor=None, exceptions=RolePolicy.Exceptions.DRAFT, second_factor=True):
    return set_policy(
        role=Role.ANALYST, exceptions=exceptions, second_factor=second_factor, actor=actor or people.adam, now=NOON
    )


def test_a_policy_holds_for_its_role_and_is_recorded_once(people):
    assert [policy.role for policy in policies()] == [role.value for role in Role]
    decide(people)
    decide(people)
    policy = policy_of("analyst")
    assert (policy.exceptions, policy.second_factor) == ("draft", True)
    assert (policy_of("engineer").exceptions, policy_of("engineer").second_factor) == ("direct", False)
    entry = Change.objects.get(object_type="policy")
    assert (entry.object_id, entry.before, entry.after) == (
        "analyst",
        {"exceptions": "direct", "second_factor": False},
        {"exceptions": "draft", "second_factor": True},
    )


def test_who_writes_no_exceptions_needs_no_policy_for_them():
    assert [role.value for role in Role if writes_exceptions(role)] == ["analyst", "engineer", "admin"]
