"""What attackers and careless people write into cases is shown, and does nothing."""

import time

import pytest
from django.test import Client

from alerts.models import Alert
from cases import changing, closing, opening, todo, writing
from cases.models import Case
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import by

SCRIPT = "<script>alert(1)</script>"
BIDI = "good\u202etxt.exe\u200b"
TEXTS = [SCRIPT, BIDI, '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% now %}", "`</code></p>", "=cmd|' /C calc'!A0"]
ADDRESSES = (
    "/cases/",
    "/cases/?show=board",
    "{case}",
    "{case}edit/",
    "{case}close/",
    "{case}alerts/",
    "{case}report/?show=1",
)


@pytest.fixture(params=range(len(TEXTS)))
def hostile(world: World, request: pytest.FixtureRequest) -> tuple[Case, str]:
    """A case in which everything that can be written is hostile, hosts and users of its alerts included."""
    text = TEXTS[request.param]
    alerts: list[Alert] = world.send([world.perl(1, host__name=text, user__name=text), world.perl(2)])
    case = opening.open_case(
        title=f"t {text}", severity=3, team=world.team, alert_ids=[alerts[0].pk], summary=text, tags=[text[:60]],
        next_step=text, owner=world.ana, **by(world),
    )  # fmt: skip
    todo.add_task(case_id=case.pk, text=text, **by(world))
    writing.write(case_id=case.pk, text=text, kind="note", **by(world))
    link = f"[AL-{alerts[0].pk}](javascript:alert(1)) ![x](http://evil.example/x) {text}"
    writing.write(case_id=case.pk, text=link, **by(world))
    held = {"status": "on_hold", "hold_reason": text}
    changing.change(case_id=case.pk, version=None, changes=held, note=text, **by(world))
    return case, text


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_does_what_a_text_says(ana: Client, hostile: tuple[Case, str], address: str) -> None:
    case, _ = hostile
    text = ana.get(address.format(case=f"/cases/{case.pk}/")).content.decode()
    for done in ("<script>alert", "<img", 'href="javascript:', "t 49"):
        assert done not in text, done


def test_invisible_characters_are_drawn_in_titles_tasks_and_hosts(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1, host__name=BIDI, user__name=BIDI)])[0]
    case = opening.open_case(title=BIDI, severity=2, team=world.team, alert_ids=[alert.pk], next_step=BIDI, **by(world))
    todo.add_task(case_id=case.pk, text=BIDI, **by(world))
    text = ana.get(f"/cases/{case.pk}/").content.decode()
    outside_of_values = text.replace(f'value="{BIDI}"', "").replace(f">{BIDI}</textarea>", "")
    assert '<span class="sign">⟨U+202E⟩</span>' in text
    assert "\u202e" not in outside_of_values
    assert "\u202e" not in ana.get("/cases/").content.decode()


def test_a_link_in_a_comment_leaves_without_a_referrer_and_an_image_is_not_loaded(ana: Client, case: Case) -> None:
    text = '[a](https://evil.example/ "x>y AL-1") ![b](https://evil.example/p.png) <iframe src="//evil.example">'
    ana.post(f"/cases/{case.pk}/entries/", {"text": text})
    shown = ana.get(f"/cases/{case.pk}/").content.decode()
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert "<img" not in shown
    assert "<iframe" not in shown
    assert 'y AL-1"' in shown  # a number in an attribute stays what it was


def test_a_refused_form_gives_back_what_was_typed_as_text(ana: Client, case: Case) -> None:
    answer = ana.post(f"/cases/{case.pk}/tasks/", {"text": "x" * 501 + SCRIPT})
    assert answer.status_code == 422
    assert SCRIPT not in answer.content.decode()
    stale = ana.post(f"/cases/{case.pk}/step/", {"version": 99, "next_step": SCRIPT})
    assert stale.status_code == 409
    assert SCRIPT not in stale.content.decode()


def test_a_closing_note_is_markdown_made_safe(ana: Client, world: World, case: Case) -> None:
    closing.close(case_id=case.pk, version=None, outcome="true_positive", note=f"**b** {SCRIPT}", **by(world))
    text = ana.get(f"/cases/{case.pk}/").content.decode()
    assert "<strong>b</strong>" in text
    assert SCRIPT not in text


def test_many_long_texts_do_not_hold_the_page_up(ana: Client, world: World, case: Case) -> None:
    worst = "*a_ " * 4_900
    for _ in range(12):
        writing.write(case_id=case.pk, text=worst, **by(world))
    started = time.monotonic()
    text = ana.get(f"/cases/{case.pk}/").content.decode()
    assert time.monotonic() - started < 8
    assert text.count('<p class="note">') >= 8
