"""What the queue's filters can be chosen from is kept for some seconds, and read anew for what is not among it."""

from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from alerts.views.filter_choices import choices_for
from rules.models import Rule
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import World

QUEUE = reverse("alerts:queue")


def test_what_was_read_a_moment_ago_is_not_read_again(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = choices_for(world.people["ana"], [world.team.pk], QueryDict("host=db-1"))
    with django_assert_num_queries(0):
        assert choices_for(world.people["mona"], [world.team.pk], QueryDict("assignee=me")) is first


def test_a_rule_that_came_since_can_be_asked_for_at_once(world: World) -> None:
    def offered(query: str) -> set[str]:
        return {rule_id for rule_id, _ in choices_for(world.people["ana"], [world.team.pk], QueryDict(query)).rules}

    rule = Rule.objects.filter(evaluated=True).earliest("pk")
    Rule.objects.filter(pk=rule.pk).update(evaluated=False)
    assert rule.pk not in offered("")
    Rule.objects.filter(pk=rule.pk).update(evaluated=True)
    assert rule.pk not in offered("")
    assert rule.pk in offered(f"rule={rule.pk}")


def test_somebody_who_came_since_can_be_asked_for_at_once(ana: Client, world: World) -> None:
    world.send([world.perl()])
    ana.get(QUEUE)
    nils = User.objects.create(username="nils", first_name="Nils", role=Role.ANALYST)
    nils.teams.add(world.team)
    assert "Remove the filter on owner" in ana.get(QUEUE, {"assignee": str(nils.pk)}).content.decode()


def test_nobody_is_offered_what_another_team_chooses_from(ana: Client, sign_in: SignIn, world: World) -> None:
    def offered(name: str, client: Client) -> bool:
        return f'<option value="{world.people[name].pk}"' in client.get(QUEUE).content.decode()

    world.send([world.perl()])
    world.send([world.perl()], team=world.other)
    assert offered("mona", ana)
    assert not offered("otto", ana)
    assert offered("otto", sign_in("otto"))
    assert not offered("mona", sign_in("otto"))
