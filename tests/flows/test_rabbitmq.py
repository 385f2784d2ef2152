"""Workers on several machines ring each other through RabbitMQ (docs/operate.md); here on this one.

Skipped where there is no rabbitmq-server; it comes from the distribution (`apt-get install rabbitmq-server`).
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.flows.agent import Agent
from tests.live_system import LiveSystem, free_port

PROGRAM = shutil.which("rabbitmq-server") and "/usr/lib/rabbitmq/bin/rabbitmq-server"
PERL = "Interactive Terminal Spawned via Perl"
PATIENCE_SECONDS = 90

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(
        not PROGRAM or not Path(PROGRAM).exists(),
        reason="needs RabbitMQ: apt-get install --no-install-recommends rabbitmq-server",
    ),
]


class Rabbit:
    """A RabbitMQ of this test alone, on loopback, with its files in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wbr-", dir="/tmp"))
        self.port, self._distribution, self._names = free_port(), free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Come up, which takes some seconds."""
        self._process = subprocess.Popen(
            [str(PROGRAM)],
            env=self._environment(),
            stdout=(self.folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while b"Server startup complete" not in (self.folder / "log").read_bytes():
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "RabbitMQ did not start"
            time.sleep(0.2)

    def kill(self) -> None:
        """kill -9 it and whatever it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            (self.folder / "log").write_bytes(b"")

    def close(self) -> None:
        self.kill()
        subprocess.run(["epmd", "-port", str(self._names), "-kill"], capture_output=True, check=False)  # it daemonizes
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        config = self.folder / "rabbitmq.conf"
        config.write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndistribution.listener.interface = 127.0.0.1\n"
            f"distribution.listener.port_range.min = {self._distribution}\n"
            f"distribution.listener.port_range.max = {self._distribution}\n"
        )
        (self.folder / "plugins").write_text("[].\n")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"watchbill{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names),
        }


@pytest.fixture(scope="module")
def rabbit():
    broker = Rabbit()
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="module")
def system(rabbit):
    live = LiveSystem(durable=False, environ={"BROKER_URL": rabbit.url})
    yield live.start()
    live.stop()


def test_rabbitmq_carries_the_bell_and_its_death_loses_nothing(system, rabbit):
    agent = Agent.of(system)
    agent.tell("perl terminal of the backup console")
    assert len(agent.alerts_of(PERL)) == 1

    rabbit.kill()
    documents = agent.tell_without_waiting("perl terminal after a web shell", seed=2)
    assert documents
    rabbit.start()
    agent.wait_until_judged()
    assert len(agent.alerts_of(PERL)) == 2
