"""A day of the people Watchbill is for, each in Chromium with a session of their own, under the strict policy."""

import hashlib
import hmac
import os
import re
import struct
import time
from base64 import b32decode

import httpx
import psycopg
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, HOW, find_chromium
from tests.flows.persons import PASSWORD, Person

pytestmark = [pytest.mark.flow, pytest.mark.browser]

WEB_SHELL = "web shell"
NOT_FROM_US = ("status of 409", "status of 401", "status of 422")  # the browser names every answer that is no success


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def ana(browser, system):
    return Person.made(browser, system, "ana", "analyst")


@pytest.fixture(scope="module")
def ben(browser, system):
    return Person.made(browser, system, "ben", "analyst")


@pytest.fixture(scope="module")
def mona(browser, system):
    return Person.made(browser, system, "mona", "manager")


@pytest.fixture(scope="module")
def adam(browser, system, sign_in_link):
    person = Person(browser, system, "admin")
    person.page.goto(sign_in_link)
    person.page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).first.click()
    return person


def _tell_sql(system, statement: str, *values: object) -> None:
    with psycopg.connect(system.database_url) as connection:
        connection.execute(statement.encode(), values)


def _complaints(*people: Person) -> list[str]:
    heard = [text for person in people for text in person.complaints]
    return [text for text in heard if not any(words in text for words in NOT_FROM_US)]


def test_an_analyst_takes_alerts_into_a_case_and_closes_it(system, agent, ana, mona):
    agent.tell(WEB_SHELL)
    page = ana.open("/alerts/")
    numbers = [row[0] for row in agent.ask("SELECT id FROM alerts_alert WHERE status = 'open' ORDER BY id")]
    assert numbers
    for number in numbers:
        page.locator(f"input[type=checkbox][value^='{number}:']").check()
    page.locator("form details[data-menu=case] summary").first.click()
    page.get_by_role("button", name=re.compile("new case", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile(r"/cases/new/"))
    page.get_by_label("Title").fill("Web shell on the shop")
    page.locator("input[name=step]").first.check()
    page.get_by_role("button", name=re.compile("^Open the case")).click()
    page.wait_for_url(re.compile(r"/cases/\d+/"))
    case = int(page.url.split("/")[4])

    page.locator("#up").fill("The upload came before the shell. @mona wants to know.")
    page.get_by_role("button", name=re.compile("^Post")).click()
    expect(page.locator("#timeline")).to_contain_text("The upload came before the shell")
    page.locator("#tasks").get_by_role("button", name=re.compile("done|tick", re.IGNORECASE)).first.click()
    expect(page.locator("#tasks")).to_contain_text("1 of 1 done")

    page.goto(f"{system.url}/cases/{case}/close/")
    page.get_by_label("True positive").check()
    page.locator("textarea[name=note]").fill("An upload form without a check. Closed with the patch.")
    page.get_by_role("button", name=re.compile("^Close the case")).click()
    page.wait_for_url(re.compile(rf"/cases/{case}/$"))
    closed = agent.ask("SELECT status, reason FROM alerts_alert WHERE id = ANY(%s)", numbers)
    assert set(closed) == {("closed", "true_positive")}

    page = mona.open("/notices/")
    page.get_by_role("button", name=re.compile("mentioned you", re.IGNORECASE)).or_(
        page.get_by_role("link", name=re.compile("mentioned you", re.IGNORECASE))
    ).first.click()
    page.wait_for_url(re.compile(rf"/cases/{case}/"))
    report = page.request.get(f"{system.url}/cases/{case}/report/")
    assert report.ok
    assert "Web shell on the shop" in report.text()
    assert _complaints(ana, mona) == []


def test_two_analysts_on_the_same_alert(system, agent, ana, ben):
    agent.tell("perl terminal after a web shell", seed=5)
    [number] = [row[0] for row in agent.ask("SELECT max(id) FROM alerts_alert WHERE status = 'open'")]
    first, second = ana.open(f"/alerts/{number}/"), ben.open(f"/alerts/{number}/")
    first.keyboard.press("c")
    first.keyboard.press("f")
    expect(first.locator("[data-toast]")).to_contain_text(re.compile("closed", re.IGNORECASE))
    assert agent.ask("SELECT status FROM alerts_alert WHERE id = %s", number) == [("closed",)]

    second.keyboard.press("a")
    expect(second.locator("body")).to_contain_text(re.compile(r"ana closed", re.IGNORECASE))
    assert agent.ask("SELECT status, reason FROM alerts_alert WHERE id = %s", number) == [("closed", "false_positive")]
    assert _complaints(ana, ben) == []


def test_a_manager_finds_what_is_late_and_why(system, agent, ana, mona):
    agent.tell("perl terminal of the backup console", seed=9)
    [number] = [row[0] for row in agent.ask("SELECT max(id) FROM alerts_alert WHERE status = 'open'")]
    aged = "UPDATE alerts_alert SET created_at = created_at - interval '4 days' WHERE id = %s"
    _tell_sql(system, aged, number)

    page = mona.open("/overview/")
    expect(page.locator("h1 ~ *, .headline").first).to_be_visible()
    late = page.get_by_role("link", name=re.compile("past|waited|target", re.IGNORECASE)).first
    late.click()
    page.wait_for_url(re.compile(r"/alerts/\?"))
    page.locator(f"a[href*='/alerts/{number}/']").first.click()
    page.wait_for_url(re.compile(rf"/alerts/{number}/"))
    told = re.compile(r"past its target by \d+ d( \d+ h)? \(\w+: [\d dhm]+\), nobody owns it")
    expect(page.locator("#alert-head")).to_contain_text(told)

    page = mona.open("/overview/")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("csv", re.IGNORECASE)).first.click()
    assert "past" in download.value.path().read_text()
    assert _complaints(mona) == []


