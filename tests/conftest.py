"""Fixtures for everything: a private database and broker, started only when a test asks for them."""

import gc
import os
import sys
from collections.abc import Generator, Iterator

import hypothesis
import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from soc.env import database_from_url
from tests import emptied, kept, private_cluster
from tests.kept import forget_all
from tests.live_system import LiveSystem

# Compiled modules are kept, whatever the environment says: reading six hundred test files anew takes fifteen seconds,
# and a second is what each process that a test starts spends on ours.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says something of the machine only; the rest is as the profile that is in force has it.
hypothesis.settings.register_profile("patient", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")

_FLOWS = {("tests", "flows"), ("tests", "local")}
_FAULTS = {("tests", "fault")}
_TEMPLATE = "watchbill_template"
# What a page is given within the blink of an eye: other tests run beside this one.
_SHORT = (
    "events.completing.offering._SECONDS",
    "events.completing.offering._SECONDS_OF_FIELD",
    "alerts.views.composing.OPENING_SECONDS",
)
_LANDLORD = pytest.StashKey[private_cluster.Landlord]()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    if not _is_worker(config):
        config.stash[_LANDLORD] = private_cluster.Landlord()


def pytest_unconfigure(config: pytest.Config) -> None:
    gc.unfreeze()  # or libraries in C complain at the end of objects that are left
    landlord = config.stash.get(_LANDLORD, None)
    if landlord is not None:
        landlord.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` looks for flows and faults in their folders only, which saves importing all the others."""
    for item in items:
        for mark, folders in (("flow", _FLOWS), ("fault", _FAULTS)):
            if item.get_closest_marker(mark) and item.path.relative_to(item.config.rootpath).parts[:2] not in folders:
                raise pytest.UsageError(f"{item.nodeid}: `make test` would not find a {mark} test here")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests and everything they import stay to the end: the collector need not walk them each time."""
    gc.disable()
    collected = yield
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)  # it took a twentieth of the time else
    gc.enable()
    return collected


def _worker_number() -> int:
    """0 without xdist, else 1, 2, …"""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1


def _make_template(url: str) -> None:
    """Migrate one database that the workers' databases are copied from."""
    from django.core.management import call_command
    from django.db import connection

    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {_TEMPLATE}")  # left half made by a worker that failed
        server.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = _TEMPLATE
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Point Django at the private cluster; with several workers, copy one migrated template for each."""
    from django.conf import settings
    from django.db import connection

    url = private_cluster.need("postgres").database_url
    ours = database_from_url(url) | {"CONN_HEALTH_CHECKS": False}
    settings.DATABASES["default"].update(ours)
    connection.settings_dict.update(ours)
    if _worker_number() == 0:
        return
    with private_cluster.only_one("template") as done:
        if not done.exists():
            with django_db_blocker.unblock():
                _make_template(url)
            done.touch()
    connection.settings_dict["TEST"]["TEMPLATE"] = _TEMPLATE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The tests' database, which is dropped at the end: what is read aside has let go of it by then."""
    with pytest.MonkeyPatch.context() as patience:
        for short in _SHORT:
            patience.setattr(short, 5.0)
        yield
    kept.end_reads_aside()


@pytest.fixture(scope="session")
def broker_url() -> str:
    """A real broker, started for the first test that asks; each worker has a number of its own in it."""
    url = private_cluster.need("valkey").broker_url
    return url.replace("virtual_host=0", f"virtual_host={2 + _worker_number()}")


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The URL of this test's own database, for tests that start processes or second connections."""
    from django.db import connection

    home = private_cluster.home()
    name = connection.settings_dict["NAME"]
    return home.database_url.replace("/watchbill?", f"/{name}?")


@pytest.fixture(scope="module")
def live_system() -> Iterator[LiveSystem]:
    """The whole product as processes, not started yet (`live_system.start()`); one for all tests of a module.

    For tests marked `flow`. The fault test makes a durable `LiveSystem()` of its own.
    """
    system = LiveSystem(durable=False)
    yield system
    system.stop()


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_up_when_asked_for() -> None:
    """Every new client makes the middleware anew, which else lists and stats each static file (10 ms a client)."""
    from django.conf import settings

    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_cheap() -> None:
    """Argon2 as in life, but with a hundredth of its work: nobody guesses these."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 1_024, 1


@pytest.fixture(scope="session", autouse=True)
def _tests_that_commit_end_quickly() -> None:
    emptied.instead_of_truncating()


@pytest.fixture(autouse=True)
def _nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the process remembers of its database; each test's begins without."""
    asks = {"db", "transactional_db"} & set(request.fixturenames) or request.node.get_closest_marker("django_db")
    if asks:
        forget_all()
    yield
    if asks:
        forget_all()
