"""Text from events, made visible: what attackers hide in names and command lines must be seen, not obeyed.

Control characters, zero-width characters and direction overrides are drawn as signs, and each value is isolated, so
that right-to-left text inside it cannot turn round what stands beside it.
"""

import re
import unicodedata
from typing import Final

from django.utils.safestring import SafeString

from soc.web.markup import escaped, format_html, format_html_join

FOLD_AT: Final = 2000
_PICTURES: Final = 0x2400  # Unicode's control pictures stand in the order of the control characters
_SIGNED_CATEGORIES: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BLANK_LETTERS: Final = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}  # letters that show nothing
_RUNS: Final = re.compile(r"[ -~]+|[^\W\u115f\u1160\u3164\uffa0]+|.", re.DOTALL)
"""Text in pieces that show themselves, and single characters that may not: a list of values is long, and its line ends
are all that has to be drawn."""


def sign_of(character: str) -> str | None:
    """The visible sign of an invisible character; none for a character that shows itself."""
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    odd_space = unicodedata.category(character) == "Zs" and character not in " \u00a0\u3000"
    if unicodedata.category(character) in _SIGNED_CATEGORIES or character in _BLANK_LETTERS or odd_space:
        return f"⟨U+{code:04X}⟩"
    return None


def plain(value: object) -> str:
    """The value as text with every invisible character drawn; for titles, toasts and other places without markup."""
    text = str(value)
    return "".join(text if _shows_itself(text) else (sign_of(run[0]) or run for run in _RUNS.findall(text)))


def _shows_itself(text: str) -> bool:
    """True of nearly all text that needs no sign, and quick to know; some that needs none is looked at by character."""
    return text.isprintable() and _BLANK_LETTERS.isdisjoint(text)


def show(value: object, fold_at: int = FOLD_AT) -> SafeString:
    """The value as HTML: isolated, signs set apart, and what is beyond `fold_at` characters folded away."""
    text = str(value)
    head = format_html("<bdi>{}</bdi>", _marked(text[:fold_at]))
    if len(text) <= fold_at:
        return head
    left = f"{len(text) - fold_at:,} more characters"
    rest = format_html("<bdi>{}</bdi>", _marked(text[fold_at:]))
    return format_html('{}<details class="folded"><summary>{}</summary>{}</details>', head, left, rest)


def _marked(text: str) -> SafeString:
    if _shows_itself(text):
        return escaped(text)
    return format_html_join("", "{}", ((piece,) for piece in _pieces(text)))


def _pieces(text: str) -> list[str | SafeString]:
    """Runs of ordinary text, and one small element for each sign."""
    pieces: list[str | SafeString] = []
    run: list[str] = []
    for some in _RUNS.findall(text):
        sign = sign_of(some[0])
        if sign is None:
            run.append(some)
            continue
        pieces += ["".join(run), format_html('<span class="sign">{}</span>', sign)]
        run = []
    return [*pieces, "".join(run)]
