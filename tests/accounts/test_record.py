"""The record of changes is append-only, whoever asks."""

import pytest
from django.db import InternalError, ProgrammingError, transaction

from accounts.models import Change
from accounts.record import record_change
from tests.people import NOON

REFUSED = (InternalError, ProgrammingError)


def _entry(people):
    return record_change(
        at=NOON,
        actor=people.ana,
        door=Change.Door.PAGE,
        verb="close",
        object_type="alert",
        object_id=7,
        team=people.core,
    )


def test_an_entry_cannot_be_changed(people):
    entry = _entry(people)
    with pytest.raises(REFUSED, match="append-only"), transaction.atomic():
        Change.objects.filter(pk=entry.pk).update(note="nothing happened")


def test_an_entry_cannot_be_deleted(people):
    entry = _entry(people)
    with pytest.raises(REFUSED, match="append-only"), transaction.atomic():
        Change.objects.filter(pk=entry.pk).delete()


def test_an_entry_keeps_the_name_its_actor_had(people):
    entry = _entry(people)
    people.ana.first_name = "Anabel"
    people.ana.save()
    entry.refresh_from_db()
    assert entry.actor_name == "Ana"


def test_what_nobody_did_was_done_by_watchbill(people):
    entry = record_change(at=NOON, actor=None, door=Change.Door.SYSTEM, verb="expire", object_type="x", object_id="y")
    assert entry.actor_name == "Watchbill"
    assert entry.inverse is None
