"""No link that stands on every page leads anybody to a door that is shut."""

import re

import pytest

from tests.people import People, sign_in

SHELL = {
    "rail": r'<nav class="rail".*?</nav>',
    "tab bar": r'<nav class="tabbar\b.*?</nav>',
    "navigation of the settings": r'<nav class="setnav".*?</nav>',
}


def links_of(page: str, pattern: str) -> list[str]:
    """Where the links of the part of the page lead."""
    found = re.search(pattern, page, re.DOTALL)
    assert found, pattern
    return re.findall(r'<a\b[^>]*?\bhref="([^"]+)"', found[0])


@pytest.mark.parametrize("who", ["vera", "ana", "rosa", "mona", "adam"])
def test_every_link_of_the_frame_leads_somewhere_that_one_may_see(people: People, who: str):
    client = sign_in(getattr(people, who))
    page = client.get("/settings/you/").content.decode()
    answers: dict[str, int] = {}
    for part, pattern in SHELL.items():
        links = links_of(page, pattern)
        assert links, part
        answers |= {f"{part}: {link}": client.get(link, follow=True).status_code for link in links}
    assert {link: status for link, status in answers.items() if status != 200} == {}


def test_settings_lead_to_ones_own(people: People):
    answer = sign_in(people.vera).get("/settings/", follow=True)
    assert answer.redirect_chain == [("/settings/you/", 302)]
