"""Every shipped rule has a story that fires it and near misses that do not; judged by the engine alone."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from engine import Document, compile_rule, index_matches, load_rule, matches
from engine.pipelines import pages_of
from engine.plan import Pipeline
from rules.pipelines import asked_of
from soc.demo.company import found
from soc.demo.stories import STORIES, Outcome, Scene, Story

_AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
_PACK = Path(__file__).parents[2] / "rules" / "pack"
_RULES = {rule.name: rule for path in _PACK.glob("*.toml") for rule in [load_rule(path.read_text(), path.name)]}


def _tell(story: Story) -> list[dict[str, object]]:
    return list(story.tell(Scene(found(7), random.Random(story.name), _AT)))


def _hits(story: Story) -> Sequence[object]:
    """The events that fire the story's rule; of a rule whose query is a pipeline the rows that come out of it."""
    rule = _RULES[story.rule]
    compiled = compile_rule(rule)
    tree = compiled.tree
    assert tree is not None
    let_in = [
        document
        for document in (
            Document.of({name: value for name, value in event.items() if not name.startswith("_")})
            for event in _tell(story)
            if index_matches(rule.indices, str(event["_index"]))
        )
        if matches(tree, document)
    ]
    return _rows(compiled.plan, let_in) if isinstance(compiled.plan, Pipeline) else let_in


def _rows(plan: Pipeline, documents: Sequence[Document]) -> Sequence[object]:
    asked = asked_of(plan)
    return asked.query.run(pages_of(documents, asked.query.fields), now=_AT + timedelta(minutes=9)).rows


def _judged(story: Story) -> bool:
    return compile_rule(_RULES[story.rule]).evaluated


@pytest.mark.parametrize("name", sorted(_RULES))
def test_every_rule_has_a_story_and_a_near_miss(name):
    outcomes = {story.outcome for story in STORIES if story.rule == name}
    assert Outcome.ATTACK in outcomes
    assert Outcome.NEAR_MISS in outcomes


@pytest.mark.parametrize("story", [s for s in STORIES if s.fires and _judged(s)], ids=lambda story: story.name)
def test_a_story_fires_its_rule(story):
    assert _hits(story)


@pytest.mark.parametrize("story", [s for s in STORIES if not s.fires and _judged(s)], ids=lambda story: story.name)
def test_a_near_miss_does_not_fire(story):
    assert not _hits(story)


def test_a_near_miss_in_a_foreign_index_differs_by_its_index_only():
    story = next(story for story in STORIES if story.name == "perl terminal replayed in the lab")
    tree = compile_rule(_RULES[story.rule]).tree
    assert tree is not None
    assert any(matches(tree, Document.of(document)) for document in _tell(story))


def test_the_same_seed_tells_the_same_story():
    for story in STORIES:
        assert orjson.dumps(_tell(story)) == orjson.dumps(_tell(story))


def test_no_two_events_of_a_story_share_an_id():
    for story in STORIES:
        ids = [document["_id"] for document in _tell(story)]
        assert len(ids) == len(set(ids)), story.name
