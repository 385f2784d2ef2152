"""Events are stored once, whole, and come back as they were."""

from datetime import datetime, timedelta

import orjson
import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from accounts.models import Team
from events.blocks import FORMAT, pack, unpack
from events.errors import BlockError
from events.models import Batch
from events.store import EventRef, get, get_many, read_batch
from tests.events.conftest import Put, batch_of, normalised

pytestmark = pytest.mark.django_db


def test_a_batch_reads_back_as_it_was_stored(put: Put, team: Team, now: datetime) -> None:
    report = put({"_id": "a", "message": "one\ttwo\n\\"}, {"_id": "b", "host": {"name": 'x"{,}\\'}})
    assert report.created == [True, True]
    events = read_batch(batch_of(report))
    assert [orjson.loads(event.raw).get("message") for event in events] == ["one\ttwo\n\\", None]
    assert {event.ingested for event in events} == {now}
    assert {event.index for event in events} == {"logs-generic-default"}


def test_an_event_sent_again_is_a_duplicate_and_its_document_is_not_stored_twice(put: Put) -> None:
    put({"_id": "a"}, {"_id": "b"})
    report = put({"_id": "b"}, {"_id": "c"}, {"_id": "c"}, {"_id": "a"}, {"_id": "d"})
    assert report.created == [False, True, False, False, True]
    batch = batch_of(report)
    assert batch.events == 2
    assert len(read_batch(batch)) == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(count) FROM event_block")
        assert cursor.fetchone() == (4,)


def test_a_batch_of_duplicates_only_leaves_nothing_behind(put: Put) -> None:
    put({"_id": "a"})
    assert put({"_id": "a"}).batch_id is None
    assert Batch.objects.count() == 1


def test_equal_events_without_an_id_are_two_events(put: Put) -> None:
    assert put({"message": "same"}, {"message": "same"}).created == [True, True]


def test_the_same_id_in_another_index_or_team_is_another_event(put: Put, other_team: Team) -> None:
    put({"_id": "a"})
    assert put({"_id": "a", "_index": "logs-other-default"}).created == [True]
    assert put({"_id": "a"}, team=other_team).created == [True]


def test_one_document_is_found_by_its_uid_behind_a_duplicate(put: Put, team: Team, now: datetime) -> None:
    put({"_id": "a"})
    report = put({"_id": "a"}, {"_id": "b", "message": "wanted"})
    [event] = read_batch(batch_of(report))
    found = get(team_ids=[team.pk], uid=event.uid)
    assert found == event
    assert found.document().values("message") == ("wanted",)
    assert get(team_ids=[team.pk], uid=event.uid, day=now.date()) == event
    assert get(team_ids=[team.pk], uid=event.uid, day=now.date() - timedelta(days=1)) is None


def test_other_teams_find_nothing(put: Put, other_team: Team) -> None:
    [event] = read_batch(batch_of(put({"_id": "a"})))
    assert get(team_ids=[other_team.pk], uid=event.uid) is None
    assert get_many([event.ref._replace(team_id=other_team.pk)]) == {}


def test_many_are_fetched_by_reference(put: Put, now: datetime) -> None:
    days = [now - timedelta(days=back) for back in range(3)]
    report = put(*({"_id": str(day), "@timestamp": day.isoformat()} for day in days))
    events = read_batch(batch_of(report))
    gone = EventRef(events[0].team_id, now.date(), "x", b"0" * 16)
    assert get_many([*(event.ref for event in events), gone]) == {event.ref: event for event in events}
    assert {event.day for event in events} == {day.date() for day in days}


def test_a_large_batch_is_several_blocks(put: Put) -> None:
    report = put(*({"_id": str(number)} for number in range(2_300)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count FROM event_block ORDER BY id")
        assert cursor.fetchall() == [(1000,), (1000,), (300,)]
    assert len(read_batch(batch_of(report))) == 2_300


def test_a_request_key_is_stored_once_with_its_answer(put: Put) -> None:
    put({"_id": "a"}, request_key="k", answer=lambda created: {"created": sum(created)})
    with pytest.raises(IntegrityError), transaction.atomic():
        put({"_id": "b"}, request_key="k")
    assert Batch.objects.get().answer == {"created": 1}


def test_two_batches_fit_into_one_transaction(put: Put) -> None:
    with transaction.atomic():
        first, second = put({"_id": "a"}), put({"_id": "b"})
    assert [len(read_batch(batch_of(one))) for one in (first, second)] == [1, 1]


@pytest.mark.parametrize("places", [[], [0], [39], [0, 7, 39], list(range(40)), list(range(0, 40, 2))])
@pytest.mark.parametrize("gap", [False, True])
def test_documents_of_a_block_are_picked_by_their_places(
    team: Team, now: datetime, places: list[int], gap: bool
) -> None:
    events = [normalised({"message": str(number) * 20}, team.pk, now) for number in range(40)]
    positions = [number + 3 * gap for number in range(40)]
    packed = pack(events, positions)
    block = unpack(now.date(), FORMAT, packed.dictionary_id, packed.data)
    assert block.some(places) == [events[place].raw for place in places]
    assert block.places([positions[place] for place in reversed(places)]) == places
    assert len(block) == 40
    if gap:
        with pytest.raises(BlockError):
            block.places([0])
