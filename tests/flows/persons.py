"""People with browsers of their own at a running system."""

import re

from playwright.sync_api import Browser, Page

from tests.live_system import LiveSystem

PASSWORD = "quiet-harbour-at-seven"


class Person:
    """Somebody with a browser; `complaints` is what its console said went wrong."""

    def __init__(self, browser: Browser, system: LiveSystem, name: str) -> None:
        self.system, self.name = system, name
        self.context = browser.new_context(viewport={"width": 1440, "height": 900})
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    @classmethod
    def made(cls, browser: Browser, system: LiveSystem, name: str, role: str, *more: str) -> "Person":
        """A new person of this role, who signs in with the password that was printed and chooses another."""
        said = system.manage("create_user", name, "--role", role, *more)
        person = cls(browser, system, name)
        person.sign_in(said.split()[-1])
        person.choose_password(said.split()[-1])
        return person

    def open(self, path: str) -> Page:
        """A page of the system."""
        self.page.goto(f"{self.system.url}{path}")
        return self.page

    def sign_in(self, password: str = PASSWORD) -> None:
        """By name and password."""
        self.open("/login/")
        self.page.get_by_label("Name or e-mail").fill(self.name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def choose_password(self, old: str = "") -> None:
        """Where a generated password, or none, must be replaced first."""
        self.page.wait_for_url(re.compile("/settings/password/"))
        fields = self.page.locator("input[type=password]")
        values = [old, PASSWORD, PASSWORD][-fields.count() :]
        for number, value in enumerate(values):
            fields.nth(number).fill(value)
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_url(re.compile("/settings/you/|/alerts/"))

    def close(self) -> None:
        self.context.close()
