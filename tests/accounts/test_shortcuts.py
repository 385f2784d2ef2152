"""Keys that a person replaces: which may stand for which, what pages say then, and the way back."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template

from accounts import shortcuts
from accounts.models import Change, User
from accounts.shortcuts import KEYS, KeysRefused, checked, own_key, pairs_of
from soc.web import clock
from tests.people import People, sign_in

NUMBERS = {key: f"key-{number}" for number, key in enumerate(KEYS)}


def test_what_is_as_usual_is_not_kept() -> None:
    assert checked({}) == {}
    assert checked(dict(zip(KEYS, KEYS, strict=True))) == {}
    assert checked({"j": "", "k": " L ", "[": "ö", "/": "#"}) == {"k": "l", "[": "ö", "/": "#"}


def test_two_keys_may_change_places() -> None:
    assert checked({"j": "k", "k": "j"}) == {"j": "k", "k": "j"}


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"j": "k"}, {"j", "k"}),
        ({"j": "q", "k": "q"}, {"j", "k"}),
        ({"j": "qq"}, {"j"}),
        ({"j": "#"}, {"j"}),
        ({"j": "7"}, {"j"}),
        ({"[": "7"}, {"["}),
        ({"[": "\u202e"}, {"["}),
        ({"j": "ß"}, {"j"}),
        ({"j": "\U0001d4aa"}, {"j"}),
        ({"/": "<>"}, {"/"}),
    ],
)
def test_what_cannot_be_is_told_at_its_key(keys: dict[str, str], wrong: set[str]) -> None:
    with pytest.raises(KeysRefused) as refused:
        checked(keys)
    assert set(refused.value.problems) == wrong


@pytest.mark.django_db
class TestPages:
    def test_they_are_saved_recorded_and_read_by_pages(self, people: People) -> None:
        client = sign_in(people.ana)
        assert b"data-keymap" not in client.get("/settings/you/").content
        posted = {NUMBERS["j"]: "l", NUMBERS["["]: "<", "key-999": "x"}
        assert client.post("/settings/you/shortcuts/", posted)["Location"] == "/settings/you/#shortcuts"
        people.ana.refresh_from_db()
        assert people.ana.keymap == {"j": "l", "[": "<"}
        page = client.get("/settings/you/").content.decode()
        assert 'data-keymap="[&lt;jl"' in page
        assert "<dt>Next, previous alert</dt><dd><kbd>l</kbd><kbd>k</kbd></dd>" in page
        assert "<kbd>L</kbd><kbd>K</kbd>" in page
        assert Change.objects.get(verb="change_settings").after == {"keymap": {"j": "l", "[": "<"}}

    def test_what_cannot_be_is_shown_beside_its_key_and_nothing_is_saved(self, people: People) -> None:
        answer = sign_in(people.ana).post("/settings/you/shortcuts/", {NUMBERS["j"]: "k"})
        assert answer.status_code == 422
        assert "k is already: previous alert" in answer.content.decode()
        assert 'own-keys only-desk-block" open' in answer.content.decode()
        people.ana.refresh_from_db()
        assert people.ana.keymap == {}

    def test_all_become_as_usual_again(self, people: People) -> None:
        shortcuts.save_keys(user=people.ana, keys={"j": "l"}, now=clock.now())
        sign_in(people.ana).post("/settings/you/shortcuts/", {NUMBERS["k"]: "i", "reset": "1"})
        people.ana.refresh_from_db()
        assert people.ana.keymap == {}

    def test_a_key_of_an_older_version_is_passed_over(self, people: People) -> None:
        people.ana.keymap = {"~": "q", "j": "l"}
        assert (pairs_of(people.ana), own_key(people.ana, "J"), own_key(people.ana, "k")) == ("jl", "L", "k")

    def test_hostile_keys_are_only_shown(self, people: People) -> None:
        answer = sign_in(people.ana).post("/settings/you/shortcuts/", {NUMBERS["j"]: '"><script>alert(1)</script>'})
        assert answer.status_code == 422
        assert b"<script>alert" not in answer.content


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "Open (o)"),
        ({"keymap": {"o": "ö"}}, "Open (ö)"),
        ({"keymap": {"o": "ö"}, "alt_shortcuts": True}, "Open (Alt+ö)"),
        ({"single_key_shortcuts": False, "keymap": {"o": "ö"}}, "Open"),
        ({"keymap": {"o": "<"}}, "Open (&lt;)"),
    ],
)
def test_a_hint_names_the_persons_own_key_and_none_while_keys_are_off(settings: dict[str, Any], told: str) -> None:
    request = SimpleNamespace(user=User(**settings))
    template = Template("{% load shortcut_keys %}{% with_key 'Open' 'o' %}")
    assert template.render(Context({"request": request})) == told


def test_no_template_names_a_key_in_a_title_by_itself() -> None:
    named = re.compile(r"title=\"[^\"]*\((?:[a-z.?/]|Alt[^)]*)\)\"")
    found = [str(one) for one in Path("templates").rglob("*.html") if named.search(one.read_text(encoding="utf-8"))]
    assert found == []
