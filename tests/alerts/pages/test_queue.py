"""The queue page: what it lists, how it is narrowed, and what it says when there is nothing."""

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from alerts import selectors
from alerts.selectors import QueueFilters
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import PERL, World

QUEUE = reverse("alerts:queue")


def test_before_the_first_alert_it_says_what_to_do(ana: Client, world: World) -> None:
    page = ana.get(QUEUE).content.decode()
    assert "Three things make the first alert" in page
    assert "No event so far" in page


def test_the_first_event_ticks_the_first_step_off(ana: Client, world: World) -> None:
    world.send([world.perl(process__name="ls")])
    assert "Events arrive." in ana.get(QUEUE).content.decode()


def test_the_first_run_is_drawn_alone_where_something_has_come_of_it_and_ends_with_the_first_alert(
    ana: Client, world: World
) -> None:
    asks = {**HTMX, "HX-Target": "first-run"}
    drawn = ana.get(QUEUE).content.decode()
    again = unescape(drawn.partition('id="first-run" hx-get="')[2].partition('"')[0])
    assert ana.get(again, headers=asks).status_code == 204
    world.send([world.perl(process__name="ls")])
    answer = ana.get(again, headers=asks)
    assert answer.content.decode().lstrip().startswith('<div class="pane first"')
    assert "Events arrive." in answer.content.decode()
    world.send([world.perl()])
    answer = ana.get(again, headers=asks)
    assert (answer.headers["HX-Refresh"], answer.content) == ("true", b"")


