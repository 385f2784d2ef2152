"""What a first visit to a page costs: every script and style sheet that it links, as they go over the wire."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

MOST = 60_000
LINKED = re.compile(r"{% static '((?:css|js)/[a-z_]+\.(?:css|js))' %}")
TEMPLATES = settings.BASE_DIR / "templates"
HTMX = "django_htmx/htmx-2.min.js"
PAGES = sorted(
    str(page.relative_to(TEMPLATES)) for page in TEMPLATES.rglob("*.html") if LINKED.search(page.read_text("utf-8"))
)


def gzipped(name: str) -> int:
    """The size of a static file as WhiteNoise serves it."""
    found = finders.find(name)
    assert found, name
    return len(gzip.compress(Path(str(found)).read_bytes(), 9, mtime=0))


def linked(template: str) -> set[str]:
    """The scripts and style sheets that a page links, those of its frame among them."""
    texts = [(TEMPLATES / one).read_text(encoding="utf-8") for one in (template, "base_bare.html")]
    return {name for text in texts for name in LINKED.findall(text)}


def test_the_frame_links_what_is_counted():
    names = linked("base.html")
    assert {"js/core.js", "js/keys.js", "css/components.css"} <= names
    assert {"alerts/queue.html", "alerts/detail.html", "events/search.html", "cases/detail.html"} <= set(PAGES)
    assert "rules/detail.html" in PAGES
    assert "{% htmx_script %}" in (TEMPLATES / "base_bare.html").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_first_load_is_light(page):
    weights = {name: gzipped(name) for name in linked(page) | {HTMX}}
    assert sum(weights.values()) < MOST, sorted(weights.items(), key=lambda one: -one[1])


def test_every_script_of_ours_stays_small():
    sizes = {path.name: len(path.read_bytes().splitlines()) for path in (settings.BASE_DIR / "static/js").glob("*.js")}
    assert {name: lines for name, lines in sizes.items() if lines > 200} == {}
