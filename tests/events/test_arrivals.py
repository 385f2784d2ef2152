"""Who sends what: noted with the events, folded exactly once, and never more than was sent."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey
from events import arrivals, dead_letters, folding, lag, pulse
from events.ingest import ingest
from events.models import ArrivalHour, ArrivalMinute, ArrivalNote, Batch, DeadLetter, LagMinute, Pulse, Sender
from events.refused import host_of

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _room() -> Iterator[None]:
    dead_letters.look_again()
    yield
    dead_letters.look_again()


def send(key: ApiKey, now: datetime, *lines: dict[str, Any] | bytes, **more: Any) -> None:
    body = b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
    told = {"content_type": "application/x-ndjson", "content_encoding": "", "idempotency_key": None} | more
    ingest(key=key, body=body, now=now, **told)


def event(host: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"@timestamp": at.isoformat(), "host": {"name": host}, **more}


@pytest.fixture
def key(agent: tuple[ApiKey, str]) -> ApiKey:
    return agent[0]


def test_a_request_is_noted_by_host_with_what_sends_and_how_far_its_clock_is_ahead(key: ApiKey, now: datetime) -> None:
    told = {"agent": {"type": "filebeat", "version": "8.17.0"}}
    send(
        key,
        now,
        event("web-1", now - timedelta(seconds=9), **told),
        event("web-1", now - timedelta(seconds=3), **told),
        event("web-2", now + timedelta(seconds=280)),
        {"@timestamp": now.isoformat(), "message": "no host"},
        b'{"host":{"name":"web-2"},"m":"\\ud800"}',
    )
    notes = {note.host: note for note in ArrivalNote.objects.all()}
    assert set(notes) == {"web-1", "web-2", ""}
    assert (notes["web-1"].events, notes["web-1"].refused, notes["web-1"].ahead_ms) == (2, 0, -3_000)
    assert notes["web-1"].agent == "filebeat 8.17.0"
    assert (notes["web-2"].events, notes["web-2"].refused, notes["web-2"].reason) == (1, 1, "lone_surrogate")
    assert notes["web-2"].ahead_ms == 280_000


def test_a_repeated_request_is_noted_once(key: ApiKey, now: datetime) -> None:
    for _ in range(2):
        send(key, now, event("web-1", now), idempotency_key="a")
    assert ArrivalNote.objects.count() == 1


@pytest.mark.parametrize("shape", [None, 7, [], {}, {"type": ["x"], "version": {}}, {"type": "x" * 10_000}, "filebeat"])
def test_what_sends_may_be_told_in_any_shape(key: ApiKey, now: datetime, shape: object) -> None:
    assert len(arrivals.agent_of(shape)) <= 80
    send(key, now, event("web-1", now, agent=shape))


def test_hosts_beyond_a_thousand_a_request_are_counted_together(key: ApiKey, now: datetime) -> None:
    send(key, now, *(event(f"made-up-{number}", now) for number in range(1_200)))
    assert ArrivalNote.objects.count() == arrivals.MOST_HOSTS + 1
    assert ArrivalNote.objects.get(host=None).events == 200
    folding.fold()
    assert Sender.objects.count() == arrivals.MOST_HOSTS
    assert ArrivalMinute.objects.get().events == 1_200


def test_a_sender_is_folded_from_its_notes(key: ApiKey, now: datetime) -> None:
    send(key, now, event("web-1", now, agent={"type": "vector", "version": "0.41"}))
    send(key, now + MINUTE, event("web-1", now + MINUTE), b'no json, "host.name": "web-1"')
    assert folding.fold() == 2
    assert folding.fold() == 0
    [sender] = Sender.objects.all()
    assert (sender.host, sender.agent, sender.first_at, sender.last_at) == ("web-1", "vector 0.41", now, now + MINUTE)
    assert (sender.refused_at, sender.reason) == (now + MINUTE, "not_json")
    [hour] = ArrivalHour.objects.all()
    assert (hour.hour, hour.requests, hour.events, hour.refused) == (now, 2, 2, 1)
    assert [minute.requests for minute in ArrivalMinute.objects.order_by("minute")] == [1, 1]


def test_how_long_a_sender_is_usually_quiet_is_learnt(key: ApiKey, now: datetime) -> None:
    for number in range(12):
        send(key, now + number * HOUR, event("nightly", now + number * HOUR))
        folding.fold()
    assert 3_000 < Sender.objects.get().gap_seconds < 3_600
    for number in range(30):
        at = now + 12 * HOUR + number * MINUTE
        send(key, at, event("nightly", at))
        folding.fold()
    assert Sender.objects.get().gap_seconds < 120


def test_a_fold_that_dies_has_counted_nothing(key: ApiKey, now: datetime) -> None:
    send(key, now, event("web-1", now))
    with transaction.atomic():
        folding.fold()
        transaction.set_rollback(True)
    assert not Sender.objects.exists()
    assert folding.fold() == 1
    assert ArrivalHour.objects.get().events == 1


told_notes = st.lists(
    st.tuples(
        st.integers(0, 7_500),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["", "h1", "h2", None]),
        st.integers(0, 50),
        st.integers(0, 9),
    ),
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=told_notes, cuts=st.lists(st.integers(1, 7), max_size=4))
def test_folding_keeps_every_sum_however_it_is_cut(
    notes: list[tuple[int, str, str | None, int, int]], cuts: list[int], now: datetime
) -> None:
    with transaction.atomic():
        rows = [
            ArrivalNote(
                at=now + timedelta(seconds=seconds), team_id=1, key_id=key, host=host, agent="", events=events,
                refused=refused, reason="not_json" if refused else "", ahead_ms=None,
            )
            for seconds, key, host, events, refused in notes
        ]  # fmt: skip
        ArrivalNote.objects.bulk_create(rows)
        usual = folding.NOTES_AT_ONCE
        for cut in [*cuts, usual]:
            folding.NOTES_AT_ONCE = cut
            folding.fold()
        folding.NOTES_AT_ONCE = usual
        assert not ArrivalNote.objects.exists()
        wanted: Counter[tuple[str, str]] = Counter()
        for _, key, host, events, _ in notes:
            if host is not None:
                wanted[key, host] += events
        found: Counter[tuple[str, str]] = Counter()
        for hour in ArrivalHour.objects.all():
            found[hour.key_id, hour.host] += hour.events
        assert +found == +wanted
        assert sum(minute.events for minute in ArrivalMinute.objects.all()) == sum(note[3] for note in notes)
        assert sum(minute.refused for minute in ArrivalMinute.objects.all()) == sum(note[4] for note in notes)
        assert {(sender.key_id, sender.host) for sender in Sender.objects.all()} == {
            (key, host) for _, key, host, *_ in notes if host is not None
        }
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_requests_of_one_key_do_not_wait_for_each_other_and_two_folds_count_once(key: ApiKey, now: datetime) -> None:
    send(key, now, event("web-1", now))
    done = threading.Event()

    def other() -> None:
        send(key, now, event("web-1", now + timedelta(seconds=1)))
        done.set()
        connections.close_all()

    with transaction.atomic():
        send(key, now, event("web-1", now + timedelta(seconds=2)))
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(20), "a request waited for another one's commit"
        thread.join()
    folds: list[int] = []

    def fold() -> None:
        folds.append(folding.fold())
        connections.close_all()

    threads = [threading.Thread(target=fold) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    folds.append(folding.fold())
    assert sum(folds) == 3
    assert ArrivalHour.objects.get().events == 3


HOSTS = [
    (b'{"host":{"name":"web-1"}', "web-1"),
    (b'{"host": { "os": "x", "name" : "web-1" }', "web-1"),
    (b'{"host.name":"web-1", "host":', "web-1"),
    (b'{"host":{"name":"a\\"b"}}', 'a"b'),
    (b'{"host":{"name":"a\\u0000"}}', ""),
    (b'{"host":{"name":"\xff"}}', ""),
    (b'{"host":{"name":""}}', ""),
    (b'{"host":{"name":["web-1"]}}', ""),
    (b'{"ghost":{"name":"web-1"}}', ""),
    (b'"host":{' * 5_000, ""),
    (b"x" * 20_000 + b'"host.name":"far"', ""),
    (b"", ""),
]


@pytest.mark.parametrize(("line", "host"), HOSTS)
def test_the_host_of_a_refused_event_is_read_as_far_as_its_bytes_tell(line: bytes, host: str) -> None:
    assert host_of(line) == host


def test_refused_events_are_kept_whole_until_the_keys_day_is_full(
    key: ApiKey, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "BYTES_A_DAY", 20_000)
    monkeypatch.setattr(dead_letters, "LETTERS_A_DAY", 5)
    for _ in range(3):
        send(key, now, b"x" * 9_000, b"y" * 9_000)
        dead_letters.look_again()
    letters = list(DeadLetter.objects.order_by("pk"))
    assert [letter.whole for letter in letters] == [True, True, False, False, False, False]
    assert [letter.kept_bytes for letter in letters] == [9_000, 9_000, 4_096, 4_096, 4_096, 0]
    assert sum(letter.events for letter in letters) == 6
    send(key, now + timedelta(days=1), b"z" * 9_000)
    assert DeadLetter.objects.latest("pk").whole


def test_an_event_too_large_to_be_taken_is_not_kept_whole(key: ApiKey, now: datetime) -> None:
    send(key, now, b'{"m":"' + b"x" * (1024 * 1024) + b'"}')
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.kept_bytes, letter.whole) == ("event_too_large", dead_letters.FIRST_BYTES, False)


def test_lag_is_told_by_minute_and_for_the_last_minutes(key: ApiKey, now: datetime) -> None:
    send(key, now, event("web-1", now), event("web-2", now))
    send(key, now, event("web-3", now))
    first, second = Batch.objects.order_by("pk")
    Batch.objects.filter(pk=first.pk).update(state="done", done_at=now + timedelta(seconds=1.5))
    Batch.objects.filter(pk=second.pk).update(state="done", done_at=now + timedelta(seconds=45))
    later = now + MINUTE
    for _ in range(2):  # again and again: the same
        lag.keep_minutes(later)
    [minute] = LagMinute.objects.all()
    assert (minute.minute, minute.events, minute.worst_ms) == (now, 3, 45_000)
    found = lag.lately(start=now, end=later)
    assert (found.events, found.worst_seconds, found.share_within(0.5), found.share_within(0.99)) == (
        3,
        45.0,
        2.0,
        60.0,
    )
    assert found.seconds == pytest.approx(48)
    assert lag.of_minutes([minute]).within == found.within
    assert lag.lately(start=later, end=later + MINUTE).share_within(0.5) is None


def test_what_is_past_is_forgotten(key: ApiKey, now: datetime) -> None:
    send(key, now, event("web-1", now), b"refused")
    folding.fold()
    pulse.beat(name="w", kind=pulse.WORKER, now=now)
    folding.forget_old(now + timedelta(days=13))
    assert DeadLetter.objects.exists()
    assert not Pulse.objects.exists()
    folding.forget_old(now + timedelta(days=15))
    assert not DeadLetter.objects.exists()
    assert Sender.objects.exists()
    folding.forget_old(now + timedelta(days=32))
    assert not Sender.objects.exists()
    assert not ArrivalHour.objects.exists()
    assert not ArrivalMinute.objects.exists()


def test_a_heart_beats_and_leaves_no_row_when_it_stops_on_purpose(now: datetime) -> None:
    pulse.beat(name="host:1", kind=pulse.WORKER, now=now, processes=2)
    pulse.beat(name="host:1", kind=pulse.WORKER, now=now + MINUTE, processes=2)
    [row] = Pulse.objects.all()
    assert (row.started_at, row.seen_at) == (now, now + MINUTE)
    assert not connection.needs_rollback
