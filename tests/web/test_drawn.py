"""Parts of a page that are drawn once for the values they are made of."""

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe
from django.utils.translation import override

from accounts.models import User


def drawn(template: Template, **values: object) -> str:
    return str(template.render(Context(values)))


def test_a_part_sees_the_values_it_names_and_nothing_else_of_the_page() -> None:
    part = Template("{% load drawn %}{% drawn_once who=name %}{{ who }}{{ name }}{% enddrawn_once %}")
    assert [drawn(part, name="Ana"), drawn(part, name="Otto"), drawn(part, name="Ana")] == ["Ana", "Otto", "Ana"]


def test_values_that_are_equal_and_look_different_are_told_apart() -> None:
    part = Template("{% load drawn %}{% drawn_once value=value %}{{ value }}{% enddrawn_once %}")
    values = ["<b>", mark_safe("<b>"), 1, True, "1"]
    assert [drawn(part, value=value) for value in values] == ["&lt;b&gt;", "<b>", "1", "True", "1"]


def test_a_part_is_drawn_in_the_language_of_the_page() -> None:
    part = Template("{% load drawn i18n %}{% drawn_once %}{% get_current_language as at %}{{ at }}{% enddrawn_once %}")
    with override("de"):
        german = drawn(part)
    assert (german, drawn(part)) == ("de", "en-gb")


def test_models_are_refused_since_they_stay_equal_whatever_became_of_them() -> None:
    part = Template("{% load drawn %}{% drawn_once who=who %}{{ who }}{% enddrawn_once %}")
    with pytest.raises(TypeError):
        drawn(part, who=User(pk=1, username="ana"))
