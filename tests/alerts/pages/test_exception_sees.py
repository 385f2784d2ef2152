"""What a preview leads to: the alerts it silences, those it does not, the true positives by number, whom to ask."""

from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World

HOST = {"field": ["host.name"], "operator": ["is"], "value": ["db-2"], "case": [""]}
PART = {**HTMX, "HX-Target": "preview"}


def preview(client: Client, alert: Alert, **more: str) -> str:
    return client.post(reverse("alerts:exception_preview", args=[alert.pk]), HOST | more, headers=PART).content.decode()


def test_the_alerts_that_it_silences_and_those_that_still_alert_are_shown_when_asked_for(
    ana: Client, world: World
) -> None:
    alerts = world.send([world.perl(number) for number in range(1, 7)])
    world.close([one for one in alerts if one.host_name == "db-2"][:1], "duplicate")
    page = preview(ana, alerts[0])
    assert "See the 2" in page
    assert "The 4 that still alert" in page
    assert "1 duplicate" in page
    assert "1 open now" in page
    assert 'class="al-list' not in page
    inside, outside = ({one.pk for one in alerts if (one.host_name == "db-2") is held} for held in (True, False))
    for see, numbers, others in (("silenced", inside, outside), ("alerting", outside, inside)):
        listed = preview(ana, alerts[0], see=see)
        assert "Hide them" in listed
        assert all(f">AL-{number}</a>" in listed for number in numbers)
        assert not any(f">AL-{number}</a>" in listed for number in others)


def test_without_scripts_they_are_on_the_page(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    url = reverse("alerts:exception_preview", args=[alert.pk])
    page = ana.post(url, HOST | {"see": "silenced"}).content.decode()
    listed = page[page.index('<ul class="al-list') :]
    assert f'<a class="link mono" href="/alerts/{alert.pk}/">AL-{alert.pk}</a>' in listed


def test_the_guard_names_the_alert_and_whom_to_ask(ana: Client, sign_in: SignIn, world: World) -> None:
    alert = next(one for one in world.send([world.perl(number) for number in range(1, 4)]) if one.host_name == "db-2")
    world.close([alert], "true_positive")
    page = preview(ana, alert)
    assert f'<a class="link mono" href="/alerts/{alert.pk}/">AL-{alert.pk}</a>' in page
    assert "Needs the engineer role. Ask " in page
    assert str(world.people["rosa"]) in page
    assert "sending it for review does not." in page
    assert page.count("Needs the engineer role") == 1
    assert "Ask " not in preview(sign_in("rosa"), alert)


def test_a_phone_opens_on_the_part_that_was_asked_for(ana: Client, world: World) -> None:
    url = reverse("alerts:detail", args=[world.send([world.perl(1)])[0].pk])
    for query, part, shown in (
        ("", "facts", "facts"),
        ("?side=guide", "guide", "side"),
        ("?side=related", "related", "side"),
        ("?side=exception", "guide", "side"),
        ("?side=guide&facts=all", "facts", "facts"),
    ):
        page = ana.get(url + query).content.decode()
        assert f'data-part="{part}" aria-current="true"' in page
        assert f'data-part="{shown}">' in page
        assert page.count('aria-current="true"', page.index('class="seg phone'), page.index("</nav>")) <= 1


def test_a_quick_preview_says_so_in_words(ana: Client, world: World) -> None:
    page = preview(ana, world.send([world.perl(1)])[0])
    assert "checked in 0.0 s" not in page
    assert "checked at once" in page or " ms</span>" in page
