"""What new-terms rules remember."""

from datetime import datetime, timedelta

import pytest

from rules import seen
from rules.models import SeenTerm
from tests.rules.conftest import NOW

LOGIC, OTHER = b"l" * 16, b"o" * 16
A, B = b"a" * 16, b"b" * 16
pytestmark = pytest.mark.django_db


def remember(at: datetime, terms: bytes = A, logic: bytes = LOGIC, team: int = 1) -> None:
    known = seen.history(logic_hash=logic, team_id=team, terms_hashes=[terms], start=at, end=at)
    known.note(terms, at)
    seen.note([known])


def was_seen(at: datetime, days: float = 14, terms: bytes = A, logic: bytes = LOGIC, team: int = 1) -> bool:
    start = at - timedelta(days=days)
    found = seen.was_seen(logic_hash=logic, team_id=team, terms_hashes=[terms], at=at, history_start=start)
    return found == {terms}


def test_nothing_is_seen_before_it_was_noted() -> None:
    assert not was_seen(NOW)


@pytest.mark.parametrize(
    ("ago", "seen_then"),
    [
        (timedelta(seconds=1), True),
        (timedelta(days=13, hours=23), True),
        (timedelta(days=14), True),
        (timedelta(days=14, seconds=1), False),
        (timedelta(0), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_seen_means_from_the_start_of_the_history_up_to_the_event(ago: timedelta, seen_then: bool) -> None:
    remember(NOW - ago)
    assert was_seen(NOW) is seen_then


def test_memories_of_other_logic_team_or_values_do_not_count() -> None:
    remember(NOW - timedelta(hours=1))
    assert not was_seen(NOW, terms=B)
    assert not was_seen(NOW, logic=OTHER)
    assert not was_seen(NOW, team=2)


def test_a_day_is_one_row_whatever_the_order_of_arrival() -> None:
    times = [NOW, NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW - timedelta(days=1)]
    for at in times:
        remember(at)
    rows = list(SeenTerm.objects.order_by("day").values_list("first_at", "last_at"))
    assert rows == [(times[3], times[3]), (times[1], times[0])]


def test_within_one_pass_the_second_sighting_is_not_new() -> None:
    known = seen.history(
        logic_hash=LOGIC, team_id=1, terms_hashes=[A], start=NOW - timedelta(days=14), end=NOW + timedelta(minutes=1)
    )
    later = NOW + timedelta(seconds=5)
    assert not known.was_seen(A, at=NOW, start=NOW - timedelta(days=14))
    known.note(A, NOW)
    assert known.was_seen(A, at=later, start=later - timedelta(days=14))


def test_the_memory_reaches_over_the_first_day_of_the_history() -> None:
    remember(NOW - timedelta(days=14) + timedelta(minutes=1))
    assert was_seen(NOW)


def test_locks_of_the_same_logics_are_taken_in_one_order() -> None:
    seen.lock([OTHER, LOGIC, LOGIC])


def test_old_memories_are_dropped() -> None:
    remember(NOW - timedelta(days=40))
    remember(NOW)
    assert seen.forget_before(NOW.date(), longest_history=timedelta(days=30)) == 1
    assert was_seen(NOW + timedelta(seconds=1))
