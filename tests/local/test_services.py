"""The embedded servers as real processes: they start, come back, keep data, and stay out of each other's way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from soc.local import orphans, services
from soc.local.errors import AlreadyRunning
from soc.local.folders import CHECKOUT, Home


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def store(url: str, query: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query)


def left_behind(home: Path) -> list[int]:
    return orphans.servers_in(home / "postgres", "postgres") + orphans.servers_in(home / "valkey", "valkey-server")


def test_database_and_broker_run_for_the_length_of_the_block_and_leave_nothing(home):
    with services.running(home=home, environ={}) as running:
        assert one(running.database_url, "SHOW synchronous_commit") == "on"
        assert one(running.database_url, "SHOW fsync") == "on"
        assert one(running.database_url, "SHOW listen_addresses") == ""
        collation = (
            "SELECT datcollate || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'watchbill'"
        )
        assert one(running.database_url, collation) == "C UTF8"
        assert redis.Redis.from_url(running.cache_url).ping()
        place = running.home
    assert left_behind(home) == []
    assert not place.sockets.exists()
    assert not place.postgres_socket.exists()


def test_sockets_lie_in_private_folders_and_fit_the_limit(laid):
    with services.running(home=laid, environ={}, durable=False) as running:
        for folder in (running.home.sockets, running.home.postgres_socket):
            assert folder.stat().st_mode & 0o777 == 0o700
        assert len(str(running.home.postgres_socket / ".s.PGSQL.5432")) <= 107


def test_data_survives_a_stop_and_a_start(home):
    with services.running(home=home, environ={}, durable=False) as running:
        store(running.database_url, "CREATE TABLE kept AS SELECT 42 AS n")
    with services.running(home=home, environ={}, durable=False) as running:
        assert one(running.database_url, "SELECT n FROM kept") == 42


def test_a_killed_postmaster_is_restarted_after_its_backends_are_gone_and_commits_are_kept(laid):
    with services.running(home=laid, environ={}, durable=False, broker=False) as running:
        store(running.database_url, "CREATE TABLE kept AS SELECT 42 AS n")
        busy = psycopg.connect(running.database_url)  # a backend that outlives its postmaster for a moment
        busy.execute("SELECT 1")
        wait_for_new_process(running, "postgres", running.supervisor.kill("postgres"))
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
        assert one(running.database_url, "SELECT n FROM kept") == 42


def test_a_killed_broker_is_restarted_with_what_it_held(laid):
    with services.running(home=laid, environ={}, durable=False) as running:
        redis.Redis.from_url(running.cache_url).set("bell", "rung")
        time.sleep(1.2)  # its file is flushed every second
        first = running.supervisor.kill("valkey")
        wait_for_new_process(running, "valkey", first)
        assert redis.Redis.from_url(running.cache_url).get("bell") == b"rung"


def wait_for_new_process(running: services.Services, name: str, first: int) -> None:
    assert first
    until = time.monotonic() + 30
    while running.supervisor.pids().get(name, first) == first and time.monotonic() < until:
        time.sleep(0.02)
    running.supervisor.wait_ready(name, 30)


def test_two_homes_side_by_side_do_not_disturb_each_other(home):
    with services.running(home=home / "one", environ={}, durable=False) as one_side:
        with services.running(home=home / "two", environ={}, durable=False) as other:
            assert one_side.database_url != other.database_url
            store(other.database_url, "CREATE TABLE mine (n int)")
            assert one(one_side.database_url, "SELECT to_regclass('mine')") is None
        assert one(one_side.database_url, "SELECT 1") == 1
        assert redis.Redis.from_url(one_side.cache_url).ping()


def test_a_second_start_on_the_same_home_says_who_holds_it(laid):
    with services.running(home=laid, environ={}, durable=False, broker=False) as running:
        with pytest.raises(AlreadyRunning) as refused, services.running(home=laid, environ={}, durable=False):
            pass
        assert str(os.getpid()) in refused.value.message
        assert one(running.database_url, "SELECT 1") == 1


def test_what_the_environment_names_is_used_and_nothing_is_started(home):
    named = {"DATABASE_URL": "postgresql://db.example/x", "BROKER_URL": "redis://broker.example/0"}
    with services.running(home=home, environ=named) as running:
        assert (running.database_url, running.broker_url) == tuple(named.values())
        assert running.supervisor.pids() == {}


_HOLD = """
import sys, time
from pathlib import Path
from soc.local import services
with services.running(home=Path(sys.argv[1]), environ={}, durable=False):
    print("up", flush=True)
    time.sleep(60)
"""


def test_when_the_supervisor_is_killed_its_servers_go_and_the_next_start_works(laid):
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(laid)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    assert left_behind(laid)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with services.running(home=laid, environ={}, durable=False) as running:
        assert one(running.database_url, "SELECT 1") == 1
    assert left_behind(laid) == []


def test_each_home_has_sockets_of_its_own():
    assert Home(Path("/a/b")).sockets != Home(Path("/a/c")).sockets
    assert Home(Path("/a/b")).sockets == Home(Path("/a/b/../b")).sockets