def test_it_lists_what_waits_with_its_evidence_marked(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = ana.get(QUEUE).content.decode()
    assert f'id="alert-{alert.pk}"' in page
    assert "Interactive Terminal Spawned via Perl" in page
    assert "<mark>" in page
    assert "db-2" in page
    assert 'aria-current="page"' in page


def test_a_closed_alert_leaves_the_triage_queue_and_stands_under_closed_today(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    world.close([alert])
    assert f'id="alert-{alert.pk}"' not in ana.get(QUEUE).content.decode()
    assert "Nothing waiting." in ana.get(QUEUE).content.decode()
    assert f'id="alert-{alert.pk}"' in ana.get(QUEUE, {"view": "closed"}).content.decode()


def test_filters_narrow_it_and_can_be_taken_off_one_by_one(ana: Client, world: World) -> None:
    first, second = world.send([world.perl(1), world.perl(2)])
    page = ana.get(QUEUE, {"host": str(first.host_name)}).content.decode()
    assert f'id="alert-{first.pk}"' in page
    assert f'id="alert-{second.pk}"' not in page
    assert 'class="token"' in page


def test_when_filters_match_none_it_says_how_many_wait_without_them(ana: Client, world: World) -> None:
    world.send([world.perl(1), world.perl(2)])
    page = ana.get(QUEUE, {"host": "nowhere"}).content.decode()
    assert "No alert matches." in page
    assert "2 are there without these filters." in page


def test_the_key_of_a_page_under_another_filter_leads_to_the_first_page_with_a_notice(
    ana: Client, world: World
) -> None:
    alerts = world.send([world.perl(number) for number in range(1, 5)])
    world.close(alerts[:2])
    found = {
        status: selectors.queue(user=world.ana, filters=QueueFilters(statuses=(status,)), now=world.now, limit=1)
        for status in ("open", "closed")
    }
    for status, other in (("open", "closed"), ("closed", "open")):
        answer = ana.get(QUEUE, {"status": status, "sort": "urgent", "after": str(found[other].next_key)})
        assert answer.status_code == 200
        assert "That page of the list is gone" in answer.content.decode()
        answer = ana.get(QUEUE, {"status": status, "sort": "urgent", "after": str(found[status].next_key)})
        assert "That page of the list is gone" not in answer.content.decode()


def test_kql_searches_the_event_and_the_alert(ana: Client, world: World) -> None:
    first, second = world.send([world.perl(1), world.perl(2)])
    kql = f"host.name: {first.host_name} and kibana.alert.severity: high"
    page = ana.get(QUEUE, {"q": kql}).content.decode()
    assert f'id="alert-{first.pk}"' in page
    assert f'id="alert-{second.pk}"' not in page


def test_kql_that_cannot_be_read_is_underlined_where_it_is_wrong(ana: Client, world: World) -> None:
    world.send([world.perl()])
    answer = ana.get(QUEUE, {"q": "host.name: ("})
    assert answer.status_code == 200
    assert 'class="tk-err"' in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()


def test_htmx_gets_the_list_and_what_stands_around_it(ana: Client, world: World) -> None:
    world.send([world.perl()])
    answer = ana.get(QUEUE, headers=HTMX)
    page = answer.content.decode()
    assert "<html" not in page
    assert page.lstrip().startswith("<section")
    assert 'id="views"' in page
    assert "HX-Request" in answer["Vary"]


def test_the_address_of_a_filtered_list_says_what_was_chosen_and_no_more(ana: Client, world: World) -> None:
    sent = {"view": "", "q": "", "status": "open", "host": "", "time": "24h", "since": "", "sort": "urgent"}
    answer = ana.get(QUEUE, sent, headers=HTMX)
    assert answer["HX-Push-Url"] == f"{QUEUE}?status=open&time=24h"
    assert "HX-Push-Url" not in ana.get(QUEUE, {"status": "open"}, headers=HTMX)


def test_the_back_button_gets_the_whole_page(ana: Client, world: World) -> None:
    world.send([world.perl()])
    answer = ana.get(QUEUE, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in answer.content.decode()


def test_the_pulse_is_silent_until_something_new_came(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    pulse = reverse("alerts:pulse")
    assert ana.get(pulse, {"since": alert.pk}, headers=HTMX).status_code == 204
    world.send([world.perl(2), world.perl(3)])
    answer = ana.get(pulse, {"since": alert.pk}, headers=HTMX)
    assert "2 new" in answer.content.decode()


def test_a_pulse_is_a_part_of_the_page_for_who_opens_its_address_too(ana: Client, world: World) -> None:
    world.send([world.perl(1)])
    answer = ana.get(reverse("alerts:pulse"), {"since": 0})
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith('<span id="pulse"')


def test_a_pulse_that_asks_nonsense_is_silent(ana: Client, world: World) -> None:
    for since in ("", "x", "-1", "9" * 40):
        assert ana.get(reverse("alerts:pulse"), {"since": since}, headers=HTMX).status_code == 204


def test_the_other_team_sees_nothing_of_it(sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl()])[0]
    assert f'id="alert-{alert.pk}"' not in sign_in("otto").get(QUEUE).content.decode()


def test_a_viewer_sees_why_he_cannot_act(sign_in: SignIn, world: World) -> None:
    world.send([world.perl()])
    page = sign_in("vera").get(QUEUE).content.decode()
    assert "Needs the analyst role." in page


def test_a_page_holds_fifty_and_leads_on(ana: Client, world: World) -> None:
    world.send([world.perl(number, event__id=f"many-{number}") for number in range(1, 80)])
    page = ana.get(QUEUE, {"rule": PERL, "fold": "off"}).content.decode()
    assert page.count("data-row") == 50
    more = ana.get(QUEUE, {"rule": PERL, "fold": "off", "after": _after(page)}, headers=HTMX).content.decode()
    assert more.count("data-row") == 29
    assert more.lstrip().startswith("<tr")
    assert page.count('class="cursor') == 1
    assert 'class="cursor' not in more  # the list has one already


def test_a_broken_page_key_leads_to_the_beginning_with_a_notice(ana: Client, world: World) -> None:
    world.send([world.perl()])
    page = ana.get(QUEUE, {"after": "broken"}).content.decode()
    assert "this is its beginning" in page
    assert "data-row" in page


def _after(page: str) -> str:
    from urllib.parse import unquote

    return unquote(page.split("after=")[1].split('"')[0])


def test_who_is_in_several_teams_narrows_it_to_one(ana: Client, world: World) -> None:
    [ours] = world.send([world.perl(1)])
    assert 'name="team"' not in ana.get(QUEUE).content.decode()
    world.ana.teams.add(world.other)
    [theirs] = world.send([world.perl(2)], team=world.other)
    page = ana.get(QUEUE, {"team": str(world.other.pk)}).content.decode()
    assert 'name="team"' in page
    assert f'id="alert-{theirs.pk}"' in page
    assert f'id="alert-{ours.pk}"' not in page
    assert world.other.name in page.split('class="token"')[1][:200]


def test_a_team_that_is_not_ones_own_narrows_nothing(ana: Client, world: World) -> None:
    world.ana.teams.add(world.other)
    [ours] = world.send([world.perl(1)])
    assert f'id="alert-{ours.pk}"' in ana.get(QUEUE, {"team": "999999"}).content.decode()


def test_times_beyond_the_calendar_are_told_beside_their_filter(ana: Client, world: World) -> None:
    world.send([world.perl()])
    for name in ("since", "until"):
        for text in ("0001-01-01", "9999-12-31T23:59Z", "1969-12-31"):
            answer = ana.get(QUEUE, {name: text})
            assert answer.status_code == 200
            assert "Write a time such as" in answer.content.decode()


def test_where_nothing_matches_a_field_that_nothing_has_is_named_with_those_that_look_like_it(
    ana: Client, world: World
) -> None:
    world.send([world.perl(1)])
    page = ana.get("/alerts/", {"q": "severity: high and host.nam: web* and host.name: nowhere"}).content.decode()
    assert "Nothing seems to have a field <code><bdi>severity</bdi></code>." in page
    assert "<code>kibana.alert.severity</code>" in page
    assert "<code>host.name</code>" in page
    assert "field <code><bdi>host.name</bdi></code>" not in page
    evil = ana.get("/alerts/", {"q": '"<b>": x'}).content.decode()
    assert "<b>:" not in evil
    assert "Nothing seems" not in ana.get("/alerts/", {"q": "host.name: nowhere"}).content.decode()


def test_the_number_of_an_alert_leads_to_it(ana: Client, world: World) -> None:
    (alert,) = world.send([world.perl(1)])
    page = ana.get("/alerts/", {"q": f"al-{alert.pk}"}).content.decode()
    assert f'href="/alerts/{alert.pk}/">Open AL-{alert.pk}</a>' in page


@pytest.mark.parametrize(("view", "order"), [("all", "newest"), ("closed", "newest"), ("triage", "urgent")])
def test_the_order_that_is_shown_is_the_order_of_the_list(ana: Client, world: World, view: str, order: str) -> None:
    world.send([world.perl(1)])
    assert f'<option value="{order}" selected>' in ana.get(f"/alerts/?view={view}").content.decode()
    other = "oldest"
    assert f'<option value="{other}" selected>' in ana.get(f"/alerts/?view={view}&sort={other}").content.decode()


@pytest.mark.parametrize("since", ["24h", "now-24h"])
def test_a_span_may_stand_where_a_moment_belongs(ana: Client, world: World, since: str) -> None:
    world.send([world.perl(1)])
    page = ana.get("/alerts/", {"since": since}).content.decode()
    assert '<option value="24h" selected>' in page
    assert "is left out" not in page


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("since", "yesterday", "From: “yesterday” is left out. Write a time such as 2026-11-21T14:05Z."),
        ("severity", "awful", "Severity: “awful” is left out."),
        ("status", "done<b>", "Status: “done&lt;b&gt;” is left out."),
        ("view", "mine-all", "View: “mine-all” is left out."),
    ],
)
def test_a_filter_that_means_nothing_is_named(ana: Client, world: World, name: str, value: str, says: str) -> None:
    world.send([world.perl(1)])
    assert says in ana.get("/alerts/", {name: value}).content.decode()
