"""What is read aside is read on a connection of its own, in the page's language and time zone, or at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone, translation

from soc.web import read_aside as aside
from soc.web.read_aside import read_aside


def backend() -> int:
    """Which of the database's processes answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(process: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [process])


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """One thread for all that is read aside, so that a second read meets the connection of the first."""
    threads = ThreadPoolExecutor(1)
    monkeypatch.setattr(aside, "_threads", lambda: threads)
    yield lambda: read_aside(backend)()
    threads.submit(connections.close_all).result()


@pytest.mark.django_db(transaction=True)
def test_it_is_read_on_a_connection_of_its_own(alone: Callable[[], int]) -> None:
    assert alone() != backend()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_database_has_ended_is_made_anew(
    alone: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)  # as in life
    ended = alone()
    end(ended)
    assert alone() not in (ended, backend())


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_it_is_read_at_once_and_sees_what_is_not_committed() -> None:
    with transaction.atomic():
        assert read_aside(backend)() == backend()


@pytest.mark.django_db(transaction=True)
def test_where_no_thread_is_free_it_is_read_at_once() -> None:
    held = [aside._free.acquire(blocking=False) for _ in range(aside.MOST)]
    try:
        assert all(held)
        assert read_aside(backend)() == backend()
    finally:
        for _ in held:
            aside._free.release()


@pytest.mark.django_db(transaction=True)
def test_threads_come_free_again_whatever_became_of_what_they_read() -> None:
    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    for _ in range(3 * aside.MOST):
        with pytest.raises(DatabaseError):
            read_aside(fail)()
    assert read_aside(backend)() != backend()


@pytest.mark.django_db(transaction=True)
def test_it_speaks_the_language_and_keeps_the_time_of_the_page() -> None:
    def told() -> tuple[str | None, str, str]:
        return translation.get_language(), str(timezone.get_current_timezone()), reverse("alerts:queue")

    before = get_script_prefix()
    set_script_prefix("/watchbill/")
    try:
        with translation.override("de"), timezone.override(ZoneInfo("Asia/Tokyo")):
            assert read_aside(told)() == ("de", "Asia/Tokyo", "/watchbill/alerts/")
    finally:
        set_script_prefix(before)


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_given_as_often_as_it_is_asked_for() -> None:
    answer = read_aside(iter([1, 2]).__next__)
    assert [answer(), answer()] == [1, 1]
