"""Where one can go by name: what is found, for whom, as a page and in the dialog."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.urls.exceptions import Resolver404

from accounts import saved
from alerts.models import SavedView
from cases import opening
from events.models import SavedSearch
from rules.models import Rule
from soc.home.destinations import _PLACES, destinations
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import PERL, World


def links(client: Client, text: str) -> list[tuple[str, str]]:
    """The links of the page: address and name."""
    page = client.get("/go/", {"q": text}).content.decode()
    found = page[page.index('<section class="go"') : page.index("</section>")]
    named = re.findall(r'<a href="([^"]*)">.*?go-name">(.*?)</span>', found)
    return [(unescape(url), unescape(re.sub("<[^>]*>", "", name))) for url, name in named]


def test_without_a_text_every_place_is_there_and_leads_somewhere(world: World, sign_in: SignIn) -> None:
    client = sign_in("adam")
    found = links(client, "")
    assert ("/alerts/", "Alerts") in found
    assert len(found) == len(_PLACES)
    for url, name in found:
        assert client.get(url.partition("#")[0], follow=True).status_code == 200, name


@pytest.mark.parametrize("name", ["vera", "ana", "rosa", "mona"])
def test_nobody_is_sent_where_the_role_may_not_go(world: World, sign_in: SignIn, name: str) -> None:
    client = sign_in(name)
    listed = {url for url, _ in links(client, "")}
    for place in _PLACES:
        from django.urls import reverse

        address = reverse(place.url_name)
        allowed = client.get(address).status_code != 403
        assert allowed == any(url.partition("?")[0].partition("#")[0] == address for url in listed), place.url_name


def test_names_begin_words_and_other_words_are_found(world: World, sign_in: SignIn) -> None:
    client = sign_in("ana")
    assert links(client, "al")[0] == ("/alerts/", "Alerts")
    assert ("/exceptions/", "Exceptions") in links(client, "silence")
    assert links(client, "set you")[0][0] == "/settings/you/"
    assert links(client, "eql")[0] == ("/search/?lang=eql", "Search in EQL")


def test_an_alert_and_a_case_are_found_by_number(world: World, sign_in: SignIn) -> None:
    alert = world.send([world.perl(1)])[0]
    case = opening.open_case(
        title="Shells", severity=3, team=world.team, actor=world.ana, now=world.now, team_ids=[world.team.pk]
    )
    client = sign_in("ana")
    for text in (f"{alert.pk}", f"AL-{alert.pk}", f"al{alert.pk}"):
        assert links(client, text)[0] == (f"/alerts/{alert.pk}/", f"AL-{alert.pk}")
    assert links(client, f"case-{case.pk}")[0] == (f"/cases/{case.pk}/", f"CASE-{case.pk}")
    assert not any(url.startswith(("/alerts/9", "/cases/9")) for url, _ in links(client, "999999999999999999"))


def test_rules_are_found_by_words_and_id(world: World, sign_in: SignIn) -> None:
    client = sign_in("ana")
    [rule] = Rule.objects.filter(pk=PERL)
    for text in ("perl interactive", PERL, rule.name.upper()):
        assert (f"/rules/{PERL}/", rule.name) in links(client, text), text
    assert not any(url.startswith("/rules/") and url != "/rules/" for url, _ in links(client, "p"))


def test_saved_views_are_found_with_whose_they_are(world: World, sign_in: SignIn) -> None:
    view = saved.create(
        SavedView,
        name="Databases",
        query="host=db-1",
        team=world.team,
        actor=world.rosa,
        now=world.now,
        team_ids=[world.team.pk],
    )
    assert links(sign_in("ana"), "datab")[0] == (f"/alerts/?host=db-1&saved={view.pk}", "Databases")
    assert b"shared by" in sign_in("ana").get("/go/", {"q": "datab"}).content


def test_other_teams_find_nothing_of_it(world: World, sign_in: SignIn) -> None:
    alert = world.send([world.perl(1)])[0]
    case = opening.open_case(
        title="Shells", severity=3, team=world.team, actor=world.ana, now=world.now, team_ids=[world.team.pk]
    )
    saved.create(
        SavedView,
        name="Databases",
        query="host=db-1",
        team=world.team,
        actor=world.ana,
        now=world.now,
        team_ids=[world.team.pk],
    )
    Rule.objects.filter(pk=PERL).update(team=world.team)
    otto = sign_in("otto")
    searches = {f"/alerts/{alert.pk}/", f"/cases/{case.pk}/", f"/rules/{PERL}/"}
    for text in (f"AL-{alert.pk}", f"CASE-{case.pk}", str(alert.pk), "Databases", "perl", PERL, "Shells"):
        found = links(otto, text)
        assert not searches & {url for url, _ in found}, text
        assert not any("saved=" in url for url, _ in found), text


def test_the_last_are_searches_for_the_text(world: World, sign_in: SignIn) -> None:
    assert [url for url, _ in links(sign_in("ana"), "web 1")][-2:] == ["/search/?q=web+1", "/alerts/?view=all&q=web+1"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=a()>', "a\u202eb", "x" * 3000])
def test_hostile_texts_are_only_shown(world: World, sign_in: SignIn, text: str) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        response = sign_in("ana").get("/go/", {"q": text}, headers=headers)
        page = response.content.decode()
        assert response.status_code == 200
        assert "<script>alert" not in page
        assert "<img" not in page


def test_every_page_has_the_dialogs_combobox_which_asks_for_its_list_only(world: World, sign_in: SignIn) -> None:
    client = sign_in("ana")
    page = client.get("/cases/").content.decode()
    dialog = page[page.index('<template id="palette">') :]
    assert 'role="combobox"' in dialog[: dialog.index("</template>")]
    part = client.get("/go/", {"q": "nothing of it"}, headers={"HX-Request": "true"})
    assert part.content.decode().count('role="option"') == 2
    assert b"combobox" not in part.content
    assert b"<html" not in part.content


def test_it_takes_few_queries(world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    for text in ("", "perl", str(alert.pk)):
        with CaptureQueriesContext(connection) as asked:
            assert destinations(world.ana, text)
        assert len(asked) <= 8, [one["sql"] for one in asked]


def test_places_name_pages_that_are_there() -> None:
    from django.urls import reverse

    for place in _PLACES:
        try:
            resolve(reverse(place.url_name))
        except Resolver404:
            pytest.fail(place.url_name)


def test_saved_searches_are_found_by_name_those_of_the_team_too(world: World, sign_in: SignIn) -> None:
    row = saved.create(
        SavedSearch,
        name="Odd shells",
        query="lang=eql&q=x",
        team=world.team,
        actor=world.rosa,
        now=world.now,
        team_ids=[world.team.pk],
    )
    address = f"/search/?lang=eql&q=x&saved={row.pk}"
    assert (address, "Odd shells") in links(sign_in("ana"), "odd")
    assert links(sign_in("otto"), "odd sh")[0][0] != address
