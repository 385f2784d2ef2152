"""Our own processes: web, worker, beat and the demo's telemetry, each as a service to supervise."""

import http.client
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import DidNotStart, LocalError, PortTaken
from .folders import CHECKOUT
from .service import Command, Service

_WEB_PROCESSES = 2
_WEB_THREADS = 4
_WORKER_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Door:
    """Where the web pages and the API listen."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def near(self) -> str:
        """The host by which this machine itself reaches the door."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        """What to open in a browser on this machine."""
        name = f"[{self.near}]" if ":" in self.near else self.near
        return f"http://{name}:{self.port}"

    def check_free(self) -> None:
        """Raises PortTaken before anything is set up for an address that cannot be had."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, self.port))
        except OSError as error:
            raise PortTaken(
                f"Watchbill cannot listen on {self.host} port {self.port}: {error.strerror}.",
                f"Stop what uses it, or take another: make run PORT={self.port % 65_000 + 1}",
            ) from error


class Process(Service):
    """One of our processes: the environment's Python, in the checkout, finding services by environment variables."""

    def __init__(self, name: str, environment: Mapping[str, str], *words: str) -> None:
        self.name = name
        self._words = words
        self._environment = environment

    def command(self) -> Command:
        """`python` and the words of this process."""
        return Command(
            (sys.executable, *self._words),
            environment={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment},
            folder=CHECKOUT,
        )


class Web(Process):
    """granian serving Django over WSGI; ready once it answers over HTTP."""

    def __init__(self, environment: Mapping[str, str], door: Door) -> None:
        self.door = door
        super().__init__(
            "web", environment, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", door.host,
            "--port", str(door.port), "--workers", str(_WEB_PROCESSES), "--blocking-threads", str(_WEB_THREADS),
            "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning",
            "soc.wsgi:application",
        )  # fmt: skip

    def prepare(self) -> None:
        """Raises PortTaken."""
        self.door.check_free()

    def clear_to_start(self) -> bool:
        """After a kill -9 its workers may hold the port for a moment longer."""
        try:
            self.door.check_free()
        except PortTaken:
            return False
        return True

    def is_ready(self) -> bool:
        """Any answer of ours will do, except one that says the database is away."""
        connection = http.client.HTTPConnection(self.door.near, self.door.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def explain(self, code: int | None, last_lines: Sequence[str]) -> LocalError:
        """Its own last lines were shown already."""
        del last_lines
        happened = f"did not answer on {self.door.url}" if code is None else f"ended at once (code {code})"
        return DidNotStart(f"The web server {happened}.", "Its last lines above say why.")


def worker(environment: Mapping[str, str]) -> Process:
    """Celery's hands. Warm shutdown: it finishes the batch it holds, else the lease runs out and another takes it."""
    return Process(
        "worker", environment, "-m", "celery", "--quiet", "-A", "soc.celery", "worker", "--concurrency",
        str(_WORKER_PROCESSES), "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
        "--without-heartbeat",
    )  # fmt: skip


def beat(environment: Mapping[str, str], home: Path) -> Process:
    """Celery's clock, with its notes beside the data."""
    return Process(
        "beat", environment, "-m", "celery", "--quiet", "-A", "soc.celery", "beat", "--loglevel", "WARNING",
        "--pidfile=", "--schedule", str(home / "beat-schedule"),
    )  # fmt: skip


def telemetry(environment: Mapping[str, str], door: Door) -> Process:
    """The demo company's agents, posting through the web server like any other."""
    return Process("demo", environment, "manage.py", "simulate", "--live", "--url", door.url)
