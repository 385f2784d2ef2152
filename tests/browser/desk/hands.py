"""What one does at the desk: look where the cursor is, press keys, and let the worker work."""

from uuid import uuid4

from playwright.sync_api import Page

from alerts.bulk_work import work_portion
from soc.web import clock

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
