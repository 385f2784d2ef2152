"""The whole product on a fresh folder, as `make run` would start it, for the length of a measurement."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from soc.local import services
from soc.local.application import Door, Web, beat, worker
from soc.local.folders import CHECKOUT


@dataclass(frozen=True, slots=True)
class System:
    """A running product and a key for its door."""

    url: str
    presented_key: str
    database_url: str


@contextmanager
def running(*, judged: bool = True, rules: Path | None = None) -> Iterator[System]:
    """Start everything; without `judged` no worker runs, so that storing is measured alone.

    `rules` is a folder of rule files to load and switch on beside the shipped ones.
    """
    home = Path(tempfile.mkdtemp(prefix="wbb-", dir="/tmp"))
    try:
        with services.running(home=home / "home", environ={}) as base:
            door, environment = Door(port=free_port()), base.environment() | {"LOG_LEVEL": "WARNING"}
            _commands(environment)
            if rules is not None:
                _manage(environment, "load_rules", str(rules), "--enable", "--source", "bench")
            base.supervisor.start(Web(environment, door))
            if judged:
                base.supervisor.start(worker(environment))
                base.supervisor.start(beat(environment, home))
            yield System(door.url, _key(environment), base.database_url)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    """A port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _commands(environment: dict[str, str]) -> None:
    for words in (("migrate", "--verbosity", "0"), ("collectstatic", "--noinput", "--verbosity", "0"), ("load_rules",)):
        _manage(environment, *words)


def _key(environment: dict[str, str]) -> str:
    found = re.search(r"[A-Za-z0-9+/]{40,}={0,2}", _manage(environment, "create_api_key", "bench"))
    assert found
    return found[0]


def _manage(environment: dict[str, str], *words: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
