"""A real Chromium against a real server.

Without a Chromium the tests are skipped with a sentence that says how to get one; where `CI` is set they fail instead,
because there they must run.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.alerts.pages import world as worlds
from tests.alerts.pages.world import World

HOW = (
    "No Chromium here. Install one (apt install chromium-headless-shell, or chromium) or name one in "
    "CHROMIUM=/path/to/chromium, then run again."
)
# The first is Chromium without windows: a whole Chromium builds its window and its bar even when nobody is to see them,
# which makes a person's browser five times as dear (0.9 instead of 0.18 s of a core) and each page three times.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without windows letters would be fitted to whole pixels, which makes lines wider than people see them.
FLAGS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
expect.set_options(timeout=20_000)  # what is right is seen at once; a machine that has much else to do is waited for
CUT_OFF = ("htmx:sendAbort", "htmx:afterRequest, ")  # what htmx says where leaving a page cuts a request off


def find_chromium() -> str | None:
    """The browser to drive: the one named by CHROMIUM, else the system's."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Playwright's loop runs in this thread, and Django would refuse the database because of it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests."""
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def _plain_static_names(settings: Settings) -> None:
    """The live server finds static files in the checkout, where they have no hash in their names."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def world(transactional_db: None) -> World:
    """People, keys and rules in a database that the server's thread sees."""
    return worlds.build()


class Visitor:
    """One person's browser, which remembers what the page complained about."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self.base = base
        self.complaints: list[str] = []
        self.judged: set[str] = set()  # the looks of texts that axe had nothing against
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._asked = 0
        self.page.on("request", lambda _: self._count(1))
        self.page.on("requestfinished", lambda _: self._count(-1))
        self.page.on("requestfailed", lambda _: self._count(-1))

    def _count(self, by: int) -> None:
        self._asked += by

    def settle(self) -> None:
        """Wait a moment for what the page still asks for: the database is emptied next."""
        for _ in range(400):
            if self._asked <= 0 or self.page.is_closed():
                return
            self.page.wait_for_timeout(20)

    def _heard(self, kind: str, text: str) -> None:
        if text.startswith(CUT_OFF):
            return
        if kind == "error" or "Content Security Policy" in text:
            self.complaints.append(text)

    def open(self, address: str) -> Page:
        """Go to an address of the server."""
        self.page.goto(self.base + address)
        return self.page


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer, world: World) -> Iterator["Visit"]:
    """`visit("ana")`, `visit("ana", phone=True)`, `visit("ana", scripts=False)`: signed in, save with "" for a name."""
    opened = Visit(chromium, live_server.url, world)
    yield opened
    opened.close()


class Visit:
    """Opens browsers of people, signed in."""

    def __init__(self, chromium: Browser, base: str, world: World) -> None:
        self._chromium, self._base, self._world = chromium, base, world
        self._contexts: list[BrowserContext] = []
        self._visitors: list[Visitor] = []

    def __call__(self, name: str, *, phone: bool = False, dark: bool = False, scripts: bool = True) -> Visitor:
        context = self._chromium.new_context(
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            has_touch=phone,
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        context.set_default_navigation_timeout(30_000)  # the first page compiles every template
        if name:
            context.add_cookies([self._session(name)])  # type: ignore[list-item]
        self._contexts.append(context)
        self._visitors.append(Visitor(context, self._base))
        return self._visitors[-1]

    def close(self) -> None:
        """Close every browser that was opened."""
        for visitor in self._visitors:
            visitor.settle()
        for context in self._contexts:
            context.close()

    def _session(self, name: str) -> dict[str, str]:
        from django.test import Client

        client = Client()
        client.force_login(self._world.people[name], backend="django.contrib.auth.backends.ModelBackend")
        return {
            "name": django_settings.SESSION_COOKIE_NAME,
            "value": client.cookies[django_settings.SESSION_COOKIE_NAME].value,
            "url": self._base,
        }
