"""Every template compiles, no template carries style or script of its own, and every shared part says what it needs."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent / "templates"
HTML = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.html"))
PARTS = [name for name in HTML if Path(name).name.startswith("_")]
FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.DOTALL),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>"),
    "a <style> element": re.compile(r"<style[\s>]"),
    "an event attribute": re.compile(r"<[^>{]*\son[a-z]+\s*=", re.DOTALL),
    "hx-on": re.compile(r"\bhx-on\b"),
    "a trigger filter": re.compile(r"hx-trigger=\"[^\"]*\[[^\"]*\""),
    "js: values": re.compile(r"hx-(vals|headers)=['\"]js:"),
    "|safe": re.compile(r"\|\s*safe\b"),
    "autoescape off": re.compile(r"autoescape\s+off"),
    "an address of another site": re.compile(r"<(script|link|img|iframe)[^>]*(src|href)=\"(https?:)?//"),
}


@pytest.mark.parametrize("name", HTML)
def test_the_template_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", HTML)
def test_the_template_keeps_to_the_content_policy(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    assert not found, f"{name} has {', '.join(found)}; see soc/web/headers.py"


@pytest.mark.parametrize("name", PARTS)
def test_the_shared_part_says_what_it_needs(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    comment = re.match(r"\s*\{% comment %\}(.*?)\{% endcomment %\}", text, re.DOTALL)
    assert comment, f"{name} must begin with a comment that says what it shows"
    assert "Context:" in comment[1], f"{name}: the comment must name its Context"


@pytest.mark.parametrize("name", HTML)
def test_every_button_says_what_it_does(name):
    """A <button> without a type submits; that must be meant: only inside a form, or with form=."""
    text = (ROOT / name).read_text(encoding="utf-8")
    outside = re.sub(r"<form.*?</form>", "", text, flags=re.DOTALL)
    buttons = re.findall(r"<button\b[^>]*>", outside) if "<form" in text else []
    assert all("type=" in button or "form=" in button for button in buttons), f"{name}: {buttons}"
