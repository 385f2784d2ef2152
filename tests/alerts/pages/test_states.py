"""The states of the alert page: what became of its rule, no guide, a slow search, who only looks.

An event that left storage and a rule that was changed are in test_facts.py.
"""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts.guides import counting
from alerts.models import Alert
from rules.models import Rule
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World


@pytest.fixture
def alert(world: World) -> Alert:
    return world.send([world.perl()])[0]


def page_of(client: Client, alert: Alert, **asked: str) -> str:
    return client.get(reverse("alerts:detail", args=[alert.pk]), asked).content.decode()


def test_a_rule_that_is_off_quarantined_or_replaced_is_said_to_be(ana: Client, alert: Alert) -> None:
    rules = Rule.objects.filter(pk=alert.rule_id)
    rules.update(enabled=False)
    assert "The rule is switched off now." in page_of(ana, alert)
    rules.update(quarantined_at=timezone.now())
    assert "The rule is quarantined now and raises nothing." in page_of(ana, alert)
    other = Rule.objects.exclude(pk=alert.rule_id)[0]
    rules.update(superseded_by=other)
    page = page_of(ana, alert)
    assert "This rule was replaced by" in page
    assert reverse("rules:detail", args=[other.pk]) in page


def test_a_rule_without_a_guide_says_so_and_leads_to_the_rule(ana: Client, alert: Alert) -> None:
    revision = alert.revision
    revision.pk, revision.number = None, revision.number + 1
    revision.definition = {**revision.definition, "note": "", "setup": "", "false_positives": []}
    revision.save(force_insert=True)
    Alert.objects.filter(pk=alert.pk).update(revision=revision)
    page = page_of(ana, alert)
    assert "This rule has no guide." in page
    assert reverse("rules:detail", args=[alert.rule_id]) in page.split("This rule has no guide.")[1]
    assert "The rule names no response steps." in page_of(ana, alert, side="respond")
    assert "The rule names no false positives." in page_of(ana, alert, side="fp")


def test_a_search_without_time_says_so_and_can_be_counted_on_and_stopped(
    ana: Client, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = counting.Answer(counting.NOT_YET)
    monkeypatch.setattr("alerts.views.pivots.answer_of", lambda *_: stopped)
    address = reverse("alerts:pivot", args=[alert.pk, 1])
    page = ana.get(address, headers=HTMX).content.decode()
    assert "still counting, up to 8 s" in page
    assert "Still nothing" not in page
    assert f'hx-get="{address}?longer=1"' in page
    assert "data-stop" in page
    longer = ana.get(address, {"longer": "1"}, headers=HTMX).content.decode()
    assert "Still nothing after eight seconds" in longer
    assert "data-stop" not in longer


@pytest.mark.parametrize("side", ["guide", "activity", "exception"])
def test_who_only_looks_is_told_why_nothing_can_be_done(sign_in: SignIn, alert: Alert, side: str) -> None:
    vera = sign_in("vera")
    page = page_of(vera, alert, side=side)
    assert 'disabled title="Needs' in page
    assert reverse("alerts:set_status", args=[alert.pk]) not in page
    assert reverse("alerts:comment", args=[alert.pk]) not in page
