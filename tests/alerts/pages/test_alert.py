"""The page of one alert: what it tells, what stands beside it, and who may see it."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World


def address(alert_id: int) -> str:
    return reverse("alerts:detail", args=[alert_id])


def test_it_says_what_happened_and_why_it_fired(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = ana.get(address(alert.pk)).content.decode()
    assert "<b><bdi>postgres</bdi></b>" in page
    assert "Why it fired" in page
    assert "process.name" in page
    assert "<mark><bdi>perl</bdi></mark>" in page
    assert "Also true:" in page


def test_beside_the_facts_stands_the_guide(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = ana.get(address(alert.pk)).content.decode()
    assert 'id="side"' in page
    assert 'class="steps"' in page


@pytest.mark.parametrize("side", ["guide", "fp", "respond", "related", "activity"])
def test_every_side_comes_alone_for_htmx(ana: Client, world: World, side: str) -> None:
    alert = world.send([world.perl()])[0]
    answer = ana.get(address(alert.pk), {"side": side}, headers=HTMX)
    assert answer.content.decode().lstrip().startswith("<aside")
    assert "HX-Request" in answer["Vary"]


def test_an_unknown_side_is_the_guide(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    assert 'class="steps"' in ana.get(address(alert.pk), {"side": "x"}).content.decode()


def test_all_fields_and_the_raw_event_are_one_click_away(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    assert "process.parent.command_line" in ana.get(address(alert.pk), {"facts": "all"}).content.decode()
    assert "&quot;command_line&quot;" in ana.get(address(alert.pk), {"facts": "raw"}).content.decode()
    raw = ana.get(reverse("alerts:raw", args=[alert.pk]))
    assert json.loads(raw.content)["process"]["name"] == "perl"
    assert "attachment" in raw["Content-Disposition"]


def test_parts_of_the_other_teams_alert_cannot_be_told_from_those_of_none(sign_in: SignIn, world: World) -> None:
    """Only the page itself says whose it is."""
    alert = world.send([world.perl()])[0]
    otto = sign_in("otto")
    assert otto.get(address(alert.pk)).status_code == 403
    for name in ("alerts:peek", "alerts:raw"):
        theirs, missing = (otto.get(reverse(name, args=[number])) for number in (alert.pk, 999_999))
        assert (theirs.status_code, missing.status_code) == (404, 404)
        assert b"a team that you are not in" in theirs.content
        assert b"a team that you are not in" in missing.content


def test_an_alert_that_is_not_there_is_a_404(ana: Client, world: World) -> None:
    assert ana.get(address(999_999)).status_code == 404


def test_the_preview_comes_for_htmx_and_the_page_without(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    peek = reverse("alerts:peek", args=[alert.pk])
    assert ana.get(peek, headers=HTMX).content.decode().lstrip().startswith("<div")
    assert "<html" in ana.get(peek).content.decode()


def test_it_leads_back_to_the_queue_it_was_opened_from_and_nowhere_else(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = ana.get(address(alert.pk), {"from": "view=mine&evil=//example.org&q=x"}).content.decode()
    assert "?view=mine&amp;q=x" in page
    assert "evil" not in page


def test_a_new_terms_alert_says_what_was_new_and_against_which_history(ana: Client, world: World) -> None:
    event = world.perl(
        process__name="bash",
        process__executable="/usr/bin/bash",
        process__args=["bash", "-i"],
        process__interactive=True,
        user__name="backup",
        user__id="34",
        event__id="system-user",
    )
    (found,) = [alert for alert in world.send([event]) if alert.new_terms]
    Alert.objects.filter(pk=found.pk).update(learning=False, facts=None)  # as if its history had been long enough
    page = ana.get(address(found.pk)).content.decode()
    assert "Not seen in the" in page
    assert 'class="newterms"' in page


def test_it_says_by_when_it_is_due_and_past_that_how_long_and_who_owns_it(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = ana.get(address(alert.pk)).content.decode()
    assert re.search(r"due in \d h( \d+ m)? \(high: 4 h\)", page)
    Alert.objects.filter(pk=alert.pk).update(created_at=world.now - timedelta(days=4))
    for where in (address(alert.pk), reverse("alerts:queue"), reverse("alerts:peek", args=[alert.pk])):
        page = ana.get(where, headers=HTMX if "peek" in where else {}).content.decode()
        assert "past its target by 3 d 20 h (high: 4 h), nobody owns it" in page, where
    Alert.objects.filter(pk=alert.pk).update(assignee=world.rosa)
    assert "(high: 4 h), owned by Rosa" in ana.get(address(alert.pk)).content.decode()
    world.close([alert])
    assert "its target" not in ana.get(address(alert.pk)).content.decode()
