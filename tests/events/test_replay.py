"""Refused events are sent again at most once, with their own bytes, for their own team, and say what became of them."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError, connections
from django.test import Client

from accounts.errors import NotAllowed
from accounts.keys import revoke_key
from accounts.models import Change
from events import dead_letters, letters, queue, replay, set_aside
from events.errors import BatchNotFound, KeyReused, LetterNotFound, Malformed, NotSendable
from events.ingest import ingest, ingest_again
from events.letters import Asked
from events.models import ArrivalNote, Batch, DeadLetter, Event, Replay
from events.store import read_batch
from soc.web import clock
from tests.people import People, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["people"]
GOOD = b'{ "host": {"name":"web-1"},\n "n": 1.50 }'
State = DeadLetter.State


@pytest.fixture(autouse=True)
def _room() -> Iterator[None]:
    dead_letters.look_again()
    yield
    dead_letters.look_again()


@pytest.fixture
def now() -> datetime:
    return clock.now()


def letter(people: People, now: datetime, body: bytes = GOOD, **more: Any) -> DeadLetter:
    """One that was refused for a reason which is gone by now."""
    told: dict[str, Any] = {
        "team": people.core, "api_key": people.key, "at": now, "reason": "in_future", "detail": "Too far ahead.",
        "body": body, "body_bytes": len(body), "kept_bytes": len(body),
    }  # fmt: skip
    return DeadLetter.objects.create(**told | more)


def send(people: People, found: DeadLetter, now: datetime, person: str = "rosa") -> replay.Sent:
    return replay.send_one(letter_id=found.pk, actor=getattr(people, person), now=now, team_ids=[people.core.pk])


def test_it_goes_in_with_its_own_bytes_for_its_own_team(people: People, now: datetime) -> None:
    found = letter(people, now)
    sent = send(people, found, now)
    assert (sent.refused, sent.letter.state) == (False, State.STORED)
    batch = Batch.objects.get()
    assert (batch.team_id, batch.api_key_id, batch.state) == (people.core.pk, people.key.pk, "pending")
    assert b'"n":1.5' in read_batch(batch)[0].raw
    change = Change.objects.latest("pk")
    assert (change.verb, change.object_type, change.before["state"], change.after["state"]) == (
        "send_again", "dead_letter", "refused", "stored",
    )  # fmt: skip


def test_two_clicks_store_one_event(people: People, now: datetime) -> None:
    found = letter(people, now)
    send(people, found, now)
    with pytest.raises(NotSendable):
        send(people, found, now)
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_the_same_moment_store_one_event(people: People, now: datetime) -> None:
    found, said, before = letter(people, now), [], Event.objects.count()

    def click() -> None:
        try:
            said.append(send(people, found, now).letter.state)
        except NotSendable:
            said.append("not sent")
        finally:
            connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(5)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(said) == ["not sent"] * 4 + ["stored"]
    assert Event.objects.count() == before + 1


def test_what_is_refused_again_says_why_and_may_be_tried_later(people: People, now: datetime) -> None:
    found = letter(people, now, b'{"@timestamp":"1999-01-01T00:00:00Z"}')
    sent = send(people, found, now)
    assert sent.refused
    found.refresh_from_db()
    assert (found.state, found.tried_by, found.tried_at) == (State.REFUSED, people.rosa, now)
    assert found.tried_detail == "@timestamp lies before the days that are kept."
    assert DeadLetter.objects.count() == 1
    assert send(people, found, now).refused


def test_what_was_stored_meanwhile_is_no_second_event(people: People, now: datetime) -> None:
    body = b'{"_id":"7","host.name":"web-1"}'
    told: Any = {"content_type": "application/json", "content_encoding": "", "idempotency_key": None}
    ingest(key=people.key, body=body, now=now, **told)
    assert send(people, letter(people, now, body), now).letter.state == State.DUPLICATE
    assert Event.objects.count() == 1


def test_it_is_no_sign_of_life_of_its_sender(people: People, now: datetime) -> None:
    send(people, letter(people, now), now)
    assert not ArrivalNote.objects.exists()
    people.key.refresh_from_db()
    assert people.key.last_used_at is None


def test_a_revoked_keys_letters_can_be_sent_and_those_of_a_key_that_is_gone_cannot(
    people: People, now: datetime
) -> None:
    revoke_key(key=people.key, actor=None, now=now)
    assert not send(people, letter(people, now), now).refused
    with pytest.raises(NotSendable, match="no longer exists"):
        send(people, letter(people, now, api_key=None), now)


@pytest.mark.parametrize("more", [{"kept_bytes": 5}, {"events": 4, "body": b"", "body_bytes": 0, "kept_bytes": 0}])
def test_what_was_cut_cannot_be_sent(people: People, now: datetime, more: dict[str, Any]) -> None:
    with pytest.raises(NotSendable, match="Not all of its bytes"):
        send(people, letter(people, now, **more), now)


def test_only_who_operates_and_only_in_the_own_teams(people: People, now: datetime) -> None:
    found = letter(people, now)
    for person in ("ana", "mona", "vera"):
        with pytest.raises(NotAllowed):
            send(people, found, now, person)
    with pytest.raises(LetterNotFound):
        replay.send_one(letter_id=found.pk, actor=people.otto, now=now, team_ids=[people.retail.pk])


def ask(people: People, now: datetime, **asked: str) -> Replay | None:
    return replay.ask_for_all(asked=Asked(**asked), actor=people.rosa, now=now, team_ids=[people.core.pk])


def work(now: datetime) -> None:
    while replay.go_on(now=now):
        pass


def test_all_of_a_filter_go_piece_by_piece_and_nothing_else(
    people: People, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PIECE", 3)
    wanted = [letter(people, now, b'{"n":%d}' % number) for number in range(7)]
    wanted.append(letter(people, now, b"still no json"))
    others = [
        letter(people, now, reason="not_json"), letter(people, now, kept_bytes=1),
        letter(people, now, team=people.retail), letter(people, now - timedelta(days=2)),
    ]  # fmt: skip
    made = ask(people, now, reason="in_future", within="24h")
    assert made is not None
    assert made.total == 8
    late = letter(people, now)  # refused after it was asked for
    assert replay.go_on(now=now)
    made.refresh_from_db()
    assert (made.tried, made.done_at) == (3, None)
    work(now)
    made.refresh_from_db()
    assert (made.stored, made.duplicate, made.refused, made.done_at) == (7, 0, 1, now)
    assert set(DeadLetter.objects.exclude(tried_at=None)) == set(wanted)
    assert not set(DeadLetter.objects.exclude(tried_at=None)) & {*others, late}
    assert [change.verb for change in Change.objects.filter(object_type="replay")] == ["ask", "finish"]


def test_asked_twice_each_is_sent_once(people: People, now: datetime) -> None:
    for number in range(5):
        letter(people, now, b'{"n":%d}' % number)
    one, two = ask(people, now), ask(people, now)
    work(now)
    assert one
    assert two
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.stored, two.stored, two.done_at) == (5, 0, now)
    assert Event.objects.count() == 5
    assert ask(people, now) is None


def test_a_worker_that_is_killed_within_a_piece_has_sent_nothing_of_it_twice(
    people: People, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        letter(people, now, b'{"n":%d}' % number)
    ask(people, now)
    usual, seen = ingest_again, []

    def dying(**told: Any) -> Any:
        seen.append(told)
        if len(seen) == 3:
            raise SystemExit
        return usual(**told)

    monkeypatch.setattr(replay, "ingest_again", dying)
    with pytest.raises(SystemExit):
        replay.go_on(now=now)
    assert Event.objects.count() == 0
    work(now)
    assert Event.objects.count() == 5


def told(key: str | None) -> dict[str, Any]:
    return {"content_type": "application/json", "content_encoding": "", "idempotency_key": key}


@pytest.mark.parametrize("name", ["dead-letter-{0}", "dead letter {0}", "{0}"])
def test_no_sender_can_use_up_the_name_that_a_letter_is_stored_under(people: People, now: datetime, name: str) -> None:
    first, second = letter(people, now), letter(people, now, b'{"n":2}')
    for key in (name.format(first.pk), name.format(second.pk)):
        with suppress(Malformed):
            ingest(key=people.key, body=b'{"other":1}', now=now, **told(key))
    before = Event.objects.count()
    made = ask(people, now)
    work(now)
    assert made
    made.refresh_from_db()
    assert (made.stored, made.duplicate, made.refused, made.done_at) == (2, 0, 0, now)
    assert Event.objects.count() == before + 2


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (KeyReused("It came with other events."), "It came with other events."),
        (ValueError("secret of the code"), "It could not be stored; the log of the server says why."),
        (DataError("secret of the code"), "It could not be stored; the log of the server says why."),
    ],
)
def test_a_letter_that_cannot_be_taken_in_is_its_own_affair(
    people: People, now: datetime, monkeypatch: pytest.MonkeyPatch, error: Exception, detail: str
) -> None:
    bad, good = letter(people, now, b'{"bad":1}'), letter(people, now)
    fail_at(monkeypatch, b"bad", error)
    made = ask(people, now)
    work(now)
    assert made
    for one in (made, bad, good):
        one.refresh_from_db()
    assert (made.stored, made.refused, made.done_at, made.given_up) == (1, 1, now, False)
    assert (bad.state, bad.tried_detail, good.state) == (State.REFUSED, detail, State.STORED)
    assert send(people, bad, now).detail == detail


def test_a_replay_that_fails_lets_the_others_go_first_and_is_given_up_and_shown(
    people: People, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter(people, now, b'{"bad":1}')
    failing = ask(people, now, reason="in_future")
    letter(people, now, reason="not_json")
    behind = ask(people, now, reason="not_json")
    fail_at(monkeypatch, b"bad", OperationalError("the database has no time"))
    assert failing
    assert behind
    work(now)
    behind.refresh_from_db()
    failing.refresh_from_db()
    assert (behind.stored, behind.done_at) == (1, now)
    assert (failing.attempts > 0, failing.done_at) == (True, None)
    for _ in range(replay.MOST_ATTEMPTS):
        work(now)
    failing.refresh_from_db()
    assert (failing.attempts, failing.done_at, failing.given_up) == (replay.MOST_ATTEMPTS, now, True)
    assert Change.objects.filter(object_type="replay", object_id=str(failing.pk)).latest("pk").verb == "abandon"
    listed = rosa(people).get("/search/dead-letters/").content.decode()
    assert "given up" in listed
    assert "after 5 failed attempts" in listed
    monkeypatch.undo()
    assert ask(people, now, reason="in_future")
    work(now)
    assert not DeadLetter.objects.filter(state=State.REFUSED).exists()


def test_attempts_that_failed_are_forgotten_once_one_does_not(
    people: People, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter(people, now, b'{"bad":1}')
    made = ask(people, now)
    fail_at(monkeypatch, b"bad", OperationalError("deadlock"))
    work(now)
    monkeypatch.undo()
    work(now)
    assert made
    made.refresh_from_db()
    assert (made.stored, made.attempts, made.given_up) == (1, 0, False)


def fail_at(monkeypatch: pytest.MonkeyPatch, word: bytes, error: Exception) -> None:
    """Taking in bytes with this word fails."""

    def failing(**told: Any) -> Any:
        if word in told["line"]:
            raise error
        return ingest_again(**told)

    monkeypatch.setattr(replay, "ingest_again", failing)


def test_a_list_of_letters_reads_only_their_first_bytes(
    people: People, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        letter(people, now, b"%d begins\xff" % number + b"x" * 100_000)
    found = letters.listing(team_ids=[people.core.pk], asked=Asked(), after=None, now=now)
    rows = found.page.items
    with django_assert_max_num_queries(0):
        shown = [letters.first_bytes(row) for row in rows]
    assert [text[:12] for text in shown] == [f"{number} begins\\xff" for number in (2, 1, 0)]
    assert {len(text) for text in shown} == {403}
    assert all("body" in row.get_deferred_fields() for row in rows)


def rosa(people: People) -> Client:
    return sign_in(people.rosa)


def test_the_pages_show_and_send(people: People, now: datetime) -> None:
    found = letter(people, now, b'{"m":"<b>\xff</b>"}', host="<i>web-1</i>")
    listed = rosa(people).get("/search/dead-letters/?reason=in_future&key=nobody").content.decode()
    assert "Nothing was refused" in listed
    listed = rosa(people).get("/search/dead-letters/").content.decode()
    assert "&lt;i&gt;web-1" in listed
    assert "<i>web-1" not in listed
    page = rosa(people).get(f"/search/dead-letters/{found.pk}/").content.decode()
    assert "&lt;b&gt;\\xff&lt;/b&gt;" in page
    answer = rosa(people).post(f"/search/dead-letters/{found.pk}/again/", follow=True)
    assert "Refused again: The bytes are not UTF-8." in answer.content.decode()
    good = letter(people, now)
    answer = rosa(people).post(f"/search/dead-letters/{good.pk}/again/", follow=True)
    assert "Sent again and stored" in answer.content.decode()
    assert rosa(people).post(f"/search/dead-letters/{good.pk}/again/").status_code == 409
    answer = rosa(people).post("/search/dead-letters/again/", {"reason": "in_future"}, follow=True)
    assert "1 refused event will be sent again." in answer.content.decode()
    work(now)
    assert "None of these can be sent again" not in rosa(people).get("/search/dead-letters/?state=all").content.decode()


@pytest.mark.parametrize("query", ["reason=%FF", "key=" + "x" * 500, "within=ever", "state=<b>", "after=made-up"])
def test_an_address_that_means_nothing_shows_the_list(people: People, now: datetime, query: str) -> None:
    letter(people, now)
    assert rosa(people).get(f"/search/dead-letters/?{query}").status_code == 200


def test_a_batch_that_was_set_aside_can_be_judged_again(people: People, now: datetime) -> None:
    batch = Batch.objects.create(
        team=people.core, ingested_at=now, days=[], events=1, state="quarantined", done_at=now, error="boom",
        alone=True, attempts=3,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        set_aside.try_again(batch_id=batch.pk, actor=people.ana, now=now, team_ids=[people.core.pk])
    with pytest.raises(BatchNotFound):
        set_aside.try_again(batch_id=batch.pk, actor=people.otto, now=now, team_ids=[people.retail.pk])
    set_aside.try_again(batch_id=batch.pk, actor=people.rosa, now=now, team_ids=[people.core.pk])
    [claimed] = queue.claim(now=now, worker=uuid4(), epoch=1)
    assert (claimed, claimed.attempts) == (batch, 1)
    with pytest.raises(BatchNotFound):
        set_aside.try_again(batch_id=batch.pk, actor=people.rosa, now=now, team_ids=[people.core.pk])
    change = Change.objects.latest("pk")
    assert (change.verb, change.object_type, change.before["error"]) == ("try_again", "batch", "boom")
