"""The desk in Chromium, from a key to the paint, against the server on the same cores."""

import argparse
import os
import shutil
from collections.abc import Sequence
from functools import partial
from typing import Any

from bench.desk_figures import KEYS, Asked, least_disturbed, tell
from bench.results import conditions

# From the time stamp of a key until the frame after the one in which what it asks for had been done: the cursor stands
# on another row, or the row that was closed has left. A key that had to wait for something counts with its wait.
_STAMP = """() => {
    window.painted = [];
    addEventListener("keydown", ({ key, timeStamp }) => {
        const row = document.querySelector("[data-row].cursor:not([hidden])");
        const left = () => document.getElementById(row.id)?.hidden ?? true;
        const moved = () => !row.classList.contains("cursor");
        const done = { c: () => true, b: left, j: moved }[key];
        const drawn = () => window.painted.push([key, performance.now() - timeStamp]);
        const look = () => requestAnimationFrame(done() ? drawn : look);
        requestAnimationFrame(look);
    }, true);
}"""


def painted(given: argparse.Namespace, base: str) -> None:
    """Move the cursor, and close one alert after the other."""
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("desk: no Chromium, so nothing from key to paint")
        return
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.context.add_cookies([_session(base)])  # type: ignore[list-item]
        before = conditions()
        for name, keys in (("cursor move, key to paint", ["j"]), ("close, key to paint", ["c", "b"])):
            asked = Asked(name, 100, lambda _: None, "in Chromium, drawn by the processor")
            tell(asked, least_disturbed(partial(_painted, page, base, keys)), given, before)
        browser.close()


def _painted(page: Any, base: str, keys: Sequence[str]) -> list[float]:
    """From the last of the keys to the paint, again and again, at the pace of a quick analyst."""
    page.goto(f"{base}/alerts/")
    page.evaluate(_STAMP)
    for _ in range(KEYS):
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(150)
    page.wait_for_timeout(2_000)
    return [took for key, took in page.evaluate("window.painted") if key == keys[-1]]


def _session(base: str) -> dict[str, str]:
    from django.conf import settings
    from django.test import Client

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.get(username="ana"), backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": base}