def _code(secret: str) -> str:
    """The six digits that an authenticator app shows now (RFC 6238)."""
    digest = hmac.new(b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _next_code(secret: str, used: str) -> str:
    """The first code after one that was used: each lets in once."""
    while (code := _code(secret)) == used:
        time.sleep(0.5)
    return code


def test_an_administrator_invites_protects_and_revokes(system, browser, agent, adam):
    page = adam.open("/settings/users/new/")
    page.get_by_label("Name to sign in with").fill("otto")
    page.get_by_label("Role").select_option("analyst")
    page.get_by_role("button", name="Make the account").click()
    otto = Person(browser, system, "otto")
    otto.page.goto(page.locator("#sign-in-link").inner_text())
    otto.page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).first.click()
    otto.choose_password()

    page = otto.open("/settings/security/")
    page.get_by_role("link", name=re.compile("authenticator", re.IGNORECASE)).first.click()
    expect(page.locator("#totp-secret, input[type=password]").first).to_be_visible()
    if page.locator("input[type=password]").count():  # the link was no proof of a password
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("main form button[type=submit]").first.click()
    secret = page.locator("#totp-secret").inner_text().replace(" ", "")
    used = _code(secret)
    page.locator("input[name=code]").fill(used)
    page.get_by_role("button", name="Take it into use").click()
    expect(page.locator("main")).to_contain_text(re.compile("recovery codes", re.IGNORECASE))
    otto.context.clear_cookies()
    otto.sign_in(PASSWORD)
    otto.page.locator("input[name=code]").first.fill(_next_code(secret, used))
    otto.page.locator("main form:has(input[name=code]) button[type=submit]").first.click()
    otto.page.wait_for_url(re.compile("/alerts/"))

    page = adam.open("/settings/users/")
    page.get_by_role("link", name=re.compile("otto", re.IGNORECASE)).first.click()
    page.get_by_role("button", name=re.compile("deactivate", re.IGNORECASE)).first.click()
    otto.open("/alerts/")
    otto.page.wait_for_url(re.compile("/login/"))

    page = adam.open("/settings/keys/")
    page.get_by_role("link", name=re.compile("revoke", re.IGNORECASE)).first.click()
    page.locator("main form input[type=text], main form input:not([type])").first.fill("flow")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/settings/keys/$"))
    headers = {"Authorization": f"ApiKey {agent.presented_key}"}
    assert httpx.post(f"{system.url}/api/v1/events", json=[{}], headers=headers).status_code in (401, 403)

    page = adam.open("/settings/audit/")
    expect(page.locator("main")).to_contain_text(re.compile("otto", re.IGNORECASE))
    assert _complaints(adam) == []
