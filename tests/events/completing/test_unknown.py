"""Names that nothing has, with known ones that look like them: bounded, however many a query names."""

from collections.abc import Iterable
from difflib import get_close_matches

import pytest

from events.completing import unknown, unknown_fields
from soc.web import clock
from tests.people import People, people

pytestmark = pytest.mark.django_db
__all__ = ["people"]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were compared letter by letter, which is what costs."""
    names: list[str] = []

    def noting(name: str, known: Iterable[str], most: int, alike: float) -> list[str]:
        names.append(name)
        return get_close_matches(name, list(known), most, alike)

    monkeypatch.setattr(unknown, "get_close_matches", noting)
    return names


def test_no_more_names_are_compared_than_are_told(people: People, compared: list[str]) -> None:
    names = [f"rule.nam{number}" for number in range(400)]
    found = unknown_fields(names, of_alerts=True, team_ids=[people.core.pk], now=clock.now())
    assert [one.name for one in found] == compared == sorted(names)[:3]
    assert "rule.name" in found[0].near


def test_a_name_that_is_there_takes_no_place(people: People) -> None:
    names = ["agent", "client", "host", "process", "zz.top"]
    found = unknown_fields(names, of_alerts=True, team_ids=[people.core.pk], now=clock.now())
    assert [one.name for one in found] == ["zz.top"]


def test_a_name_of_a_page_is_told_but_not_compared(people: People, compared: list[str]) -> None:
    [found] = unknown_fields(["x" * 4_000], of_alerts=True, team_ids=[people.core.pk], now=clock.now())
    assert found.near == ()
    assert compared == []
