"""The demo's days: deterministic, at the asked rate, and quiet in their ordinary part."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import Document, compile_rule, index_matches, load_rule, matches
from soc.demo.company import found
from soc.demo.timeline import happenings

_START = datetime(2026, 11, 4, 9, tzinfo=UTC)
_PACK = Path(__file__).parents[2] / "rules" / "pack"


def _day(works=30.0, stories=0.0, hours=24):
    return list(
        happenings(found(7), 7, _START, _START + timedelta(hours=hours), works_per_hour=works, stories_per_hour=stories)
    )


def test_the_same_seed_tells_the_same_day():
    assert _day(stories=2.0) == _day(stories=2.0)


def test_a_stretch_has_as_many_stories_as_asked_for():
    told = [one for one in _day(works=0.0, stories=10.0) if one.story]
    assert len(told) == 240


def test_everything_happens_within_the_stretch_and_in_order():
    times = [one.at for one in _day(stories=2.0)]
    assert times == sorted(times)
    assert _START <= times[0] <= times[-1] < _START + timedelta(hours=24)


@pytest.mark.parametrize("path", sorted(_PACK.glob("*.toml")), ids=lambda path: path.stem)
def test_ordinary_work_fires_no_query_rule(path):
    rule = load_rule(path.read_text(), path.name)
    compiled = compile_rule(rule)
    if compiled.tree is None or rule.type == "new_terms":
        pytest.skip("judged by history, or not judged yet")
    for one in _day():
        for document in one.documents:
            if index_matches(rule.index, str(document["_index"])):
                assert not matches(compiled.tree, Document.of(document)), document
