"""Controls and markup that are drawn without templates say what Django's would."""

from html.parser import HTMLParser

import pytest
from django.http import QueryDict
from django.utils.functional import lazystr
from django.utils.html import format_html as by_django
from django.utils.safestring import SafeString

from alerts.queue_form import QueueForm
from soc.web.controls import control
from soc.web.markup import format_html, format_html_join

ADDRESSES = (
    "",
    "rule=a&status=open&host=%3Cscript%3E&since=zz&assignee=7&sort=newest&view=all&fold=off&time=24h",
    "rule=%22%3E&severity=high&technique=T1&time=x&tag=%26amp%3B&until=2026-11-21T14:05Z",
)
PIECES = ("<b>", "a & b", "'\"", 7, 1.5, True, None, SafeString("<i>"), lazystr("<u>"))


class _Read(HTMLParser):
    """What markup says: elements with their attributes in no order, and texts."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.said: list[object] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said.append((tag, sorted((name, value or "") for name, value in attrs)))

    def handle_data(self, data: str) -> None:
        self.said += [data.strip()] if data.strip() else []


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_filter_is_drawn_as_django_draws_it(address: str) -> None:
    form = QueueForm(QueryDict(address), rules=[("a", "A <b>"), ("b", "B & c")], people=[])
    form.is_valid()
    for name in form.fields:
        attributes: dict[str, str | bool] = {"class": "select", "data-on": True, "data-off": False}
        drawn = _Read(str(control(form[name], attributes))).said
        assert drawn == _Read(str(form[name].as_widget(attrs=dict(attributes)))).said, name


@pytest.mark.parametrize("piece", PIECES)
def test_values_are_escaped_as_django_escapes_them(piece: object) -> None:
    assert format_html("<p>{}</p>", piece) == by_django("<p>{}</p>", piece)
    assert format_html_join("", "<p>{}{}</p>", [(piece, "<")]) == by_django("<p>{}{}</p>", piece, "<")
