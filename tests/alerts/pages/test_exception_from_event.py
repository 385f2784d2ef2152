"""An exception from a value of an event on which no alert rests: the rule is chosen, the panel is filled in."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from alerts.models import AlertEvent
from events.models import Event
from rules.models import Rule
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import PERL, World

LONG = "perl -e " + "x" * 3_000


def quiet(world: World, **fields: object) -> str:
    """The uid of an event that no rule took for a hit."""
    world.send([world.perl(1, process__name="ruby", **fields)])
    return bytes(Event.objects.exclude(index__startswith=".").get().uid).hex()


def link_to(client: Client, uid: str, field: str) -> str:
    """Where "Use in an exception" of the first value of a field leads."""
    page = client.get(reverse("events:event", args=[uid])).content.decode()
    found = re.search(rf'<a href="([^"]+)" aria-label="Exception on {re.escape(field)}"', page)
    assert found, field
    return unescape(found[1])


def chosen(client: Client, address: str, rule: str = PERL) -> str:
    """The panel that opens when a rule is chosen."""
    page = client.get(address, follow=True).content.decode()
    found = re.search(rf'<a class="link" href="([^"]*/rules/{rule}/exceptions/new/[^"]*)"', page)
    assert found, page
    answer = client.get(unescape(found[1]))
    assert answer.status_code == 200
    return answer.content.decode()


def condition_in(page: str) -> tuple[str, str]:
    """Field and value of the first condition."""
    field = re.search(r'name="field"[^>]*value="([^"]*)"', page)
    value = re.search(r'<textarea[^>]*name="value"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL) or re.search(
        r'name="value"[^>]*value="([^"]*)"', page
    )
    assert field
    assert value
    return unescape(field[1]), unescape(value[1])


def test_two_steps_lead_from_a_value_into_the_panel_with_the_condition(ana: Client, world: World) -> None:
    page = chosen(ana, link_to(ana, quiet(world), "process.name"))
    assert condition_in(page) == ("process.name", "ruby")


def test_of_several_values_the_one_that_was_pressed_is_used(ana: Client, world: World) -> None:
    page = chosen(ana, link_to(ana, quiet(world), "process.args"))
    assert condition_in(page) == ("process.args", "perl")


@pytest.mark.parametrize("number", [0, 1])
def test_of_an_event_with_an_alert_too_only_the_value_that_was_pressed_is_used(
    ana: Client, world: World, number: int
) -> None:
    world.send([world.perl(1)])
    uid = bytes(Event.objects.exclude(index__startswith=".").get().uid).hex()
    page = ana.get(reverse("events:event", args=[uid])).content.decode()
    address = unescape(re.findall(r'<a href="([^"]+)" aria-label="Exception on process.args"', page)[number])
    panel = ana.get(address, follow=True).content.decode()
    assert "side=exception" in ana.get(address)["Location"]
    assert condition_in(panel) == ("process.args", ("perl", "-e")[number])
    assert '<option value="is" selected' in panel


def test_a_value_too_long_for_an_address_is_read_from_its_event(ana: Client, world: World) -> None:
    address = link_to(ana, quiet(world, process__command_line=LONG), "process.command_line")
    assert len(address) < 400
    assert condition_in(chosen(ana, address)) == ("process.command_line", LONG)


@pytest.mark.parametrize("rested_on", [True, False])
def test_of_several_values_too_long_for_an_address_only_the_one_that_was_pressed_is_used(
    ana: Client, world: World, rested_on: bool
) -> None:
    name = "perl" if rested_on else "ruby"
    usual = world.perl(1)["process"]["args"]
    world.send([world.perl(1, process__name=name, process__args=[*usual, "a" * 400, "b" * 400])])
    uid = bytes(Event.objects.exclude(index__startswith=".").get().uid).hex()
    page = ana.get(reverse("events:event", args=[uid])).content.decode()
    address = unescape(re.findall(r'<a href="([^"]+)" aria-label="Exception on process.args"', page)[-1])
    panel = ana.get(address, follow=True).content.decode() if rested_on else chosen(ana, address)
    assert condition_in(panel) == ("process.args", "b" * 400)
    assert '<option value="is" selected' in panel


@pytest.mark.parametrize("nth", ["3", "-1", "x", "9" * 30, "\u0663"])
def test_a_value_that_the_event_does_not_have_leaves_all_of_them(ana: Client, world: World, nth: str) -> None:
    uid = quiet(world)
    told = {"add": "process.args", "event": uid, "nth": nth}
    page = ana.get(reverse("alerts:exception_new", args=[PERL]), told).content.decode()
    assert condition_in(page)[1].splitlines()[:2] == ["perl", "-e"]
    assert '<option value="one_of" selected' in page


def test_a_rule_is_found_by_its_name_and_the_value_comes_along(ana: Client, world: World) -> None:
    told = {"add": "process.name", "value": "ruby", "q": "perl"}
    page = ana.get(reverse("alerts:exception_for"), told).content.decode()
    assert page.count("/exceptions/new/") == 1
    assert '<input type="hidden" name="value" value="ruby">' in page
    assert (
        "No rule has these words" in ana.get(reverse("alerts:exception_for"), told | {"q": "nothing"}).content.decode()
    )


def test_what_is_foreign_stays_foreign(sign_in: SignIn, world: World) -> None:
    uid = quiet(world, process__command_line=LONG)
    told = {"add": "process.command_line", "event": uid}
    page = sign_in("otto").get(reverse("alerts:exception_new", args=[PERL]), told).content.decode()
    assert LONG not in page
    Rule.objects.filter(pk=PERL).update(team=world.team)
    assert PERL not in sign_in("otto").get(reverse("alerts:exception_for"), told).content.decode()


def test_who_may_write_no_exceptions_is_told_so(sign_in: SignIn, world: World) -> None:
    address = link_to(sign_in("ana"), quiet(world), "process.name")
    assert "Needs the analyst role." in sign_in("vera").get(address).content.decode()
    assert sign_in("vera").get(reverse("alerts:exception_for")).status_code == 403


@pytest.mark.parametrize("name", ["vera", "mona"])
def test_who_may_write_no_exceptions_sees_no_way_to_one_beside_an_event(
    sign_in: SignIn, world: World, name: str
) -> None:
    alert = world.send([world.perl(1)])[0]
    uid = bytes(AlertEvent.objects.get(alert=alert).uid).hex()
    ways = {
        reverse("events:event", args=[uid]): 'aria-label="Exception on',
        f"{reverse('events:row', args=[uid])}?open=fields": 'aria-label="Exception on',
        reverse("alerts:of_event", args=[uid]): "side=exception",
        reverse("alerts:peek", args=[alert.pk]): "side=exception",
        reverse("alerts:queue"): "data-except",
    }
    for address, link in ways.items():
        assert link in sign_in("ana").get(address, headers=HTMX).content.decode(), address
        assert link not in sign_in(name).get(address, headers=HTMX).content.decode(), address
    peek = sign_in(name).get(reverse("alerts:peek", args=[alert.pk]), headers=HTMX).content.decode()
    assert re.search(r'disabled title="Needs the analyst role[^"]*" aria-label="Add an exception"', peek)


@pytest.mark.parametrize("told", [{}, {"add": "x" * 5_000}, {"add": "a", "event": "zz", "day": "2026-02-31"}])
def test_an_address_that_says_little_or_nonsense_still_answers(ana: Client, world: World, told: dict[str, str]) -> None:
    assert ana.get(reverse("alerts:exception_for"), told).status_code == 200
    assert ana.get(reverse("alerts:exception_new", args=[PERL]), told).status_code == 200


def test_hostile_text_is_only_shown(ana: Client, world: World) -> None:
    hostile = '"><script>alert(1)</script>'
    page = ana.get(reverse("alerts:exception_for"), {"add": hostile, "value": hostile, "q": hostile}).content.decode()
    assert "<script>alert" not in page
