"""The search for dotted keys: what it must not miss, and what it may cost."""

import json
import time

import pytest

from engine.matcher.dotted import may_have_dotted_keys


@pytest.mark.parametrize("key", ["a.b", ".", "a.b.c", 'a."b', "a.\\", '"a.b\\"', "a.b\n", "a\\.b"])
def test_a_key_with_a_dot_is_seen_whatever_stands_around_it(key):
    assert may_have_dotted_keys(json.dumps({"before": "x.y", key: 1}).encode())
    assert may_have_dotted_keys(json.dumps({"a": [{key: "x"}]}).replace(": ", " \t: ").encode())


def test_dots_in_values_are_none_in_keys():
    assert not may_have_dotted_keys(json.dumps({"a": 'x.y".z\\', "b": ["1.2", "C:\\a.exe"]}).encode())


@pytest.mark.parametrize("piece", [".", ".a", "\\\\.", '.\\"', "a.\\n", '.","', '."  '])
def test_a_text_ten_times_as_long_takes_about_ten_times_as_long(piece):
    def cost(length: int) -> float:
        line = b'{"a": "' + piece.encode() * (length // len(piece)) + b'"}'
        costs = []
        for _ in range(5):
            started = time.process_time()
            for _ in range(20):
                may_have_dotted_keys(line)
            costs.append(time.process_time() - started)
        return min(costs)

    assert cost(100_000) < 30 * cost(10_000)
