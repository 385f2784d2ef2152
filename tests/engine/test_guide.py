import time
import tomllib
from pathlib import Path

import pytest

from engine.guide import Guide, split_guide

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "guide.toml").read_text())["case"]
TITLES = ("steps", "false_positive_items", "response_steps")
TEXTS = ("intro", "false_positives", "setup", "related_rules", "additional", "disclaimer")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_note_is_taken_apart(case):
    guide = split_guide(
        case["note"], case.get("setup_key", ""), case.get("false_positive_key", ()), case.get("rule", "")
    )
    for part in TITLES:
        if part in case:
            assert [step.title for step in getattr(guide, part)] == case[part]
    for part in TEXTS:
        if part in case:
            assert getattr(guide, part) == case[part]
    if "step_texts" in case:
        assert [step.text_md for step in guide.steps] == case["step_texts"]
    if "step_headings" in case:
        assert [step.heading or "" for step in guide.steps] == case["step_headings"]


def test_an_empty_note_is_an_empty_guide():
    assert split_guide("") == Guide()


@pytest.mark.parametrize(
    "piece", ["**", "- ", "[", "](", "> ", "#" * 6 + " ", "```\n", "- a\n", "**a**\n", "(\n", " ", "\n"]
)
def test_a_hostile_note_is_split_in_linear_time(piece):
    started = time.perf_counter()
    split_guide(piece * (100_000 // len(piece)), piece * 1_000)
    assert time.perf_counter() - started < 3
