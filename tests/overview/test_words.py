"""Numbers as people say them, and axes that end on round ones."""

from datetime import timedelta

import pytest

from cases.overview.drawing import age_label
from cases.overview.words import course, run_of, span_text
from soc.web.plots import Bar, Line, Segment, count_ticks, lines, stacked_bars, time_ticks


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0, "0 s"), (4.24, "4.2 s"), (9.99, "10 s"), (59.6, "1 min"), (570, "9 min 30 s"), (600, "10 min"),
        (3_599, "1 h"), (3_600, "1 h"), (11_640, "3 h 14 min"), (86_399, "1 d"), (190_800, "2 d 5 h"),
    ],
)  # fmt: skip
def test_a_span_has_at_most_two_units(seconds, said):
    assert span_text(seconds) == said


@pytest.mark.parametrize(
    ("older", "up_to", "said"),
    [(0, 60, "under 1 h"), (60, 240, "1 – 4 h"), (240, 1_440, "4 h – 1 d"), (4_320, None, "over 3 d"),
     (270, 390, "4 h 30 min – 6 h 30 min")],
)  # fmt: skip
def test_a_group_of_ages_says_from_when_to_when(older, up_to, said):
    assert age_label(timedelta(minutes=older), None if up_to is None else timedelta(minutes=up_to)) == said


@pytest.mark.parametrize("most", [0, 1, 2, 3, 7, 19, 99, 100, 101, 530, 2_244, 99_999])
def test_an_axis_of_counts_reaches_the_highest_and_not_far_beyond(most):
    (zero, _), (half, _), (top, words) = count_ticks(most)
    assert (zero, half * 2) == (0, top)
    assert max(most, 2) <= top <= max(2 * most, 2)
    assert float(words.replace(",", "")) == top


@pytest.mark.parametrize("most", [0.2, 5, 59, 61, 240, 3_599, 11_640, 86_401, 900_000, 40_000_000])
def test_an_axis_of_time_has_few_round_steps(most):
    ticks = time_ticks(most)
    assert 2 <= len(ticks) <= 5
    assert ticks[-1][0] >= most
    assert ticks[0][0] == 0


def test_a_line_is_broken_where_a_week_has_no_value():
    drawn = lines(
        [Line("ink", [1.0, None, 2.0, 3.0], "Resolve", "3 s")], ticks=time_ticks(3), below=[(0, "now")], summary="so"
    )
    assert drawn.count("M") == 2
    assert 'aria-label="so"' in drawn


def test_lines_without_a_value_are_only_named():
    assert "Resolve" in lines([Line("ink", [None, None], "Resolve", "–")], ticks=time_ticks(1), below=[], summary="so")


def test_what_is_late_is_underlined_and_hostile_labels_stay_text():
    drawn = stacked_bars([Bar("<b>", [Segment("high", 3, "3 <high>", late=True)], "target")], summary="so")
    assert "f-late" in drawn
    assert "<b>" not in drawn
    assert "3 &lt;high&gt;" in drawn


def test_a_course_needs_three_steps_in_one_direction():
    assert run_of([5, 1, 2, 3, 4]) == (3, True)
    assert run_of([None, 4.0, 3.0]) == (1, False)
    assert course([1.0, 2.0, 3.0, 4.0]) == "rising for 3 weeks"
    assert course([10.0, 12.0, 9.0, 10.5]) == "steady"
    assert course([]) == ""
