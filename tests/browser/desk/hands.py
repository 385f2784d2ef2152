"""What one does at the desk: look where the cursor is, press keys, and let the worker work."""

from uuid import uuid4

from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

from accounts.models import User
from alerts.bulk_work import work_portion
from soc.web import clock
from tests.browser.conftest import Visitor

DOUBLE = """() => { const ids = [...document.querySelectorAll("#rows > tr[data-row]")].map((one) => one.id);
    return ids.filter((one, at) => ids.indexOf(one) !== at); }"""


def at(page: Page) -> str:
    """The number of the alert under the cursor."""
    return str(page.locator("tr.cursor").get_attribute("data-id"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def work() -> None:
    while work_portion(now=clock.now(), worker=uuid4()):
        pass


def sign_in_elsewhere(visitor: Visitor, person: User) -> None:
    """As in another tab."""
    visitor.settle()  # an answer to the session that ended would take the new cookie away
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    visitor.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": visitor.base}])
