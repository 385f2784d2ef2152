"""What axe has against a page; a look that was judged before is not judged again.

Two thirds of axe's time go into the contrast of each text with what lies under it, and most texts of a page look as
those of the page before: the rail, a table's hundredth row. A look is the text's colours, size and weight with every
background, opacity, filter and image between it and the root, as the browser computed them, so it is of one theme and
one width. Whatever was placed out of the flow may lie over anything: it is judged on every page, and so is what axe was
not sure of. All other rules are run in full on every page.
"""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Only what is wrong, or may be, is described: telling of all that is right takes twice as long as finding both.
# Nothing is preloaded, which only rules about audio and locked screens read; the pages have neither.
OPTIONS = {"runOnly": TAGS, "resultTypes": ["violations", "incomplete"], "preload": False}
_CONTRAST = "color-contrast"
_ONLY_NEW_LOOKS = f"axe.configure({{rules: [{{id: '{_CONTRAST}', selector: '[data-new-look]'}}]}})"

# The look of each text that is to be seen is kept beside its element for `_MARK`; the looks that occur are handed over.
_LOOKS = """() => {
    const under = new Map([[null, ""]]), looks = new Map();
    const drawn = (one, pseudo) => {
        const style = getComputedStyle(one, pseudo);
        if (pseudo && ["none", "normal"].includes(style.content)) return "";
        const said = [style.backgroundColor, style.backgroundImage, style.opacity, style.filter, style.mixBlendMode];
        return said.join() === "rgba(0, 0, 0, 0),none,1,none,normal" ? "" : said.join();
    };
    const lies = (one) => {
        if (under.has(one)) return under.get(one);
        const placed = ["static", "relative"].includes(getComputedStyle(one).position) ? "" : location.href;
        const here = [drawn(one), drawn(one, "::before"), drawn(one, "::after"), placed].filter(Boolean);
        under.set(one, lies(one.parentElement) + here.map((each) => ` / ${each}`).join(""));
        return under.get(one);
    };
    const tells = (one) => one.matches("input, select, textarea") ||
        [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    for (const one of document.querySelectorAll("body *")) {
        if (!tells(one) || !one.checkVisibility({visibilityProperty: true})) continue;
        const style = getComputedStyle(one);
        const text = [style.color, style.fontSize, style.fontWeight, style.textShadow, style.webkitTextStroke];
        looks.set(one, [...text, one.localName, one.matches(":disabled, [aria-disabled]"), lies(one)].join(" "));
    }
    window.looksOfTexts = looks;
    return [...new Set(looks.values())];
}"""
# One of each look stands for all, but where something placed lies over who knows what.
_MARK = """(fresh) => {
    const wanted = new Set(fresh);
    for (const [one, look] of window.looksOfTexts) {
        one.toggleAttribute("data-new-look", wanted.has(look));
        if (!look.includes(location.href)) wanted.delete(look);
    }
}"""
_OF = "(targets) => targets.map((one) => window.looksOfTexts.get(document.querySelector(one)) ?? '')"


def violations(page: Page, judged: set[str]) -> list[dict[str, Any]]:
    """What is wrong with the page. `judged` are the looks that passed; those that pass here are added."""
    fresh = set(page.evaluate(_LOOKS)) - judged
    page.evaluate(_MARK, list(fresh))
    _bring(page)
    told = Axe(_ONLY_NEW_LOOKS).run(page, options=OPTIONS).response
    doubtful = [one for kind in ("violations", "incomplete") for one in told[kind] if one["id"] == _CONTRAST]
    targets = [node["target"][0] for one in doubtful for node in one["nodes"]]
    judged.update(fresh - set(page.evaluate(_OF, targets)))
    found: list[dict[str, Any]] = told["violations"]
    return found


def _bring(page: Page) -> None:
    """Lay axe into the page, and into all that its browser opens after it: sending it takes longer than a page does."""
    if not page.evaluate("() => 'axe' in window"):
        page.context.add_init_script(AXE_SCRIPT)
        page.evaluate(AXE_SCRIPT)
