"""What supervisors ask: it lives without asking anybody, is ready with a migrated database, and names the broker."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django.fixtures import Settings

from tests.live_system import free_port


def test_it_lives_without_a_database(client: Client) -> None:
    assert client.get("/healthz").status_code == 200  # the test has no access to the database


@pytest.mark.django_db
@pytest.mark.usefixtures("broker")
def test_it_is_ready_when_the_database_is_there_and_migrated(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"Ready.\n")


@pytest.mark.django_db
def test_a_broker_that_is_away_is_named_and_no_reason_to_stop(client: Client, settings: Settings) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert b"The broker does not answer" in answer.content


@pytest.mark.django_db
def test_it_is_not_ready_before_the_last_migration(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="events").last().delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"run manage.py migrate" in answer.content
    assert answer["Retry-After"]


@contextmanager
def _database_gone() -> Iterator[None]:
    """The address that the connection is made with leads nowhere."""
    told = connection.settings_dict
    host, port = told["HOST"], told["PORT"]
    connection.close()
    told["HOST"], told["PORT"] = "127.0.0.1", str(free_port())
    try:
        yield
    finally:
        connection.close()
        told["HOST"], told["PORT"] = host, port


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_without_the_database_and_says_so_in_a_sentence(client: Client) -> None:
    with _database_gone():
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.content == b"Not ready: the database does not answer.\n"
        assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
