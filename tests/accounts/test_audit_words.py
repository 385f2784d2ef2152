"""The record's words are those that the code writes: no act is missing from the lists, and none is of thin air."""

import pytest

from accounts.audit.words import KINDS, VERBS, did
from tests.accounts.recorded import words


def test_every_verb_that_the_code_records_is_in_the_list_and_nothing_else():
    told, unread = words("verb")
    assert unread == []
    assert sorted(VERBS) == sorted(told)


def test_every_kind_of_thing_that_the_code_records_has_a_word_and_nothing_else():
    told, unread = words("object_type")
    assert unread == []
    assert set(KINDS) == told


def test_no_two_kinds_are_called_the_same():
    assert len(set(KINDS.values())) == len(KINDS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_act_reads_as_something_done(verb: str):
    first = did("", verb).split()[0]
    assert first.endswith("ed") or first in {"kept", "left", "made", "sent", "set", "took", "withdrew", "woke", "wrote"}
