"""The guard of contrast finds a faint text wherever it first stands, however much was judged before."""

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import violations

PLAIN = "<p>Plain</p>"
FAINT = "<p style='color: #aaa'>Faint</p>"
ON_GREY = "<div style='background: #555'><p>Plain</p></div>"
PALED = "<div style='opacity: .4'><p>Plain</p></div>"
HIDDEN = "<div hidden><p style='color: #aaa'>Faint</p></div>"
OVER_GREY = "<div style='background: #555; height: 3em'></div><p style='position: absolute; top: 3em'>Plain</p>"


@pytest.mark.parametrize(
    "then", [FAINT, ON_GREY, PALED], ids=["fainter", "on another ground", "paled by what is around"]
)
@pytest.mark.parametrize("first", [PLAIN, HIDDEN, OVER_GREY], ids=["plain", "hidden", "placed over something"])
def test_what_was_judged_before_hides_no_fault(chromium: Browser, first: str, then: str) -> None:
    page = chromium.new_page()
    judged: set[str] = set()

    def found(inside: str) -> list[str]:
        page.set_content(f"<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{inside}</main>")
        return [one["id"] for one in violations(page, judged) if one["id"] == "color-contrast"]

    found(first)
    assert found(PLAIN) == []
    assert judged
    assert found(PLAIN * 3 + then) == ["color-contrast"]
    assert found(then) == ["color-contrast"]  # a fault is not remembered as judged
    page.close()
