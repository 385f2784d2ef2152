"""Sequences: the vectors of tests/cases/joining, and the fast machine against a slow and simple one."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.joining import Candidate, join, key_hash, settle
from engine.plan import UNTIL, Sequence
from tests.engine.joining.notation import at, candidates_in, events_in, sequence_of, told

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "joining" / "sequences.toml").read_text())["case"]
LATE = at(1_000_000)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_sequence_finds_what_its_case_says(case: dict[str, Any]) -> None:
    plan = sequence_of(case["steps"], case.get("maxspan"), case.get("until"))
    found = candidates_in(events_in(case["events"]), case["steps"], case.get("until"))
    joining = settle(plan, found, until=at(case["now"]) if "now" in case else LATE)
    due = case.get("due")
    matches = [match for match in case["matches"] if due is None or not match.startswith("A20")]
    assert [told(match) for match in joining.matches] == matches
    assert joining.due == (None if due is None else at(due))


STEPS = st.sampled_from(
    [
        ["A"],
        ["A*2"],
        ["A*3"],
        ["A", "B"],
        ["A", "A"],
        ["A", "B", "C"],
        ["A", "A", "B"],
        ["A*2", "B"],
        ["A", "B*3"],
        ["A*2", "A*2"],
        ["A", "B*2", "C"],
        ["A", "!M", "B"],
        ["!M", "A", "B"],
        ["A", "B", "!M"],
        ["!M", "A", "!C"],
        ["A", "!M*2", "B", "!C", "B"],
        ["!M", "!C", "A*2", "!B", "!M"],
    ]
)
LETTERS = st.sampled_from(["A", "B", "C", "M", "AB", "BC", "U", "AU", "BU", "ABC", "ACM"])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["r", "s", "?"]), LETTERS, st.integers(0, 12)).map(
        lambda event: "{}|{}{}".format(*event)
    ),
    max_size=16,
)
SPANS = st.one_of(st.none(), st.integers(1, 12))


@given(STEPS, EVENTS, SPANS, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_machine_finds_what_a_plain_search_finds_in_whatever_order_events_come(
    steps: list[str], words: list[str], span: int | None, ends: bool, random: Any
) -> None:
    until = "U" if ends else None
    span = 6 if span is None and any("!" in step for step in steps) else span
    plan, found = sequence_of(steps, span, until), candidates_in(events_in(" ".join(words)), steps, until)
    expected = plain_search(plan, found)
    assert [match.refs for match in join(plan, found, until=LATE)] == expected
    shuffled = [*found, *found[:3]]
    random.shuffle(shuffled)
    assert [match.refs for match in join(plan, shuffled, until=LATE)] == expected
    hashed = [item._replace(key=key_hash(item.key)) for item in shuffled]  # type: ignore[arg-type]
    assert [match.refs for match in join(plan, hashed, until=LATE)] == expected


def plain_search(plan: Sequence, candidates: list[Candidate]) -> list[tuple[Any, ...]]:
    """Step after step, as the reference describes it: every event takes the newest sequence before it, and the older
    ones are dropped. Runs are written out. Quadratic and slow."""
    steps = [(str(number), step) for number, step in enumerate(plan.steps, 1) for _ in range(step.runs)]
    found = []
    for key in {candidate.key for candidate in candidates}:
        of_key = sorted((item for item in candidates if item.key == key), key=lambda item: item.order)
        found += _of_one_key(plan, steps, of_key)
    return [refs for _, refs in sorted(found, key=lambda pair: pair[0])]


def _of_one_key(plan: Sequence, steps: list[Any], candidates: list[Candidate]) -> list[Any]:
    positive = [place for place, (_, step) in enumerate(steps) if not step.missing]
    parts = {place: [item for item in candidates if item.part == steps[place][0]] for place in range(len(steps))}
    untils = [item.order for item in candidates if item.part == UNTIL]
    waiting = [[item] for item in parts[positive[0]]]
    for place in positive[1:]:
        onward = []
        for item in parts[place]:
            earlier = [sequence for sequence in waiting if sequence[-1].order < item.order]
            waiting = [sequence for sequence in waiting if sequence not in earlier]
            if not earlier:
                continue
            newest = max(earlier, key=lambda sequence: sequence[-1].order)
            too_long = plan.maxspan is not None and item.at - newest[0].at > plan.maxspan
            if not too_long and not any(newest[-1].order <= order < item.order for order in untils):
                onward.append([*newest, item])
        waiting = onward
    return [_told(steps, positive, found) for found in waiting if _nothing_spoils(plan, positive, found, parts)]


def _nothing_spoils(plan: Sequence, positive: list[int], found: list[Candidate], parts: dict[int, Any]) -> bool:
    first, last = found[0].at, found[-1].at
    before, after = [], []
    for place in parts:
        if place < positive[0]:
            before += [item.at for item in parts[place] if item.at < first]
        elif place > positive[-1]:
            after += [item.at for item in parts[place] if item.at > last]
        elif place not in positive:
            low = found[max(index for index, at_ in enumerate(positive) if at_ < place)].at
            high = found[min(index for index, at_ in enumerate(positive) if at_ > place)].at
            if any(low < item.at < high for item in parts[place]):
                return False
    leading, trailing = positive[0] > 0, positive[-1] < len(parts) - 1
    span = plan.maxspan or timedelta()
    if leading and trailing:
        return not before or not after or min(after) - max(before) > span
    if leading:
        return not before or last - max(before) > span
    return not trailing or not after or min(after) - first > span


def _told(steps: list[Any], positive: list[int], found: list[Candidate]) -> Any:
    refs = dict(zip(positive, (item.ref for item in found), strict=True))
    return found[-1].order, tuple(refs.get(place) for place in range(len(steps)))


def test_sixty_runs_over_many_events_stay_linear() -> None:
    events = events_in(" ".join(f"A{second}" for second in range(20_000)))
    plan = sequence_of(["A*60"], 100)
    calls: list[int] = []
    matches = join(plan, candidates_in(events, ["A*60"]), until=LATE, check=lambda: calls.append(1))
    assert len(matches) == 20_000 - 59
    assert len(calls) > 10


def test_a_caller_can_stop_a_join() -> None:
    class TooLongError(Exception):
        pass

    def stop() -> None:
        raise TooLongError

    with pytest.raises(TooLongError):
        join(sequence_of(["A"]), candidates_in(events_in("A1"), ["A"]), until=LATE, check=stop)


def test_the_same_events_under_two_keys_are_found_twice_and_settle_to_one_match() -> None:
    found = [item._replace(ref=item.ref[0]) for item in candidates_in(events_in("r|A1 s|A1 s|B2 r|B2"), ["A", "B"])]
    plan = sequence_of(["A", "B"])
    assert [match.key for match in join(plan, found, until=LATE)] == [("s",), ("r",)]
    assert [(match.key, match.refs) for match in settle(plan, found, until=LATE).matches] == [(("r",), ("A1", "B2"))]


def test_a_match_names_its_completing_event_and_a_trailing_missing_one_its_first() -> None:
    [match] = join(sequence_of(["A", "B"]), candidates_in(events_in("A1 B2"), ["A", "B"]), until=LATE)
    assert (match.completing, match.at) == (("B2", 1), at(2))
    steps = ["A", "B", "!M"]
    [match] = join(sequence_of(steps, 10), candidates_in(events_in("A1 B2"), steps), until=LATE)
    assert match.completing == ("A1", 0)
