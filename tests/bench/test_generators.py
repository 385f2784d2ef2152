"""What the benches measure with: events that are always the same, hostile ones that never are, copies that differ."""

from itertools import islice
from pathlib import Path

import orjson
import pytest
from django.conf import settings

from bench.engine import curves, hostile
from bench.engine.copies import changed_literal, with_copies
from bench.engine.judging import judge
from bench.engine.rules import RuleFolder, expressions_of, read_folder, trees_of, write_stored
from bench.engine.sources import FileSource, MadeSource, batches
from engine import Document, Expression, Matcher
from engine.tree import Leaf, Op, leaves_of


@pytest.fixture(scope="module")
def pack() -> RuleFolder:
    """The shipped rules."""
    return read_folder(settings.BASE_DIR / "rules" / "pack", ("kuery",))


def test_made_events_are_the_same_from_wherever_they_are_read():
    source = MadeSource(seed=3)
    assert list(source.rows(10, 5)) == list(source.rows(0, 15))[10:]
    assert len({line for _, line in source.rows(0, 200)}) == 200


def test_a_file_gives_its_lines_with_the_index_that_their_data_stream_names(tmp_path: Path):
    lines = [line for _, line in MadeSource().rows(0, 20)]
    (tmp_path / "events.ndjson").write_bytes(b"\n".join(lines))
    rows = list(FileSource(tmp_path / "events.ndjson").rows(5, 100))
    assert [line for _, line in rows] == lines[5:]
    assert rows == list(MadeSource().rows(5, 15))


def test_batches_hold_everything_once():
    assert [len(batch) for batch in batches(MadeSource().rows(0, 25), 10)] == [10, 10, 5]


def test_copies_differ_in_their_literals_and_keep_what_says_of_which_kind_an_event_is(pack: RuleFolder):
    made = with_copies(pack, len(pack.rules) + 10)
    copies = [rule for rule, _ in made if rule.number]
    assert len(made) == len(pack.rules) + 10
    assert len({rule.rule_id for rule, _ in made}) == len(made)
    assert {str(rule.logic) for rule in copies}.isdisjoint(str(rule.logic) for rule in pack.rules)
    categories = {value for tree in trees_of(copies) for leaf in leaves_of(tree) for value in leaf.values
                  if leaf.field == "event.category"}  # fmt: skip
    assert categories <= {"process", "network", "file", "registry", "authentication", "iam", "configuration", "web"}


@pytest.mark.parametrize(
    ("literal", "changed"),
    [
        ("cmd.exe", "cmdq4.exe"),
        ("*\\\\Temp\\\\*", "*\\\\Tempq4\\\\*"),
        ("4624", "4624"),
        ("a*b", "a*b"),
        ("\\n", "\\n"),
    ],
)
def test_a_literal_is_changed_after_its_first_word(literal, changed):
    assert changed_literal(literal, 4) == changed


def test_every_hostile_kind_is_json_and_never_the_same_twice(pack: RuleFolder):
    for name, rows in hostile.kinds(trees_of(pack.rules)).items():
        made = [line for _, line in islice(rows(), 30)]
        assert len(set(made)) == 30, name
        assert all(isinstance(orjson.loads(line), dict) for line in made), name


def test_distinct_events_share_no_value_of_the_fields_that_count():
    rows = hostile.kinds([])["every value new"]()
    values: set[object] = set()
    fields = ("event.action", "user.name", "process.name", "process.command_line", "file.path", "destination.ip")
    for _, line in islice(rows, 300):
        found = {value for field in fields for value in Document.of(line).values(field)}
        assert not values & found
        values |= found


def test_rules_come_back_from_storage_as_they_went_in(pack: RuleFolder, tmp_path: Path):
    expressions = expressions_of(write_stored(pack.rules, tmp_path / "rules.json").read_bytes())
    assert [one.tree for one in expressions] == trees_of(pack.rules)
    again = expressions_of(curves.write_trees(expressions, tmp_path / "trees.json").read_bytes())
    assert [one.tree for one in again] == [one.tree for one in expressions]


def test_growing_adds_literals_until_there_are_about_so_many(pack: RuleFolder, tmp_path: Path):
    before = expressions_of(write_stored(pack.rules, tmp_path / "rules.json").read_bytes())
    wanted = 10 * curves.literals([one.tree for one in before])
    assert wanted * 0.5 < curves.literals([one.tree for one in curves.grown(before, wanted)]) < wanted * 1.5


def test_judging_counts_events_and_hits():
    matcher = Matcher([Expression("all", Leaf("event.category", Op.EXISTS))])
    cost = judge(matcher, batches(MadeSource().rows(0, 50), 20))
    assert (cost.events, cost.hits) == (50, 50)
    assert cost.per_second > 0
