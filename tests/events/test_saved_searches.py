"""Searches that people save: the whole address under a name, their own or their team's, and back for ten minutes."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts import saved
from accounts.models import Change, User
from accounts.record import UNDO_WINDOW
from events.models import SavedSearch
from soc.web import clock
from tests.people import NOON, People, htmx, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["people"]
EQL = "lang=eql&q=process+where+true&in=alerts&from=now-7d&cols=host.name"


def save(client: Client, name: str = "Shells", query: str = EQL, **more: str) -> SavedSearch:
    answer = client.post(reverse("events:saved_save"), {"name": name, "from": query, **more})
    assert answer.status_code == 303, answer.content
    return SavedSearch.objects.get(name=name)


def menu(client: Client, query: str = "") -> str:
    page = client.get(f"/search/?{query}").content.decode()
    return unescape(page[page.index('id="saved-searches"') : page.index('id="recent"')])


@pytest.mark.parametrize(
    "query",
    [EQL, "q=host.name%3A+%22db-1%22", "lang=esql&q=FROM+logs-%2A%0A%7C+LIMIT+5&from=now-1h&values=any"],
    ids=["EQL", "KQL", "ES|QL"],
)
def test_everything_that_the_address_holds_is_kept_and_nothing_of_the_moment(people: People, query: str):
    row = save(sign_in(people.ana), query=f"after=x&run=y&typed=1&saved=9&part=rows&{query}")
    assert parse_qs(row.query) == parse_qs(query)
    opened = menu(sign_in(people.ana), row.address)
    assert "Delete search" in opened
    assert "with what is asked now" not in opened, "what was saved is not taken for changed when it is opened"
    assert f'href="/search/?{row.address}" aria-current="page"' in opened


def test_a_search_whose_query_moved_on_takes_it_over(people: People):
    ana = sign_in(people.ana)
    row = save(ana, query="q=sh")
    assert "with what is asked now" in menu(ana, f"q=bash&saved={row.pk}")
    told = {"name": "Bash", "from": "q=bash", "filters": "1"}
    assert ana.post(reverse("events:saved_change", args=[row.pk]), told).status_code == 303
    row.refresh_from_db()
    assert (row.name, row.query, row.version) == ("Bash", "q=bash", 2)
    change = Change.objects.get(object_type="saved_search", verb="change")
    assert (change.before["name"], change.after["query"]) == ("Shells", "q=bash")


def test_a_deleted_search_is_in_reach_for_ten_minutes_without_its_toast(people: People, monkeypatch):
    ana = sign_in(people.ana)
    row = save(ana)
    ana.post(reverse("events:saved_delete", args=[row.pk]), {"from": EQL})
    ana.get("/search/")  # the toast is gone with this page
    bring_back = re.search(r'Shells</span><form [^>]*action="(/search/saved/[^"]+)">.*?Bring back', menu(ana))
    assert bring_back
    assert "Bring back" not in menu(sign_in(people.rosa))
    assert ana.post(bring_back[1]).status_code == 303
    assert SavedSearch.objects.get() == row
    assert "Bring back" not in menu(ana)
    ana.post(reverse("events:saved_delete", args=[row.pk]), {"from": EQL})
    assert "Bring back" in menu(ana)
    later = clock.now() + UNDO_WINDOW + timedelta(seconds=1)
    monkeypatch.setattr("soc.web.clock.now", lambda: later)
    assert "Bring back" not in menu(ana)


def test_a_shared_search_is_in_the_menus_of_the_team_and_only_its_owners_to_change(people: People):
    row = save(sign_in(people.ana), share=str(people.core.pk))
    rosa = sign_in(people.rosa)
    shown = menu(rosa, row.address)
    assert "shared by Ana" in shown
    assert "Delete search" not in shown
    assert "Shells" not in menu(sign_in(people.otto))
    assert rosa.post(reverse("events:saved_delete", args=[row.pk])).status_code == 404
    assert rosa.post(reverse("events:saved_change", args=[row.pk]), {"name": "x"}).status_code == 404


def test_nothing_is_shared_with_a_team_that_one_is_not_in(people: People):
    assert save(sign_in(people.ana), share=str(people.retail.pk)).team is None


def test_a_deleted_search_comes_back_from_its_toast(people: People):
    ana = sign_in(people.ana)
    row = save(ana)
    gone = ana.post(reverse("events:saved_delete", args=[row.pk]), {"from": "q=sh"})
    assert gone["Location"] == "/search/?q=sh"
    undo = re.search(r'action="(/search/saved/restore/[^"]+)"', ana.get(gone["Location"]).content.decode())
    assert undo
    assert sign_in(people.rosa).post(undo[1]).status_code == 303
    assert not SavedSearch.objects.exists(), "somebody else's deletion is not for everybody to take back"
    assert urlsplit(ana.post(undo[1])["Location"]).query == row.address
    assert SavedSearch.objects.get(pk=row.pk).query == row.query


@pytest.mark.parametrize("name", ["", " \u200b ", "shells", "x" * 61])
def test_a_search_needs_a_name_of_its_own(people: People, name: str):
    ana = sign_in(people.ana)
    save(ana)
    answer = ana.post(reverse("events:saved_save"), {"name": name, "from": "q=sh"}, follow=True)
    assert re.search("a search called|Give the search a name|60 are kept", answer.content.decode())
    assert SavedSearch.objects.count() == 1


def test_there_is_an_end_to_how_many_and_how_long(people: People):
    ana = sign_in(people.ana)
    for number in range(saved.MOST):
        save(ana, f"Number {number}", "q=x")
    full = ana.post(reverse("events:saved_save"), {"name": "One more", "from": ""}, follow=True)
    assert "20 saved searches" in full.content.decode()
    SavedSearch.objects.all().delete()
    ana.post(reverse("events:saved_save"), {"name": "Long", "from": "q=" + "x" * saved.MOST_QUERY})
    assert not SavedSearch.objects.exists()


def test_a_search_that_is_sent_again_shows_the_menu_as_it_is_now(people: People):
    ana = sign_in(people.ana)
    row = save(ana, query="q=sh")
    part = htmx(ana).get(f"/search/?q=bash&saved={row.pk}").content.decode()
    assert 'id="saved-searches" hx-swap-oob="true"' in part
    assert "Changed" in part


def test_ones_own_are_shown_first_however_many_the_teams_share(people: People):
    def keep(owner: User, number: int, position: int) -> None:
        name = f"{owner}'s {number}"
        SavedSearch.objects.create(owner=owner, team=people.core, name=name, position=position, created_at=NOON)

    for number in range(5 * saved.MOST_SHOWN + 1):
        keep(people.rosa, number, 0)
    for number in range(3):
        keep(people.ana, number, 18 - number)
    shown = saved.seen(SavedSearch, people.ana, [people.core.pk])
    assert [row.name for row in shown[:3]] == ["Ana's 2", "Ana's 1", "Ana's 0"]
    assert len(shown) == saved.MOST_SHOWN
