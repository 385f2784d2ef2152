"""Numbers in addresses and forms: what is none is nothing."""

import re

import pytest
from django.conf import settings

from soc.web.numbers import whole, wholes

READ_BY_HAND = re.compile(r"int\((\w+)\).*\b\1\.isdecimal\(\)")


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("17", 17), ("007", 7), ("9" * 18, int("9" * 18)), ("9" * 19, None), ("", None), ("-1", None),
     ("+1", None), ("1_0", None), (" 1", None), ("1.0", None), ("²", None), ("٣", None), ("x", None), ("1\x00", None)],
)  # fmt: skip
def test_a_number_is_read_or_nothing(text, number):
    assert whole(text) == number


def test_a_number_of_more_digits_than_may_be_is_none():
    assert (whole("1234", 4), whole("12345", 4)) == (1234, None)


def test_of_several_those_that_are_numbers_stay_in_order():
    assert wholes(["3", "x", "", "1", "3", "9" * 30]) == [3, 1, 3]


def test_doors_read_no_numbers_by_hand():
    doors = [path for path in settings.BASE_DIR.glob("*/views/**/*.py") if "/tests/" not in str(path)]
    assert len(doors) > 20
    assert [str(path) for path in doors if READ_BY_HAND.search(path.read_text())] == []
