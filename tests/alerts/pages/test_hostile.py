"""Events are written by attackers: what they write is shown, never obeyed."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from alerts.exceptions.entries import match_entry
from rules.exceptions import create_item
from rules.models import Rule
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import PERL, World

SCRIPT = "<script>alert(1)</script>"
HOSTILE = {
    "script": SCRIPT,
    "markup": "<img src=x onerror=alert(1)> <b>bold</b>",
    "attribute": '" onmouseover="alert(1)" x="',
    "template": "{{ 7|add:7 }} {% csrf_token %}",
    "bidi": "invoice\u202egpj.exe",
    "control": "name\x1b[2Jtail",
    "zero width": "pay\u200bpal",
    "marks": "\ue000forged\ue001",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_shown_and_not_obeyed(ana: Client, world: World, text: str) -> None:
    event = world.perl(
        host__name=text,
        user__name=text,
        process__command_line=text,
        process__parent__name=text,
        process__args=["perl", 'exec "/bin/sh";', text],
    )
    alert = world.send([event])[0]
    pages = [
        reverse("alerts:queue"),
        *(f"{reverse('alerts:groups')}?by={by}" for by in ("rule", "host", "user")),
        *(
            f"{reverse('alerts:detail', args=[alert.pk])}?{state}"
            for state in ("", "facts=all", "facts=raw", "side=exception", "side=related", "side=activity")
        ),
    ]
    for address in pages:
        page = without_exact_values(ana.get(address).content.decode())
        assert SCRIPT not in page
        assert "<img src=x" not in page
        assert '" onmouseover="alert' not in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert "<mark><bdi>forged" not in page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_name_of_an_exception_is_drawn_wherever_it_is_told(sign_in: SignIn, world: World, text: str) -> None:
    item = create_item(
        rule=Rule.objects.get(pk=PERL), entries=[match_entry("user.name", text)], reason=text, name=text,
        actor=world.rosa, now=world.now,
    )  # fmt: skip
    reader = sign_in("rosa")
    for address in (reverse("alerts:exceptions"), reverse("alerts:exception_edit", args=[item.pk])):
        page = re.sub(r'value="[^"]*"', "", without_exact_values(reader.get(address).content.decode()))
        assert SCRIPT not in page
        assert "\u202e" not in page
        assert "\u200b" not in page


def without_exact_values(page: str) -> str:
    """The page without the two places that must hold a value as it is: to be copied, and to be compared."""
    return re.sub(r'data-copy="[^"]*"|(?<=>)[^<]*(?=</textarea>)', "", page)


def test_a_very_long_value_is_folded_in_the_page(ana: Client, world: World) -> None:
    alert = world.send([world.perl(process__command_line="x" * 50_000)])[0]
    page = ana.get(reverse("alerts:detail", args=[alert.pk])).content.decode()
    assert "x" * 5_000 not in page


def test_hostile_words_in_the_address_are_escaped(ana: Client, world: World) -> None:
    world.send([world.perl()])
    for key in ("q", "host", "user", "technique", "tag", "view", "rule", "assignee", "time", "sort"):
        page = ana.get(reverse("alerts:queue"), {key: SCRIPT}).content.decode()
        assert SCRIPT not in page


def test_a_hostile_comment_is_text(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    ana.post(reverse("alerts:comment", args=[alert.pk]), {"text": SCRIPT})
    page = ana.get(reverse("alerts:detail", args=[alert.pk]), {"side": "activity"}).content.decode()
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
