"""The queue that an alert was opened from: every way from its page to an alert, or back, leads on with it."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from tests.alerts.pages import joined
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World

QUEUE = "host=db-2&sort=newest"
FROM = {"from": QUEUE}
ALERT_PAGE, OF_AN_ALERT = re.compile(r"/alerts/\d+/"), re.compile(r"/alerts/(\d+/|undo/|bulk/)|/cases/add/")
BACK = ("u", "Back to the queue")


class Ways(HTMLParser):
    """The links of a page, and its forms with the buttons that send them elsewhere."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.links: list[tuple[str, bool]] = []
        self.sent: list[tuple[str, str]] = []  # where to, and by which form
        self.forms: dict[str, dict[str, str]] = {}
        self._form = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = told.get("id") or f"form {len(self.forms)}"
            self.forms[self._form] = {}
        if "name" in told:
            self.forms.setdefault(told.get("form", self._form), {})[told["name"]] = told.get("value", "")
        for name in ("href", "hx-get"):
            if told.get(name) and not told[name].startswith("#"):
                back = told.get("data-key") == BACK[0] or told.get("aria-label") == BACK[1]
                self.links.append((urljoin(self.address, told[name]), back))
        for name in ("action", "formaction", "hx-post", "data-resumes"):
            if told.get(name):
                self.sent.append((urljoin(self.address, told[name]), told.get("form", self._form)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""

    def lost(self) -> list[str]:
        """Where the queue is lost."""
        queue = parse_qs(QUEUE).items()
        found = [url for url, back in self.links if back and not queue <= parse_qs(urlsplit(url).query).items()]
        found += [url for url, back in self.links if not back and _is_alert_page(url) and _queue_in(url) != QUEUE]
        for url, form in self.sent:
            known = self.forms.get(form, {}).get("from") or _queue_in(url)
            if OF_AN_ALERT.match(urlsplit(url).path) and known != QUEUE:
                found.append(f"{form} to {url}")
        return found


def _is_alert_page(url: str) -> bool:
    return bool(ALERT_PAGE.fullmatch(urlsplit(url).path))


def _queue_in(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("from", [""])[0]


def ways(client: Client, address: str, **told: str) -> Ways:
    """What a page leads to when it was asked for with the queue."""
    answer = client.get(address, told | FROM)
    assert answer.status_code == 200, address
    found = Ways(answer.content.decode(), address)
    assert any(_is_alert_page(url) for url, _ in found.links)
    assert any(back for _, back in found.links)
    return found


def address_of(alert: Alert) -> str:
    return reverse("alerts:detail", args=[alert.pk])


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Of one host in the middle of the queue, with a duplicate, and one that was closed before it."""
    made = world.send([world.perl(number, host__name="db-2", event__id=f"e{number}") for number in range(1, 7)])
    world.close(made[4:5])
    Alert.objects.filter(pk=made[3].pk).update(status="closed", reason="duplicate", duplicate_of=made[1])
    return made


@pytest.mark.parametrize("facts", ["", "all", "raw"])
@pytest.mark.parametrize("side", ["guide", "fp", "respond", "related", "activity", "exception"])
def test_every_way_from_an_alert_leads_on_with_the_queue(
    sign_in: SignIn, alerts: list[Alert], side: str, facts: str
) -> None:
    assert ways(sign_in("rosa"), address_of(alerts[1]), side=side, facts=facts).lost() == []


@pytest.mark.parametrize("kind", ["sequence", "sample", "count", "alike"])
def test_every_way_from_an_alert_of_several_events_does(sign_in: SignIn, world: World, kind: str) -> None:
    joined.load()
    alert = getattr(joined, kind)(world)
    for one in (alert, *alert.blocks.all()[:1]):
        for side in ("guide", "exception"):
            assert ways(sign_in("rosa"), address_of(one), side=side).lost() == []


def test_a_page_that_is_drawn_by_an_answer_does_too(sign_in: SignIn, alerts: list[Alert]) -> None:
    """Without scripts, or with a mistake in the form."""
    rosa, alert = sign_in("rosa"), alerts[1]
    condition = {"field": "host.name", "operator": "is", "value": "db-2", "case": "", "place": "0", "see": "silenced"}
    for name, sent in (
        ("alerts:exception_preview", condition),
        ("alerts:exception_preview", condition | {"facts": "all", "add_field": "user.name"}),
        ("alerts:exception_add", condition),
        ("alerts:set_status", {"status": "closed", "reason": "other"}),
        ("alerts:comment", {"text": ""}),
    ):
        url = reverse(name, args=[alert.pk])
        answer = rosa.post(url, sent | FROM)
        assert answer.status_code in (200, 422)
        assert Ways(answer.content.decode(), url).lost() == []


def test_what_is_said_and_offered_after_an_act_does(sign_in: SignIn, alerts: list[Alert]) -> None:
    rosa, alert = sign_in("rosa"), alerts[1]
    close = {"status": "closed", "reason": "benign_positive", "version": str(alert.version)} | FROM
    answer = rosa.post(reverse("alerts:set_status", args=[alert.pk]), close)
    assert _queue_in(answer["Location"]) == QUEUE
    page = rosa.get(answer["Location"]).content.decode()
    assert "Stop alerting on this?" in page
    assert Ways(page, answer["Location"]).lost() == []
    tick = f"{alerts[0].pk}:{alerts[0].version}"
    sent = {"alert": tick, "reason": "benign_positive", "from": QUEUE}
    queue = rosa.post(reverse("alerts:bulk"), sent, headers=HTMX).content.decode()
    offered = re.search(r'href="([^"]+)">Stop alerting on this\?', queue)
    assert offered
    assert _queue_in(offered[1].replace("&amp;", "&")) == QUEUE


def test_a_comment_and_a_case_lead_back_with_it_without_scripts(ana: Client, alerts: list[Alert]) -> None:
    answer = ana.post(reverse("alerts:comment", args=[alerts[1].pk]), {"text": "Asked."} | FROM)
    assert _queue_in(answer["Location"]) == QUEUE
    sent = {"alert": str(alerts[1].pk), "from_alert": str(alerts[1].pk), "to": "existing", "case": "0"} | FROM
    answer = ana.post(reverse("cases:add_from_alerts"), sent)
    assert _is_alert_page(answer["Location"])
    assert _queue_in(answer["Location"]) == QUEUE


def test_the_preview_and_escalating_lead_on_with_it(ana: Client, alerts: list[Alert]) -> None:
    url = reverse("alerts:peek", args=[alerts[1].pk])
    peek = Ways(ana.get(f"{url}?{QUEUE}", headers=HTMX).content.decode(), url)
    assert [link for link, _ in peek.links if _is_alert_page(link)]
    assert peek.lost() == []
    url = reverse("alerts:escalate", args=[alerts[1].pk])
    assert Ways(ana.get(url, FROM).content.decode(), url).lost() == []


def test_a_tab_brings_the_ways_to_other_facts_along_which_lead_back_to_it(ana: Client, alerts: list[Alert]) -> None:
    url = address_of(alerts[1])
    answer = ana.get(url, {"side": "related", "facts": "all", "part": "side"} | FROM, headers=HTMX).content.decode()
    shown = Ways(answer[answer.index('id="facts-ways"') :], url)
    assert [parse_qs(urlsplit(link).query) for link, _ in shown.links] == [
        {"side": ["related"], "facts": [name], "from": [QUEUE]} for name in ("useful", "raw")
    ]
    assert Ways(answer, url).lost() == []
    tabs = [link for link, _ in Ways(answer, url).links if "side=activity" in link]
    page = ana.get(tabs[0]).content.decode()
    assert "process.parent.command_line" in page
    assert 'data-part="side">' in page  # a tab is for what is in it, on a phone too
