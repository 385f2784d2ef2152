"""Which groups alert at the end of a window: marks, rest, and the second run over what no alert has counted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from alerts.pipelines.groups import judge, name_of_group
from alerts.pipelines.kept import Row
from rules.marks import Span

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TIMES = [NOON + number * MINUTE for number in range(20)]
EVERY = 5 * MINUTE


class Counts:
    """A pipeline that counts events by their owner and lets groups of three out; notes what it is run over."""

    def __init__(self, owners: Sequence[str]) -> None:
        self.owners = owners
        self.runs: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[Row]:
        self.runs.append(list(numbers))
        groups = {owner: tuple(n for n in numbers if owner in self.owners[n]) for owner in "ab"}
        return [Row((owner, len(some)), (owner,), some) for owner, some in groups.items() if len(some) >= 3]


def spans(**known: list[tuple[int, int, int]]) -> dict[bytes, list[Span]]:
    return {
        name_of_group([owner]): [Span(TIMES[first], TIMES[last], TIMES[at]) for first, last, at in some]
        for owner, some in known.items()
    }


def told(counts: Counts, known: dict[bytes, list[Span]], end: int) -> list[tuple[object, tuple[int, ...]]]:
    found = judge(counts(range(end + 1)), counts, times=TIMES, spans=known, end=TIMES[end], interval=EVERY)
    return [(group.row.key[0], group.events) for group in found.alerts]


def test_a_group_without_alerts_tells_all_its_events_without_a_second_run():
    counts = Counts("aab" * 3)
    assert told(counts, {}, 8) == [("a", (0, 1, 3, 4, 6, 7)), ("b", (2, 5, 8))]
    assert len(counts.runs) == 1


def test_what_an_alert_has_counted_is_not_told_again():
    counts = Counts("aaaa")
    assert told(counts, spans(a=[(0, 3, 3)]), 3) == []


def test_a_group_alerts_again_when_what_no_alert_counted_reaches_it():
    counts = Counts("aaa......aaa")
    assert told(counts, spans(a=[(0, 2, 2)]), 11) == [("a", (9, 10, 11))]
    assert counts.runs[1] == [9, 10, 11]


def test_too_few_uncounted_events_do_not_reach_it_again():
    counts = Counts("aaa......aa")
    assert told(counts, spans(a=[(0, 2, 2)]), 10) == []


def test_a_group_rests_for_an_interval_and_says_until_when():
    counts = Counts("aaaaaa")
    found = judge(counts(range(6)), counts, times=TIMES, spans=spans(a=[(0, 2, 2)]), end=TIMES[5], interval=EVERY)
    assert found.alerts == []
    assert found.quiet_until == {TIMES[7]}


def test_an_earlier_burst_that_comes_late_is_an_alert_of_its_own():
    counts = Counts("aaa......aaa")
    assert told(counts, spans(a=[(9, 11, 11)]), 2) == [("a", (0, 1, 2))]


def test_groups_that_share_no_event_are_run_together_the_second_time():
    counts = Counts("ab" * 8)
    known = spans(a=[(0, 2, 2)], b=[(1, 3, 3)])
    assert [owner for owner, _ in told(counts, known, 15)] == ["a", "b"]
    assert len(counts.runs) == 2


def test_groups_that_share_events_are_run_apart():
    counts = Counts(["ab"] * 16)
    known = spans(a=[(0, 2, 2)], b=[(0, 4, 4)])
    assert told(counts, known, 15) == [("a", tuple(range(3, 16))), ("b", tuple(range(5, 16)))]
    assert len(counts.runs) == 3


def test_groups_are_told_apart_by_type_and_null_too():
    assert len({name_of_group(key) for key in ([1], ["1"], [None], [("1", "2")], [True])}) == 5
    assert name_of_group([]) == name_of_group([])
