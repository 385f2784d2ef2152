"""A duplicate's page leads to its original, and the original's to its duplicates."""

from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from tests.alerts.pages.world import World


def test_both_pages_link_to_the_other(ana: Client, world: World) -> None:
    one, two, original = world.send([world.perl(number) for number in (1, 2, 3)])
    for alert in (one, two):
        said = {"status": "closed", "reason": "duplicate", "of": f"AL-{original.pk}", "version": alert.version}
        assert ana.post(reverse("alerts:set_status", args=[alert.pk]), said).status_code == 303
    page = ana.get(reverse("alerts:detail", args=[one.pk])).content.decode()
    assert f'Duplicate of <a class="link mono" href="/alerts/{original.pk}/">AL-{original.pk}</a>' in page
    page = ana.get(reverse("alerts:detail", args=[original.pk])).content.decode()
    assert "2 duplicates:" in page
    assert f'href="/alerts/{two.pk}/">AL-{two.pk}</a>' in page


def test_one_that_names_itself_is_refused_where_it_was_said(ana: Client, world: World) -> None:
    [one] = world.send([world.perl(1)])
    said = {"status": "closed", "reason": "duplicate", "of": str(one.pk), "version": one.version}
    answer = ana.post(reverse("alerts:set_status", args=[one.pk]), said)
    assert answer.status_code == 422
    assert "An alert cannot be a duplicate of itself." in answer.content.decode()
    assert Alert.objects.get(pk=one.pk).status == "open"
