"""Text of events is shown as it is: what hides in it becomes visible, and nothing of it is obeyed."""

import pytest
from django.template import Context, Template

from soc.web.evidence import FOLD_AT, plain, show, sign_of


@pytest.mark.parametrize(
    ("character", "sign"),
    [
        ("\x00", "␀"),
        ("\x1b", "␛"),
        ("\n", "␊"),
        ("\x7f", "␡"),
        ("\x85", "⟨U+0085⟩"),
        ("\u200b", "⟨U+200B⟩"),
        ("\u202e", "⟨U+202E⟩"),
        ("\u2066", "⟨U+2066⟩"),
        ("\ufeff", "⟨U+FEFF⟩"),
        ("\u2028", "⟨U+2028⟩"),
        ("\u3164", "⟨U+3164⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\u2003", "⟨U+2003⟩"),
        (" ", None),
        ("a", None),
        ("ä", None),
        ("漢", None),
        ("😀", None),
    ],
)
def test_invisible_characters_are_drawn(character, sign):
    assert sign_of(character) == sign


def test_values_are_escaped_and_isolated():
    assert show("<b>&") == "<bdi>&lt;b&gt;&amp;</bdi>"


def test_a_sign_is_set_apart():
    assert show("gpj\u202e.exe") == '<bdi>gpj<span class="sign">⟨U+202E⟩</span>.exe</bdi>'


def test_long_values_are_folded():
    html = show("a" * (FOLD_AT + 5))
    assert "5 more characters" in html
    assert html.count("<details") == 1
    assert "<details" not in show("a" * FOLD_AT)


def test_every_character_is_drawn_in_a_long_text_as_it_is_alone():
    every = [chr(code) for code in range(0x20000)]
    assert plain("\n" + "".join(every)) == "".join(sign_of(one) or one for one in ["\n", *every])


def test_plain_text_for_titles():
    assert plain("a\u200bb") == "a⟨U+200B⟩b"


def test_the_filters_in_a_template():
    template = Template('<i title="{{ v|plain }}">{{ v|evidence }}</i>{{ n|evidence:3 }}')
    html = template.render(Context({"v": '"\x1b', "n": "abcdef"}))
    assert html.startswith('<i title="&quot;␛"><bdi>&quot;')
    assert "3 more characters" in html
