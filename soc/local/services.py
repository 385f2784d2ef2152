"""A database and a broker for the length of a `with` block: ours, or the ones that the environment names.

from soc.local import services
with services.running(home=folder) as s:
    s.database_url, s.broker_url
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .folders import Home, locked
from .postgres import Postgres
from .supervisor import Log, Supervisor
from .valkey import Valkey

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Services:
    """Where the database and the broker are, and the supervisor that keeps the embedded ones alive."""

    home: Home
    database_url: str
    broker_url: str
    cache_url: str
    supervisor: Supervisor = field(repr=False)

    def environment(self) -> dict[str, str]:
        """What a process of ours needs to find them."""
        return {
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.broker_url,
            "CACHE_URL": self.cache_url,
            "WATCHBILL_HOME": str(self.home.path),
        }


def quiet(*_: str) -> None:
    """Swallow progress or log lines."""


@contextmanager
def running(
    *,
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
    broker: bool = True,
    durable: bool = True,
    say: Say = quiet,
    log: Log = quiet,
) -> Iterator[Services]:
    """Start what the environment does not name, keep it alive, and stop it at the end.

    `DATABASE_URL` and `BROKER_URL` of `environ` (default: the process's own) win; tests pass an empty one. `say` hears
    progress, `log` every line of the servers. Costs 0.2 s on existing data, about 2 s on none.
    Raises LocalError with a sentence for the reader.
    """
    given = os.environ if environ is None else environ
    place = Home.default() if home is None else Home(home.absolute())
    with locked(place):
        supervisor = Supervisor(log)
        try:
            yield Services(
                place,
                given.get("DATABASE_URL") or _start_postgres(place, supervisor, durable, say),
                *_broker(place, given, supervisor, broker, say),
                supervisor,
            )
        finally:
            supervisor.close()
            _leave(place)


def _leave(place: Home) -> None:
    """Take the socket folders along; a server that was killed last leaves its socket there."""
    for folder in (place.sockets, place.postgres_socket):
        shutil.rmtree(folder, ignore_errors=True)


def _start_postgres(place: Home, supervisor: Supervisor, durable: bool, say: Say) -> str:
    postgres = Postgres(place, durable=durable)
    say("starting PostgreSQL" if (place.path / "postgres").exists() else "making a PostgreSQL database")
    supervisor.start(postgres)
    return place.database_url


def _broker(place: Home, given: Mapping[str, str], supervisor: Supervisor, wanted: bool, say: Say) -> tuple[str, str]:
    """URLs of broker and cache. A broker of one's own without CACHE_URL means a cache per process."""
    if given.get("BROKER_URL"):
        return given["BROKER_URL"], given.get("CACHE_URL", "")
    if wanted:
        say("starting Valkey")
        supervisor.start(Valkey(place))
    return place.broker_url, given.get("CACHE_URL") or place.cache_url
