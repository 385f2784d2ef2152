"""What is remembered about values is bounded in bytes: a sender of long values cannot fill our memory."""

import json
import tracemalloc
from collections.abc import Callable

import pytest

from engine.languages.kql import parse_kql
from engine.matcher import Bounds, Expression, Hit, Matcher
from engine.scalars import address_of
from events.errors import EventRefused
from events.fields import Unfit, canonical_address
from events.identity import index_of

LONG = "x" * 100_000
TIMES = 200  # twenty megabytes of values
# One megabyte, and words that would be fifteen if they were kept: finding them is slow while all memory is followed.
WORDS_TIMES, MANY_WORDS_TIMES = 10, 60


def asked(query: str) -> Callable[[dict[str, object]], list[Hit]]:
    matcher = Matcher([Expression("rule", parse_kql(query))])
    return lambda fields: list(matcher.match([("logs-x", json.dumps(fields).encode())]))


def refuse_index(name: str) -> None:
    with pytest.raises(EventRefused):
        index_of({}, name)


def refuse_address(text: str) -> None:
    with pytest.raises(Unfit):
        canonical_address(text)


by_signature = asked("event.action: exec and process.name: perl")
by_pattern = asked("process.executable: */perl")
by_words = asked('message: "one two"')


@pytest.mark.parametrize(
    ("meet", "times", "most"),
    [
        (address_of, TIMES, 8_000_000),
        (refuse_index, TIMES, 8_000_000),
        (refuse_address, TIMES, 8_000_000),
        (lambda text: by_signature({"event": {"action": text}}), TIMES, 8_000_000),
        (lambda text: by_signature({"event": {"category": [text[:300]] * 300}}), TIMES, 8_000_000),
        (lambda text: by_pattern({"process": {"executable": text}}), TIMES, 8_000_000),
        (lambda text: by_words({"message": text}), WORDS_TIMES, 400_000),
        (lambda text: by_words({"message": text[:5] + "ab cd " * 2_500}), MANY_WORDS_TIMES, 8_000_000),
    ],
    ids=["address", "index", "canonical", "signature", "many", "pattern", "words", "many words"],
)
def test_long_values_are_not_kept(meet: Callable[[str], object], times: int, most: int) -> None:
    meet("first" + LONG)
    tracemalloc.start()
    try:
        for number in range(times):
            meet(f"{number:05}{LONG}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < most


def test_answers_about_values_of_a_usual_length_are_bounded_in_bytes() -> None:
    matcher = Matcher([Expression("rule", parse_kql("process.executable: *7"))], Bounds(memory=2_000))
    lines = [json.dumps({"process": {"executable": f"{'x' * 900}{number}"}}).encode() for number in range(20)] * 2
    assert [hit.row for hit in matcher.match([("x", line) for line in lines])] == [7, 17, 27, 37]
