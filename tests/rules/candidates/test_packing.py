"""Candidates as they are stored: everything comes back, few bytes each, the same order whatever came first."""

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.joining import Candidate
from events.store import EventRef
from rules.candidates import Kept, Memory, fold, forget, heads, keep, name_of, once, read, settle, short
from rules.packing import moment_of, order_of_row, pack_rows, rows_of, stacks_of, tick_of, unpack

START = datetime(2026, 11, 20, 14, 6, tzinfo=UTC)
RULE = Memory("rule", b"l" * 16)


def candidate(second=0, *, part="1", key=("k",), tie=None, rank=0, index="logs-x", value=(), uid=None, team=1):
    at, uid = START + timedelta(seconds=second), uid or os.urandom(16)
    ref = EventRef(team, at.date(), index, uid)
    row = (*moment_of(at, tie), rank, uid, name_of(key), (index, at.date().toordinal()), value)
    return Candidate(part, name_of(key), at, order_of_row(row), ref, value)


def row_of(one):
    _, kind, tie, (rank, uid) = one.order
    return tick_of(one.at), kind, tie, rank, uid, one.key, (one.ref.index, one.ref.day.toordinal()), one.value


def kept_of(some):
    groups: dict[Any, Any] = {}
    for one in some:
        groups.setdefault((one.ref.team_id, one.part), []).append(row_of(one))
    return [Kept(part, team, stack) for (team, part), rows in sorted(groups.items()) for stack in stacks_of(rows)]


def pack(some):
    rows = [row_of(one) for one in some]
    assert rows_of(pack_rows(rows)) == rows
    return pack_rows(rows)


def test_what_is_packed_comes_back_whole():
    some = sorted(
        [
            candidate(0, tie=7, value=("a", "b")),
            candidate(0, tie="late", rank=2),
            candidate(5, index="logs-y", key=("k", None)),
            candidate(86_400, rank=1),
        ],
        key=lambda one: one.order,
    )
    assert list(unpack(pack(some), part="1", team_id=1)) == some


def test_more_places_than_a_byte_can_tell():
    some = [candidate(second, index=f"logs-{second}") for second in range(300)]
    assert list(unpack(pack(some), part="1", team_id=1)) == some


def test_a_candidate_costs_some_thirty_bytes():
    some = [candidate(second / 100, key=(os.urandom(8).hex(),)) for second in range(10_000)]
    assert len(pack(some)) / len(some) < 32


def test_events_of_one_instant_are_ordered_by_tie_then_step_then_identity():
    numbered, named, plain, later_step = (
        candidate(tie=2.0),
        candidate(tie="x"),
        candidate(uid=b"b" * 16),
        candidate(uid=b"a" * 16, rank=1),
    )
    some = [later_step, plain, named, numbered, candidate(-1)]
    random.Random(1).shuffle(some)
    assert sorted(some, key=lambda one: one.order)[1:] == [numbered, named, plain, later_step]


def test_a_long_value_is_kept_by_its_hash():
    assert short("short") == "short"
    assert len(short("x" * 500)) == 12
    assert short("x" * 500) != short("x" * 501)


def test_the_same_candidate_twice_is_one():
    one = candidate()
    assert once([one, candidate(1), one])[0] == one
    assert len(once([one, one])) == 1


@pytest.mark.django_db
class TestStored:
    def kept(self, *some, now=START):
        return keep([(RULE, kept_of(some))], now=now, arrived_at=now)

    def test_a_block_for_each_filter_and_team(self):
        self.kept(candidate(), candidate(1), candidate(part="2"), candidate(team=2))
        assert [(head.team_id, head.part, head.count) for head in heads(RULE)] == [
            (1, "1", 2),
            (1, "2", 1),
            (2, "1", 1),
        ]

    def test_it_is_read_by_time_and_key(self):
        first, second, other = candidate(0), candidate(10), candidate(10, key=("other",))
        self.kept(first, second, other, candidate(20))
        blocks = heads(RULE, start=START, end=START + timedelta(seconds=15))
        start, end = START + timedelta(seconds=5), START + timedelta(seconds=15)
        assert list(read(blocks, start=start, end=end, keys={name_of(("k",))})) == [second]
        assert heads(RULE, start=START + timedelta(seconds=30)) == []

    def test_several_that_are_settled_become_one(self):
        for second in range(5):
            self.kept(candidate(second))
        settle(RULE, heads(RULE, settled=False))
        (head,) = heads(RULE)
        assert (head.settled, head.count) == (True, 5)

    def test_many_small_ones_of_a_time_are_folded(self):
        for second in range(25):
            self.kept(candidate(second), now=START + timedelta(seconds=second))
            settle(RULE, heads(RULE, settled=False))
        fold(RULE, part="1", within=timedelta(hours=1))
        assert [head.count for head in heads(RULE)] == [25]

    def test_it_is_forgotten_only_when_both_its_time_and_its_arrival_are_past(self):
        later = START + timedelta(hours=1)
        self.kept(candidate(0))
        self.kept(candidate(1), now=later)
        settle(RULE, heads(RULE, settled=False)[:1])
        settle(RULE, heads(RULE, settled=False))
        self.kept(candidate(2))
        assert forget(RULE, before=later) == 1
        assert [head.settled for head in heads(RULE)] == [True, False]

    def test_blocks_are_read_in_pieces(self, monkeypatch, django_assert_num_queries):
        for second in range(6):
            self.kept(*[candidate(second) for _ in range(10)])
        monkeypatch.setattr("rules.candidates._MOST_READ", 25)
        blocks = heads(RULE)
        with django_assert_num_queries(3):
            assert len(list(read(blocks))) == 60

    def test_blocks_of_long_values_are_in_hand_together_only_as_far_as_memory_goes(self, monkeypatch):
        texts = [f"{number:05}" * 200 for number in range(6)]
        monkeypatch.setattr("rules.candidates._MOST_BYTES", 2_500)
        for second, text in enumerate(texts):
            self.kept(candidate(second, value=(text,)))
        blocks = heads(RULE)
        assert all(1_000 < block.size < 1_200 for block in blocks)
        settle(RULE, blocks)
        assert [head.count for head in heads(RULE, settled=True)] == [2, 2, 2]
        assert [one.value for one in read(heads(RULE))] == [(text,) for text in texts]

    def test_of_indicators_that_say_the_same_the_first_and_the_last_of_a_stretch_are_kept(self):
        for second in range(25):
            some = [candidate(second, part="indicator", key=(name,)) for name in ("1.2.3.4", "5.6.7.8")]
            self.kept(*some, now=START + timedelta(seconds=second))
            settle(RULE, heads(RULE, settled=False))
        fold(RULE, part="indicator", within=timedelta(days=7))
        left = list(read(heads(RULE), keys={name_of(("1.2.3.4",))}))
        assert [one.at - START for one in left] == [timedelta(), timedelta(seconds=24)]
        assert [head.count for head in heads(RULE)] == [4]
