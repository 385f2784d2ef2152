"""Where windows end: on a grid that the events alone decide."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.pipelines.windows import MOST_WINDOWS, pieces_of, point_after
from rules.schedule import spacing

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SECONDS = st.lists(st.integers(0, 3_600), min_size=1, max_size=40)


def points_of(new, known, *, window, interval):
    """Where the windows end that have to be run for all of the new events."""
    pieces = pieces_of(new, known, window=window, interval=interval)
    return sorted({point for piece in pieces for point in piece.points})


def test_points_lie_a_fifth_of_the_interval_apart_but_no_closer_than_a_minute():
    assert spacing(5 * MINUTE) == MINUTE
    assert spacing(MINUTE) == MINUTE
    assert spacing(HOUR) == 12 * MINUTE


def test_a_window_ends_at_the_point_at_or_after_an_event():
    assert point_after(NOON, MINUTE) == NOON
    assert point_after(NOON + SECOND, MINUTE) == NOON + MINUTE


def test_new_events_have_windows_end_after_each_of_them():
    new = [NOON + SECOND, NOON + 2 * SECOND, NOON + 3 * MINUTE]
    found = points_of(new, new, window=9 * MINUTE, interval=5 * MINUTE)
    assert found == [NOON + MINUTE, NOON + 3 * MINUTE]


def test_a_late_event_is_seen_together_with_the_later_ones_within_a_look_back():
    known = [NOON + 4 * MINUTE, NOON + 8 * MINUTE, NOON + 20 * MINUTE]
    found = points_of([NOON], [NOON, *known], window=9 * MINUTE, interval=5 * MINUTE)
    assert found == [NOON, NOON + 4 * MINUTE, NOON + 8 * MINUTE]


def test_a_backlog_has_a_coarser_grid_but_not_coarser_than_the_interval():
    new = [NOON + number * MINUTE for number in range(600)]
    found = points_of(new, new, window=9 * MINUTE, interval=20 * MINUTE)
    apart = {later - earlier for earlier, later in pairwise(found)}
    assert len(found) <= MOST_WINDOWS
    assert apart == {8 * MINUTE}
    assert len(points_of(new, new, window=9 * MINUTE, interval=5 * MINUTE)) <= 600 / 4 + 1


def test_a_late_event_of_a_long_look_back_costs_few_windows():
    known = [NOON + number * MINUTE for number in range(5 * 24 * 60)]
    found = points_of([NOON], known, window=timedelta(days=5), interval=5 * MINUTE)
    assert len(found) <= 22


@settings(deadline=None, max_examples=50)
@given(SECONDS, SECONDS)
def test_every_new_event_lies_in_a_window_and_all_that_is_told_at_once_has_the_windows_of_each(first, second):
    times = sorted(NOON + number * SECOND for number in [*first, *second])
    both = points_of(times, times, window=9 * MINUTE, interval=5 * MINUTE)
    assert all(any(point - 9 * MINUTE <= at <= point for point in both) for at in times)
    new = sorted(NOON + number * SECOND for number in second)
    assert set(points_of(new, times, window=9 * MINUTE, interval=5 * MINUTE)) <= set(both)


@settings(deadline=None, max_examples=200)
@given(SECONDS, SECONDS, SECONDS)
def test_windows_of_events_are_run_too_when_others_come_beside_them(first, second, before):
    def points(new):
        return set(points_of(sorted(new), known, window=9 * MINUTE, interval=5 * MINUTE))

    mine, others, known = ([NOON + number * SECOND for number in some] for some in (first, second, before))
    assert points(mine) | points(others) <= points([*mine, *others])


@settings(deadline=None, max_examples=100)
@given(SECONDS, SECONDS)
def test_all_windows_of_a_new_event_belong_to_the_piece_that_it_is_joined_with(new, before):
    window = 9 * MINUTE
    times, known = (sorted(NOON + number * SECOND for number in some) for some in (new, before))
    pieces = list(pieces_of(times, known, window=window, interval=5 * MINUTE))
    assert [piece.until for piece in pieces] == sorted({piece.until for piece in pieces})
    assert pieces[-1].until == len(times)
    for begin, piece in zip([0, *(piece.until for piece in pieces)], pieces, strict=False):
        for at in times[begin : piece.until]:
            alone = points_of([at], known, window=window, interval=5 * MINUTE)
            assert set(alone) <= set(piece.points)
