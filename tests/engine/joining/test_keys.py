"""The keys of events with arrays: all of them, or those nearest to the front of every array."""

from itertools import product

import pytest

from engine.choosing import choices_of
from engine.joining.keys import MAX_COMBINATIONS, combinations


@pytest.mark.parametrize("sizes", [(), (3,), (0, 3), (3, 1, 4), (1, 1), (7, 2), (2, 7), (2, 3, 2, 3)])
@pytest.mark.parametrize("most", [0, 1, 5, 11, 1_000])
def test_choices_are_different_and_as_many_as_may_be(sizes, most):
    arrays = [range(size) for size in sizes]
    everything, found = list(product(*arrays)), list(choices_of(arrays, most))
    assert len(found) == len(set(found)) == min(most, len(everything))
    assert set(found) <= set(everything)


def test_of_long_arrays_the_values_nearest_to_all_fronts_are_taken():
    found = list(combinations([[str(n) for n in range(5_000)], ["a", "b"], [str(n) for n in range(900)]]))
    assert len(found) == MAX_COMBINATIONS
    assert {len({key[place] for key in found}) for place in (0, 2)} <= {22, 23}
