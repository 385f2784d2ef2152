"""The same lives in Chromium, by mouse and keyboard, under the strict content security policy."""

import os
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from soc.demo.ecs import Document
from tests.browser.conftest import FLAGS, HOW, find_chromium
from tests.flows.agent import story

pytestmark = [pytest.mark.flow, pytest.mark.browser]

PERL = "Interactive Terminal Spawned via Perl"
SYSTEM_USER = "Unusual Interactive Shell Launched from System User"


@pytest.fixture(scope="module", autouse=True)
def history(agent):
    agent.has_a_year_of_history()


COMPLAINTS: list[str] = []


def _heard(said) -> None:
    if said.type == "error":
        COMPLAINTS.append(said.text)


@pytest.fixture(scope="module")
def page(sign_in_link):
    """A signed-in page that remembers what the browser complained about."""
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("console", _heard)
        page.goto(sign_in_link)
        button = page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE))
        if button.count():
            button.first.click()
        yield page
        browser.close()


def _open_alert(page, system, name: str) -> None:
    page.goto(f"{system.url}/alerts/")
    page.get_by_role("link", name=name).first.click()
    page.wait_for_url(re.compile(r"/alerts/\d+/"))


def _save_suggested(page, why: str) -> None:
    page.keyboard.press("x")
    page.wait_for_selector("#exception-form")
    _save(page, why)


def _save(page, why: str) -> None:
    page.get_by_label("Why is this safe?").fill(why)
    page.wait_for_selector("#preview >> text=/Silences \\d+ of \\d+ alert/")
    page.get_by_role("button", name=re.compile("^Add exception")).click()
    page.wait_for_selector("text=/Exception added/")


def test_an_analyst_silences_the_backup_console(system, agent, page):
    agent.tell("perl terminal of the backup console")
    _open_alert(page, system, PERL)
    assert page.get_by_role("heading", name="Why it fired").is_visible()
    assert page.locator("text=/vaultkeep/").first.is_visible()
    _save_suggested(page, "The backup console opens its shell so.")
    before = agent.alerts_of(PERL)
    agent.tell("perl terminal of the backup console", seed=2)
    assert agent.alerts_of(PERL) == before
    agent.tell("perl terminal after a web shell")
    assert len(agent.alerts_of(PERL)) == len(before) + 1
    assert COMPLAINTS == []


def _keep_only(page, field: str) -> None:
    """Take away every suggested condition but the one on this field, each by its button."""
    names = page.locator("#exception-form input[name=field]")
    while others := [name for name in (one.input_value() for one in names.all()) if name != field]:
        left = names.count() - 1
        page.get_by_role("button", name=f"Remove the condition on {others[0]}", exact=True).click()
        expect(names).to_have_count(left)
    assert [one.input_value() for one in names.all()] == [field]


def _restore_test_with(program: str, user: str) -> list[Document]:
    """The restore test, by way of another program and another account."""
    [told] = story("restore test as backup")
    process, event = told["process"], told["event"]
    assert isinstance(process, dict)
    assert isinstance(event, dict)
    number = f"{program} as {user}"
    return [
        told
        | {"_id": number, "event": event | {"id": number}, "user": {"name": user}}
        | {"process": process | {"name": program, "executable": f"/usr/bin/{program}", "command_line": program}}
    ]


def test_the_same_for_a_new_terms_rule(system, agent, page):
    agent.tell("restore test as backup")
    _open_alert(page, system, SYSTEM_USER)
    assert page.locator("text=/rbash/").first.is_visible()
    page.keyboard.press("x")
    page.wait_for_selector("#exception-form")
    _keep_only(page, "user.name")
    assert page.get_by_label("Value of condition 1").input_value() == "backup"
    _save(page, "Restore tests are ours.")
    before = agent.alerts_of(SYSTEM_USER)
    for user, count in (("backup", 0), ("games", 1)):
        agent.post(_restore_test_with("ksh93", user))
        agent.wait_until_judged()
        assert len(agent.alerts_of(SYSTEM_USER)) == len(before) + count, f"a program never seen before, as {user}"
    assert COMPLAINTS == []
