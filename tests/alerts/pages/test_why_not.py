"""Why a rule did not fire on an event: what decided, clause by clause, and what else stood between them."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from alerts.models import Alert, AlertEvent
from events.models import Event
from rules.exceptions import create_item
from rules.models import Rule
from soc.web import clock
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import PERL, World


def uid_of(number: int) -> str:
    return bytes(
        Event.objects.filter(process_entity_id=f"perl-{number}").exclude(index__startswith=".").get().uid
    ).hex()


def told(client: Client, uid: str, rule: str = PERL) -> str:
    answer = client.get(reverse("alerts:why_not", args=[uid]), {"rule": rule})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_first_clause_that_failed_is_told_with_the_value_that_decided(ana: Client, world: World) -> None:
    world.send([world.perl(1, process__name="ruby")])
    page = told(ana, uid_of(1))
    assert "The event does not meet the rule." in page
    assert re.search(r"Decided by .*process.name .*: the event had ruby", page)
    assert "met: process" not in page.split("Decided by")[0]


def test_where_it_did_fire_it_leads_to_the_alert(ana: Client, world: World) -> None:
    [alert] = world.send([world.perl(1)])
    page = told(ana, bytes(AlertEvent.objects.get(alert=alert).uid).hex())
    assert "It fired: this event is part of an alert of this rule." in page
    assert f"AL-{alert.pk}" in page


def test_an_exception_that_takes_it_out_is_named(ana: Client, world: World) -> None:
    rule = Rule.objects.get(pk=PERL)
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "postgres"}]
    item = create_item(
        rule=rule, entries=entries, reason="menus", name="Menus of db", actor=world.rosa,
        now=world.now - timedelta(hours=1),
    )  # fmt: skip
    world.send([world.perl(1)])
    page = told(ana, uid_of(1))
    assert "an exception takes it out" in page
    assert "Menus of db" in page
    assert "user.name is postgres" in page
    answer = ana.get(reverse("alerts:why_not", args=[uid_of(1)]), {"rule": PERL})
    assert reverse("alerts:exception", args=[item.pk]) in answer.content.decode()


def test_what_stands_before_the_clauses_is_told(ana: Client, world: World) -> None:
    world.send([world.perl(1)])
    Alert.objects.all().delete()
    Rule.objects.filter(pk=PERL).update(enabled=False)
    assert "The rule is switched off." in told(ana, uid_of(1))


def test_another_index_is_told(ana: Client, world: World) -> None:
    stream = {"type": "logs", "dataset": "somewhere.else", "namespace": "default"}
    world.send([world.perl(1, data_stream=stream)])
    assert "this event is in logs-somewhere.else-default" in told(ana, uid_of(1))


def test_what_could_never_match_is_told_before_what_came_too_early(ana: Client, world: World) -> None:
    stream = {"type": "logs", "dataset": "somewhere.else", "namespace": "default"}
    world.send([world.perl(1, data_stream=stream)])
    Rule.objects.filter(pk=PERL).update(enabled_at=clock.now() + timedelta(hours=1))
    page = told(ana, uid_of(1))
    assert "only its look-back judges such events" in page
    assert page.index("this event is in logs-somewhere.else-default") < page.index("The event came before")


def test_without_a_rule_one_is_chosen(ana: Client, world: World) -> None:
    world.send([world.perl(1)])
    answer = ana.get(reverse("alerts:why_not", args=[uid_of(1)]), {"q": "perl"})
    assert f"rule={PERL}" in answer.content.decode()


def test_from_a_rule_the_event_is_asked_for(ana: Client, world: World) -> None:
    world.send([world.perl(1)])
    address = reverse("alerts:why_not_of")
    assert "paste the address" in ana.get(address, {"rule": PERL}).content.decode()
    assert ana.get(address, {"rule": PERL, "event": "nothing"}).status_code == 422
    answer = ana.get(address, {"rule": PERL, "event": f"https://x/search/event/{uid_of(1)}/?day=2026-01-02"})
    assert answer["Location"] == f"{reverse('alerts:why_not', args=[uid_of(1)])}?rule={PERL}&day=2026-01-02"


@pytest.mark.parametrize("uid", ["0" * 32, "x", "00"])
def test_an_event_that_is_not_there_is_none(ana: Client, world: World, uid: str) -> None:
    assert ana.get(reverse("alerts:why_not", args=[uid]), {"rule": PERL}).status_code == 404


def test_the_other_team_sees_nothing(sign_in: SignIn, world: World) -> None:
    world.send([world.perl(1)])
    assert sign_in("otto").get(reverse("alerts:why_not", args=[uid_of(1)]), {"rule": PERL}).status_code == 404


def test_a_day_that_no_calendar_has_is_none(world: World, ana: Client) -> None:
    world.send([world.perl(1)])
    address = reverse("alerts:why_not", args=[uid_of(1)])
    assert ana.get(address, {"rule": PERL, "day": "2026-02-31"}).status_code == 200
