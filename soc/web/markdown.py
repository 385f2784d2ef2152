"""Markdown of rules and people, made safe: guides come from rule files, and rule files come from anywhere.

Raw HTML and images are not rendered at all, then nh3 keeps only what a guide needs. Links go to other sites without
a referrer and without a handle on our window.
"""

import re
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from soc.web.evidence import plain

LONGEST = 32_000
"""Characters. The worst text of this length takes about a second, and the guides of the pack have a tenth of it."""
_SHORT = 2_000
_CUT = "<p><em>The rest of this text is left out: it is too long to be shown.</em></p>"
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
# What turns text round, or parts a word where nobody sees it; joiners stay, of which pictures of people are made.
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]")
_PARSER = (
    MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20})
    .enable(["table", "strikethrough"])
    .disable("image")
)


def render(text: str) -> SafeString:
    """HTML that is safe to put on a page, whatever the text. Beyond 32,000 characters the rest is left out, in words.

    Headings are shifted down by two, since the page has its own h1 and h2. What is short, as the steps of guides are,
    is kept: every alert of a rule shows the same.
    """
    return _kept(text) if len(text) <= _SHORT else _rendered(text)


@lru_cache(maxsize=1_000)
def _kept(text: str) -> SafeString:
    return _rendered(text)


def _rendered(text: str) -> SafeString:
    seen = _UNSEEN.sub(lambda found: plain(found[0]), text[:LONGEST])
    html = _shift_headings(_PARSER.render(seen))
    clean = nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer nofollow"
    )
    return mark_safe(clean + _CUT if len(text) > LONGEST else clean)  # noqa: S308  (nh3 has just cleaned it)


def _shift_headings(html: str) -> str:
    """h1 becomes h3, h2 h4, and so on; deepest first so that none is shifted twice.

    Works on the renderer's own output, in which text can hold no unescaped tag.
    """
    for level in range(6, 0, -1):
        deeper = min(level + 2, 6)
        html = html.replace(f"<h{level}>", f"<h{deeper}>").replace(f"</h{level}>", f"</h{deeper}>")
    return html
